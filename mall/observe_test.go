package mall_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

// told are observations of many goroutines.
type told struct {
	mu  sync.Mutex
	all []mall.Observation
}

func (o *told) observe(x mall.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, x)
}

// are checks what was observed since the last time, without how long it took.
func (o *told) are(t *testing.T, want ...mall.Observation) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		o.mu.Lock()
		got := append([]mall.Observation(nil), o.all...)
		o.mu.Unlock()
		for i := range got {
			got[i].Took = 0
		}
		if reflect.DeepEqual(got, want) || time.Now().After(deadline) {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("observed\n%+v, want\n%+v", got, want)
			}
			o.mu.Lock()
			o.all = nil
			o.mu.Unlock()
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestHowOrdersEndIsObserved(t *testing.T) {
	ctx := context.Background()
	w, seen := newWorld(t, malltest.NewMemory()), &told{}
	w.shut()
	w.options.Observe = seen.observe
	w.open(w.options)
	m := w.member(1, 10_000)
	order := func(kind mall.Kind, e mall.Ending) mall.Observation {
		return mall.Observation{What: "order", Kind: kind, Ending: e}
	}
	w.place(w.request(m, "film"))
	seen.are(t, order(mall.Voucher, mall.EndingFulfilled))

	sent, kept := w.place(w.request(m, "lamp")), w.place(w.request(m, "lamp"))
	seen.are(t)
	_, err := w.Cancel(ctx, sent.ID)
	must(t, err)
	seen.are(t, order(mall.Goods, mall.EndingCancelled))
	w.clock.advance(3 * time.Hour)
	_, err = w.Dispatch(ctx, kept.ID, "SF-1")
	must(t, err)
	if took := seen.all[0].Took; took < 3*time.Hour {
		t.Errorf("it took %s, want three hours and more", took)
	}
	seen.are(t, order(mall.Goods, mall.EndingFulfilled))
	_, _, err = w.GiveBack(ctx, mall.ReturnRequest{Idempotency: mall.Idempotency{Key: "back", Hash: ledger.Hash{1}}, Client: "shop", Order: kept.ID, Quantity: 1, Reason: "broken"}, time.Minute)
	must(t, err)
	seen.are(t, mall.Observation{What: "return", Ending: mall.EndingReturned})

	much := w.request(m, "film")
	much.Quantity = 10
	for range 2 { // of the 19 that are left
		_, _, err = w.Place(ctx, much, time.Minute)
		much.Key += "again"
	}
	if err == nil {
		t.Error("more was sold than there is")
	}
	seen.are(t, order(mall.Voucher, mall.EndingFulfilled), order(mall.Voucher, mall.EndingSoldOut))

	w.back.Break(backsim.Fault{Verb: "apply", Kind: backsim.LoseAnswer})
	w.back.Break(backsim.Fault{Verb: "status", Kind: backsim.LoseCall})
	w.back.Break(backsim.Fault{Verb: "withdraw", Kind: backsim.LoseAnswer, Count: 30})
	o, _, err := w.Place(ctx, w.request(m, "bill"), 0)
	must(t, err)
	w.until(o.ID, "asks the billing system", func(o *mall.Order) bool { return o.Step == mall.StepApply })
	w.clock.advance(2 * time.Minute)
	w.until(o.ID, "turns back", func(o *mall.Order) bool { return o.Step == mall.StepWithdraw })
	w.clock.advance(2 * time.Minute)
	w.ended(o.ID)
	seen.are(t, order(mall.BillCredit, mall.EndingEscalated), order(mall.BillCredit, mall.EndingCancelled))
}
