package mall_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

// plot is what becomes of an order when nobody dies.
type plot struct {
	name    string
	product string
	cash    bool
	fault   backsim.Fault
	// then is what is done to an order that waits for dispatch, again after each death.
	then func(w *world, id ledger.ID) error
	want mall.Status
}

var plots = []plot{
	{"a bill credit", "bill", false, backsim.Fault{}, nil, mall.Fulfilled},
	{"a bill credit with cash", "bill", true, backsim.Fault{}, nil, mall.Fulfilled},
	{"a bill credit whose answer is lost", "bill", true, backsim.Fault{Verb: "apply", Kind: backsim.LoseAnswer, Count: 1}, nil, mall.Fulfilled},
	{"a bill credit that is declined", "bill", true, backsim.Fault{Verb: "apply", Kind: backsim.Decline, Count: 1}, nil, mall.Cancelled},
	{"cash that is declined", "film", true, backsim.Fault{Verb: "authorise", Kind: backsim.Decline, Count: 1}, nil, mall.Cancelled},
	{"a voucher", "film", false, backsim.Fault{}, nil, mall.Fulfilled},
	{"a voucher with cash", "film", true, backsim.Fault{}, nil, mall.Fulfilled},
	{"partner points", "miles", false, backsim.Fault{}, nil, mall.Fulfilled},
	{"goods that are sent", "lamp", true, backsim.Fault{}, dispatch, mall.Fulfilled},
	{"goods that are cancelled", "lamp", true, backsim.Fault{}, cancel, mall.Cancelled},
	{"a service that is returned", "audit", true, backsim.Fault{}, returned, mall.Refunded},
}

func dispatch(w *world, id ledger.ID) error {
	_, err := w.Dispatch(context.Background(), id, "SF-1")
	return err
}

func cancel(w *world, id ledger.ID) error {
	_, err := w.Cancel(context.Background(), id)
	return err
}

func returned(w *world, id ledger.ID) error {
	if err := dispatch(w, id); err != nil {
		o, err := w.Order(context.Background(), id)
		if err != nil || o.Status != mall.Refunded {
			return err
		}
	}
	_, _, err := w.GiveBack(context.Background(), mall.ReturnRequest{Idempotency: mall.Idempotency{Key: "back"}, Client: "shop", Order: id, Quantity: 1, Restock: true}, 5*time.Second)
	return err
}

// TestKilledAtAnyStepEverythingEndsWell plays every plot and kills the process just
// before or just after its n-th write, for every n there is. The next process, with
// the same requests again, must bring it to its end, with nothing lost and nothing
// doubled.
func TestKilledAtAnyStepEverythingEndsWell(t *testing.T) {
	for _, p := range plots {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for n := int64(1); ; n++ {
				died := playKilled(t, p, &mortal.Life{End: n})
				if playKilled(t, p, &mortal.Life{End: n, After: true}); !died {
					if n < 3 {
						t.Fatalf("the plot has %d writes; the test proves nothing", n-1)
					}
					return
				}
			}
		})
	}
}

func playKilled(t *testing.T, p plot, l *mortal.Life) (died bool) {
	t.Helper()
	w := newWorld(t, malltest.NewMemory())
	m := w.member(1, 1000)
	before := w.lots(m)
	if p.fault.Verb != "" {
		w.back.Break(p.fault)
	}
	r := w.request(m, p.product)
	if p.cash {
		r = withCash(r)
	}
	w.reborn(l, nil)
	play(w, p, r) // its errors are those of a dead process
	died = l.Alive() != nil
	w.reborn(&mortal.Life{}, nil)
	o, err := play(w, p, r)
	if err != nil {
		t.Fatalf("killed at write %d, after it %t: %v", l.End, l.After, err)
	}
	o = w.until(o.ID, "ends well", func(o *mall.Order) bool { return o.Step == mall.StepDone && o.Status == p.want })
	w.consistent()
	if p.want != mall.Fulfilled && fmt.Sprint(w.lots(m)) != fmt.Sprint(before) {
		t.Errorf("killed at write %d, after it %t: lots are %v, want %v", l.End, l.After, w.lots(m), before)
	}
	if t.Failed() {
		t.Fatalf("killed at write %d, after it %t; the order is %+v", l.End, l.After, o)
	}
	return died
}

// play is what a client does.
func play(w *world, p plot, r mall.Request) (*mall.Order, error) {
	o, _, err := w.Place(context.Background(), r, 5*time.Second)
	if err != nil {
		return nil, err
	}
	if p.then == nil {
		return o, nil
	}
	for deadline := time.Now().Add(5 * time.Second); o.Step != mall.StepDone && o.Step != mall.StepDispatch && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if o, err = w.Order(context.Background(), o.ID); err != nil {
			return nil, err
		}
		if w.life.Alive() != nil {
			return o, mortal.ErrDead
		}
	}
	return o, p.then(w, o.ID)
}
