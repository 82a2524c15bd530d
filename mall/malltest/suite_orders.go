package malltest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

func create(t testing.TB, s mall.Store, o *mall.Order) {
	t.Helper()
	existing, err := s.CreateMallOrder(context.Background(), o)
	must(t, err)
	if existing != nil {
		t.Fatalf("order %s was there", o.ID)
	}
}

func roundTrip(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 9)
	full := Order(1, "lamp", 2)
	create(t, s, full)
	bare := &mall.Order{ID: ID(2), Client: "shop", Request: mall.Idempotency{Key: "k"}, Member: "M-2", Product: "lamp", Version: 1, Kind: mall.Goods,
		Category: "home", Quantity: 1, Points: 1, Status: mall.Ordered, Step: mall.StepHold, Revision: 1}
	create(t, s, bare)
	full.Revision, full.Status, full.Step, full.Failure = 2, mall.Cancelling, mall.StepVoid, &mall.Failure{Code: "x", Detail: "说明"}
	full.WakeAt, full.EscalatedAt, full.TurnedAt = 7, 8, 9
	must(t, s.UpdateMallOrder(ctx, full))
	for _, want := range []*mall.Order{full, bare} {
		got, err := s.MallOrder(ctx, want.ID)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("order\n got %+v\nwant %+v", got, want)
		}
	}
	if got, err := s.MallOrderByKey(ctx, "shop", "key-1"); err != nil || got.ID != full.ID {
		t.Errorf("by key: %+v, %v", got, err)
	}
}

func ordering(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 5)
	create(t, s, Order(1, "lamp", 3))
	stockIs(t, s, "lamp", 2, 3, 0)
	again := Order(2, "lamp", 1)
	again.Request = Order(1, "lamp", 3).Request
	if existing, err := s.CreateMallOrder(ctx, again); err != nil || existing == nil || existing.ID != ID(1) {
		t.Errorf("the same key: %+v, %v", existing, err)
	}
	if _, err := s.CreateMallOrder(ctx, Order(3, "lamp", 3)); !errors.Is(err, mall.ErrSoldOut) {
		t.Errorf("more than there is: %v", err)
	}
	old := Order(4, "lamp", 1)
	old.Version = 2
	if _, err := s.CreateMallOrder(ctx, old); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("another version of the product: %v", err)
	}
	unlimited := Order(5, "lamp", 100)
	unlimited.Stock = mall.NoStock
	create(t, s, unlimited)
	stockIs(t, s, "lamp", 2, 3, 0)
}

func moving(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 5)
	for n, to := range map[int]mall.Held{1: mall.Consumed, 2: mall.Released} {
		o := Order(n, "lamp", 2)
		create(t, s, o)
		o.Revision, o.Step = 2, mall.StepVoid
		must(t, s.UpdateMallOrder(ctx, o)) // stays reserved
		o.Revision, o.Stock = 3, to
		must(t, s.UpdateMallOrder(ctx, o))
		if err := s.UpdateMallOrder(ctx, o); !errors.Is(err, mall.ErrChanged) {
			t.Errorf("the same revision again: %v", err)
		}
		o.Revision, o.Step = 4, mall.StepDone
		must(t, s.UpdateMallOrder(ctx, o))
	}
	stockIs(t, s, "lamp", 3, 0, 2)
}

// race is the one in which five hundred want one of a hundred at the same time.
func race(t *testing.T, s mall.Store) {
	const buyers, stock = 500, 100
	Stock(t, s, "lamp", stock)
	var got, refused atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range buyers {
		wg.Go(func() {
			<-start
			o := Order(n, "lamp", 1)
			switch existing, err := s.CreateMallOrder(context.Background(), o); {
			case err == nil && existing == nil:
				got.Add(1)
			case errors.Is(err, mall.ErrSoldOut):
				refused.Add(1)
			default:
				t.Errorf("order %d: %+v, %v", n, existing, err)
			}
		})
	}
	close(start)
	wg.Wait()
	if got.Load() != stock || refused.Load() != buyers-stock {
		t.Errorf("%d got one and %d none, want %d and %d", got.Load(), refused.Load(), stock, buyers-stock)
	}
	stockIs(t, s, "lamp", 0, stock, 0)
}

