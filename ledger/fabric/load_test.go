package fabric_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// load is callers that each give one conversion after the other, as the exchange
// does: what did not come through is given again, with the same ID, until it
// does.
type load struct {
	t      testing.TB
	ledger ledger.Ledger
	deal   *deal
	stop   chan struct{}
	wg     sync.WaitGroup
	done   atomic.Int64 // acknowledged
	busy   atomic.Int64 // times that a command was turned away
	unsure atomic.Int64 // times that the outcome was unknown

	callers int

	mu       sync.Mutex
	given    map[ledger.ID]int64 // amounts of what was acknowledged
	accounts map[ledger.ID]ledger.Account
}

func (d *deal) load(ctx context.Context, t testing.TB, l ledger.Ledger, callers int) *load {
	w := &load{t: t, ledger: l, deal: d, callers: callers, given: map[ledger.ID]int64{}, accounts: map[ledger.ID]ledger.Account{}}
	w.begin(ctx)
	return w
}

// begin begins, or goes on after the end.
func (w *load) begin(ctx context.Context) {
	w.stop = make(chan struct{})
	for i := range w.callers {
		w.wg.Go(func() {
			for n := int64(1); ; n++ {
				select {
				case <-w.stop:
					return
				default:
					w.give(ctx, n%100+int64(i)+1)
				}
			}
		})
	}
}

// give gives one conversion until it is acknowledged.
func (w *load) give(ctx context.Context, amount int64) {
	body := w.deal.in(amount)
	c := ledger.Command{ID: newID(), Body: body}
	for {
		r, err := w.ledger.Submit(ctx, utility, c)
		switch {
		case err == nil && r[0].Code == ledger.CodeOK:
			w.mu.Lock()
			w.given[c.ID], w.accounts[c.ID] = amount, body.Account
			w.mu.Unlock()
			w.done.Add(1)
			return
		case err == nil:
			w.t.Errorf("a conversion ended with %s: %s", r[0].Code, r[0].Message)
			return
		case errors.Is(err, ledger.ErrBusy):
			w.busy.Add(1)
		case errors.Is(err, ledger.ErrOutcomeUnknown):
			w.unsure.Add(1)
		default:
			w.t.Errorf("a conversion failed: %v", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// goesOn waits until so many more conversions are acknowledged.
func (w *load) goesOn(ctx context.Context, n int64) {
	w.t.Helper()
	begun := time.Now()
	for target := w.done.Load() + n; w.done.Load() < target; {
		select {
		case <-ctx.Done():
			w.t.Fatal(ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(begun) > time.Minute {
			w.t.Fatalf("conversions with %s do not go on: %d of %d more in a minute", w.deal.code, w.done.Load()+n-target, n)
		}
	}
}

func (w *load) end() {
	close(w.stop)
	w.wg.Wait()
	w.t.Logf("%s: %d acknowledged, %d turned away, %d of unknown outcome", w.deal.code, w.done.Load(), w.busy.Load(), w.unsure.Load())
}

// holds checks that the ledger has each acknowledged conversion once, nothing
// else of the partner, and the sums that follow from it.
func (w *load) holds(ctx context.Context) {
	t := w.t
	t.Helper()
	a, err := w.ledger.Alliance(ctx)
	if err != nil {
		t.Fatal(err)
	}
	found := map[ledger.ID]int{}
	var sum int64
	if err := w.ledger.Transfers(ctx, a.Window, func(e ledger.Entry) error {
		if s := e.Transfer.Source; s != nil && s.Partner == w.deal.code {
			found[e.Transfer.ID]++
			sum += s.From
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var want int64
	for id, amount := range w.given {
		want += amount
		if found[id] != 1 {
			t.Errorf("an acknowledged conversion is on the ledger %d times", found[id])
		}
	}
	if len(found) != len(w.given) || sum != want {
		t.Errorf("the ledger has %d conversions with %s of %d points, acknowledged were %d of %d", len(found), w.deal.code, sum, len(w.given), want)
	}
	pos, err := w.ledger.Position(ctx, w.deal.code, a.Window)
	if err != nil || pos.In.Count != int64(len(w.given)) || pos.In.From != want {
		t.Errorf("the position is %+v, want %d conversions of %d points (%v)", pos.In, len(w.given), want, err)
	}
	conserved(ctx, t, w.ledger)
}

func conserved(ctx context.Context, t testing.TB, l ledger.Ledger) {
	t.Helper()
	var sum int64
	if err := l.Balances(ctx, "EPT", func(b ledger.Balance) error { sum += b.Amount; return nil }); err != nil || sum != 0 {
		t.Errorf("the accounts add up to %d, %v", sum, err)
	}
}
