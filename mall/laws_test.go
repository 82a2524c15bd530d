package mall_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

// TestLaws lets a few members order, cancel and return at the same time while
// ledger, billing system and payment provider lose calls and answers and the
// process dies, and checks that stock, points, cash and bills add up afterwards,
// with one fulfilment for an order.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, malltest.NewMemory())
		var members []string
		for n := 1; n <= 4; n++ {
			members = append(members, w.member(n, int64(rapid.IntRange(1, 1500).Draw(rt, "points"))))
		}
		for range rapid.IntRange(1, 3).Draw(rt, "lives") {
			w.misbehave(rt)
			l := &mortal.Life{After: rapid.Bool().Draw(rt, "after")}
			if rapid.Bool().Draw(rt, "dies") {
				l.End = int64(rapid.IntRange(1, 60).Draw(rt, "death"))
			}
			w.reborn(l, tricks(rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(rt, "ledger")))
			w.bustle(rt, members)
			if rapid.Bool().Draw(rt, "late") {
				w.clock.advance(2 * time.Minute)
			}
		}
		w.back.Mend()
		w.reborn(&mortal.Life{}, nil)
		w.settle()
		w.consistent()
	})
}

// tricks plays a script of the ledger's misbehaviour over and over.
func tricks(script []int) func() mortal.Trick {
	var n atomic.Int64
	return func() mortal.Trick { return mortal.Trick(script[int(n.Add(1))%len(script)]) }
}

func (w *world) misbehave(rt *rapid.T) {
	verbs := []string{"apply", "status", "withdraw", "authorise", "capture", "repay", "payment_status"}
	kinds := []backsim.Trouble{backsim.LoseAnswer, backsim.LoseCall, backsim.Decline, backsim.Pending}
	for range rapid.IntRange(0, 4).Draw(rt, "faults") {
		f := backsim.Fault{Verb: rapid.SampledFrom(verbs).Draw(rt, "verb"), Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"),
			Count: rapid.IntRange(1, 4).Draw(rt, "count")}
		if f.Verb == "repay" && f.Kind == backsim.Decline {
			continue // a provider that owes cash and declines needs people
		}
		w.back.Break(f)
	}
}

// bustle has everybody do things at once.
func (w *world) bustle(rt *rapid.T, members []string) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range rapid.IntRange(1, 12).Draw(rt, "orders") {
		r := w.request(rapid.SampledFrom(members).Draw(rt, "member"), rapid.SampledFrom([]string{"bill", "lamp", "film", "miles", "audit"}).Draw(rt, "product"))
		r.Quantity = int64(rapid.IntRange(1, 6).Draw(rt, "quantity"))
		if r.Product != "miles" && rapid.Bool().Draw(rt, "cash") {
			r = withCash(r)
		}
		next := rapid.IntRange(0, 3).Draw(rt, "next")
		back := int64(rapid.IntRange(1, 6).Draw(rt, "back"))
		twice := rapid.Bool().Draw(rt, "twice")
		wg.Go(func() { w.customer(r, next, back) })
		if twice {
			wg.Go(func() { w.customer(r, next, back) })
		}
	}
}

// customer orders, and then waits, has it sent, cancels or returns. What is
// refused, or dies with the process, is the order's business.
func (w *world) customer(r mall.Request, next int, back int64) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Millisecond)
	defer cancel()
	o, _, err := w.Place(ctx, r, 10*time.Millisecond)
	if err != nil || o == nil {
		return
	}
	switch next {
	case 1:
		_, _ = w.Cancel(ctx, o.ID)
	case 2, 3:
		_, _ = w.Dispatch(ctx, o.ID, "SF-1")
	}
	if next == 3 {
		_, _, _ = w.GiveBack(ctx, mall.ReturnRequest{Idempotency: mall.Idempotency{Key: fmt.Sprint("back-", r.Key, "-", back)}, Client: "shop", Order: o.ID,
			Quantity: back, Restock: back%2 == 0}, 10*time.Millisecond)
	}
}

// settle waits until nothing is under way. Time passes, so that whoever waits for
// a deadline comes to it.
func (w *world) settle() {
	w.t.Helper()
	ctx := context.Background()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		w.clock.advance(10 * time.Second)
		open := 0
		orders, err := w.store.UnfinishedMallOrders(ctx, 1<<60, ledger.ID{}, 200)
		must(w.t, err)
		for _, o := range orders {
			if o.Step != mall.StepDispatch {
				open++
			}
		}
		returns, err := w.store.UnfinishedReturns(ctx, ledger.ID{}, 200)
		must(w.t, err)
		if open+len(returns) == 0 {
			return
		}
		if time.Now().After(limit) {
			w.t.Fatalf("after 30 s %d orders and %d returns are under way; the first is %+v", open, len(returns), orders)
		}
	}
}
