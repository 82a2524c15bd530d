package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// How long a run is, in virtual time.
const (
	troubleFor   = 75 * time.Second
	restWithin   = 40 * time.Minute // until everything has ended
	settleWithin = 5 * time.Minute  // until a night is over
)

// direct is the course of a run: trouble, calm, the nights, and the laws at rest.
func (w *world) direct() {
	w.after(0, "the run begins", w.begins)
	w.sleep(troubleFor, "the trouble ends")
	w.after(0, "calm", w.calmDown)
	if !w.until(restWithin, "everything ends", w.unfinished) {
		return
	}
	for range 2 {
		w.after(0, "a day later", func() { w.jump(24 * time.Hour) })
		w.sleep(5*time.Second, "the night")
		if !w.until(settleWithin, "the night is over", w.unsettled) {
			return
		}
	}
	w.after(0, "the laws at rest", func() {
		w.checkRest()
		w.end()
	})
}

// begins starts everybody and plans the trouble.
func (w *world) begins() {
	d := w.dice("trouble")
	at := func() time.Duration { return d.between(0, troubleFor) }
	for range w.odds.cuts {
		from := at()
		w.cuts = append(w.cuts, cut{gateway: d.IntN(w.odds.gateways), target: []string{"sky", "shop", "ledger", "store"}[d.IntN(4)], from: from, to: from + d.between(0, 40*time.Second)})
	}
	for g := range w.odds.gateways {
		w.boot(g)
	}
	w.model.busy = w.odds.clients
	for n := range w.odds.clients {
		go w.client(n)
	}
	for range w.odds.pauses {
		g, long := d.IntN(w.odds.gateways), d.between(100*time.Millisecond, 45*time.Second)
		w.after(at(), "pause", func() { w.pause(w.gateways[g], long) })
	}
	for range w.odds.jumps {
		g, by := d.IntN(w.odds.gateways), d.between(-10*time.Second, 30*time.Second)
		w.after(at(), "clock", func() {
			w.note("the clock of gateway %d jumps by %s", g, by)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.gateways[g].skew += by
		})
	}
	for range w.odds.freezes {
		w.planFreeze(d, at())
	}
	for n := range d.IntN(3) {
		w.planSpending(d, at(), n)
	}
	if d.one(5) {
		w.after(at(), "a day later", func() { w.jump(24 * time.Hour) })
	}
}

func (w *world) planFreeze(d dice, at time.Duration) {
	account := w.members[d.IntN(len(w.members))].account
	w.after(at, "freeze", func() { w.freeze(account, true) })
	w.after(at+d.between(time.Second, 30*time.Second), "unfreeze", func() { w.freeze(account, false) })
}

// freeze has the console freeze an account, or free it.
func (w *world) freeze(account ledger.Account, frozen bool) {
	var random [10]byte
	w.dice("console IDs").Read(random[:])
	command := ledger.Command{ID: ledger.NewID(w.now(), random).Root(), Body: &ledger.Freeze{Account: account, Frozen: frozen}}
	w.chain.give(&submission{who: console, commands: []ledger.Command{command}, slot: -1, epoch: w.chain.epoch(), done: func(_ []ledger.Result, err error) {
		if err != nil {
			w.after(time.Second, "freeze again", func() { w.freeze(account, frozen) })
		}
	}})
}

// planSpending has a member buy something at a partner, so that what was credited may
// not be there any more.
func (w *world) planSpending(d dice, at time.Duration, n int) {
	code := []string{"sky", "shop"}[d.IntN(2)]
	who := membership(code, w.members[d.IntN(len(w.members))].number)
	amount := milesOpened + d.Int64N(milesOpened/10)
	w.after(at, fmt.Sprintf("spending %d", n), func() {
		b := w.books[code]
		amount := min(amount, b.balances[who])
		b.move(false, who, amount)
		w.model.spent[who] += amount
		w.note("%s spends %d", who, amount)
	})
}

func (w *world) jump(by time.Duration) {
	w.note("the alliance's clock jumps by %s", by)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shift += by
}

// calmDown ends all faults. Clocks are right again, but for what time servers leave.
func (w *world) calmDown() {
	w.note("calm")
	w.calming.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.gateways {
		if p != nil {
			p.skew = 0
		}
	}
}

// until waits for a condition, which says what is missing, "" for nothing.
func (w *world) until(within time.Duration, what string, missing func() string) bool {
	for end := w.elapsed() + within; ; {
		w.sleep(2*time.Second, what)
		switch is := missing(); {
		case is == "":
			return true
		case w.elapsed() > end:
			w.after(0, what, func() { w.violate("within %s it does not come about that %s: %s", within, what, is) })
			return false
		}
	}
}

// unfinished says what has not ended.
func (w *world) unfinished() string {
	ctx := context.Background()
	conversions, err := w.store.UnfinishedConversions(ctx, ledger.ID{}, 3)
	for _, c := range conversions {
		return fmt.Sprintf("conversion %s is at %s, failure %v", c.ID, c.Step, c.Failure)
	}
	reversals, err2 := w.store.UnfinishedReversals(ctx, ledger.ID{}, 3)
	for _, r := range reversals {
		return fmt.Sprintf("reversal %s is at %s, failure %v", r.ID, r.Step, r.Failure)
	}
	switch {
	case err != nil || err2 != nil:
		return fmt.Sprint(err, err2)
	case w.model.busy > 0:
		return fmt.Sprintf("%d clients have not heard the end", w.model.busy)
	}
	return ""
}

// unsettled says which closed window is not settled with everybody.
func (w *world) unsettled() string {
	if want := ledger.DateOf(w.now()); w.chain.open != want {
		return fmt.Sprintf("window %s is open", w.chain.open)
	}
	for d := ledger.DateOf(begins); d < w.chain.open; d++ {
		for _, c := range companies {
			if _, err := w.settlements.Settlement(context.Background(), settlementID(d, c.Code)); err != nil {
				return fmt.Sprintf("window %s is not settled with %s: %v", d, c.Code, err)
			}
		}
	}
	return ""
}