func listing(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 100)
	for n := 1; n <= 9; n++ {
		o := Order(n, "lamp", 1)
		o.Member = fmt.Sprint("M-", n%2)
		if n > 5 {
			o.Step, o.Status, o.Fast = mall.StepDispatch, mall.Holding, n == 8
		}
		if n == 4 {
			o.EscalatedAt = 3
		}
		create(t, s, o)
	}
	for name, c := range map[string]struct {
		filter mall.OrderFilter
		want   []int
	}{
		"all":         {mall.OrderFilter{}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1}},
		"of a member": {mall.OrderFilter{Member: "M-0"}, []int{8, 6, 4, 2}},
		"in a status": {mall.OrderFilter{Status: mall.Holding, Member: "M-1"}, []int{9, 7}},
		"that wait":   {mall.OrderFilter{Waiting: true}, []int{8, 6, 7, 9}},
		"escalated":   {mall.OrderFilter{Escalated: true}, []int{4}},
	} {
		var got []int
		for c.filter.Limit = 2; ; {
			page, err := s.MallOrders(ctx, c.filter)
			must(t, err)
			for _, o := range page {
				got = append(got, int(o.ID[4])<<8|int(o.ID[5]))
				if c.filter.Waiting {
					c.filter.After, c.filter.AfterFast = o.ID, o.Fast
				} else {
					c.filter.Before = o.ID
				}
			}
			if len(page) < 2 {
				break
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func unfinished(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 100)
	for n := 1; n <= 4; n++ {
		o := Order(n, "lamp", 1)
		o.WakeAt = int64(n * 10)
		if n == 1 {
			o.Step, o.Status = mall.StepDone, mall.Cancelled
		}
		create(t, s, o)
	}
	for at, want := range map[int64][]ledger.ID{0: nil, 25: {ID(2)}, 40: {ID(2), ID(3), ID(4)}} {
		var got []ledger.ID
		for after := (ledger.ID{}); ; {
			page, err := s.UnfinishedMallOrders(ctx, at, after, 1)
			must(t, err)
			if len(page) == 0 {
				break
			}
			after = page[0].ID
			got = append(got, after)
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
}

func giveBack(n, order int, quantity, before int64) *mall.Return {
	return &mall.Return{ID: ID(1000 + n), Order: ID(order), Client: "shop", Request: mall.Idempotency{Key: fmt.Sprint("back-", n), Hash: ledger.Hash{byte(n)}},
		Quantity: quantity, Before: before, Points: 100 * quantity, Fen: 50 * quantity, Restock: true, Reason: "坏了",
		Step: mall.StepReverse, CreatedAt: 5, Deadline: 6, Revision: 1}
}

func complete(t testing.TB, s mall.Store, r *mall.Return) {
	t.Helper()
	r.Revision, r.Step, r.Completed, r.FinishedAt = r.Revision+1, mall.StepDone, true, 9
	must(t, s.UpdateReturn(context.Background(), r))
}

func returning(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 5)
	o := Order(1, "lamp", 3)
	create(t, s, o)
	o.Revision, o.Stock, o.Status, o.Step = 2, mall.Consumed, mall.Fulfilled, mall.StepDone
	must(t, s.UpdateMallOrder(ctx, o))
	first := giveBack(1, 1, 2, 0)
	if existing, err := s.CreateReturn(ctx, first); err != nil || existing != nil {
		t.Fatalf("%+v, %v", existing, err)
	}
	if existing, err := s.CreateReturn(ctx, giveBack(1, 1, 2, 0)); err != nil || existing == nil || !reflect.DeepEqual(existing, first) {
		t.Errorf("the same key: %+v, %v", existing, err)
	}
	if _, err := s.CreateReturn(ctx, giveBack(2, 1, 1, 0)); !errors.Is(err, mall.ErrReturnUnderWay) {
		t.Errorf("while another is under way: %v", err)
	}
	if open, err := s.UnfinishedReturns(ctx, ledger.ID{}, 9); err != nil || len(open) != 1 || open[0].ID != first.ID {
		t.Errorf("unfinished: %+v, %v", open, err)
	}
	complete(t, s, first)
	if err := s.UpdateReturn(ctx, first); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("the same revision again: %v", err)
	}
	stockIs(t, s, "lamp", 4, 0, 1)
	if _, err := s.CreateReturn(ctx, giveBack(3, 1, 1, 0)); !errors.Is(err, mall.ErrReturnUnderWay) {
		t.Errorf("more was returned since: %v", err)
	}
	last := giveBack(4, 1, 1, 2)
	last.Restock = false
	if _, err := s.CreateReturn(ctx, last); err != nil {
		t.Fatal(err)
	}
	complete(t, s, last)
	stockIs(t, s, "lamp", 4, 0, 1)
	got, err := s.MallOrder(ctx, o.ID)
	must(t, err)
	if got.Returned != 3 || got.Status != mall.Refunded {
		t.Errorf("the order has %d returned and is %s", got.Returned, got.Status)
	}
	all, err := s.Returns(ctx, o.ID)
	must(t, err)
	if len(all) != 2 || !reflect.DeepEqual(all[1], last) {
		t.Errorf("returns are %+v", all)
	}
}

func sales(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 100)
	Stock(t, s, "fan", 100)
	for n, c := range []struct {
		product string
		month   ledger.Month
		status  mall.Status
	}{{"lamp", 600, mall.Fulfilled}, {"lamp", 600, mall.Fulfilled}, {"fan", 600, mall.Fulfilled}, {"lamp", 601, mall.Fulfilled}, {"lamp", 0, mall.Cancelled}} {
		o := Order(n, c.product, 2)
		create(t, s, o)
		o.Revision, o.Stock, o.Status, o.Step, o.Month = 2, mall.Consumed, c.status, mall.StepDone, c.month
		must(t, s.UpdateMallOrder(ctx, o))
	}
	r := giveBack(1, 0, 1, 0)
	_, err := s.CreateReturn(ctx, r)
	must(t, err)
	complete(t, s, r)
	var got []mall.Sale
	must(t, s.Sales(ctx, 600, 600, func(x *mall.Sale) error { got = append(got, *x); return nil }))
	want := []mall.Sale{
		{Month: 600, Product: "fan", Category: "home", Kind: mall.Goods, Orders: 1, Quantity: 2, Points: 200, Fen: 100},
		{Month: 600, Product: "lamp", Category: "home", Kind: mall.Goods, Orders: 2, Quantity: 4, Points: 400, Fen: 200, ReturnedPoints: 100, ReturnedFen: 50},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sales\n got %+v\nwant %+v", got, want)
	}
	stop := errors.New("stop")
	if err := s.Sales(ctx, 0, 900, func(*mall.Sale) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("after the visitor's error: %v", err)
	}
}
