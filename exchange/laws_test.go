package exchange_test

import (
	"context"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// settle waits until nothing is unfinished.
func (w *world) settle() {
	w.t.Helper()
	ctx := context.Background()
	w.eventually("nothing is unfinished", func() bool {
		c, err := w.store.UnfinishedConversions(ctx, ledger.ID{}, 1)
		must(w.t, err)
		r, err := w.store.UnfinishedReversals(ctx, ledger.ID{}, 1)
		must(w.t, err)
		return len(c)+len(r) == 0
	})
}

// all returns every conversion.
func (w *world) all() (all []*exchange.Conversion) {
	w.t.Helper()
	f := exchange.Filter{Limit: 200}
	for {
		page, err := w.store.Conversions(context.Background(), f)
		must(w.t, err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		f.Before = page[len(page)-1].ID
	}
}

// holding is what a member has, by programme.
type holding map[string]int64

// audit checks, once nothing is unfinished, that everybody has exactly what the
// conversions say: the laws of the exchange at rest.
func (w *world) audit(members ...member) {
	w.t.Helper()
	w.settle()
	all := w.all()
	for _, c := range all {
		checkEnd(w.t, c)
	}
	for _, m := range members {
		want := holding{"EPT": pointsOpened, "MILES": milesOpened, "SHOP": milesOpened}
		for _, c := range all {
			if c.Member == m.number {
				want.apply(w.t, c)
			}
		}
		account, err := w.ledger.Account(context.Background(), m.account)
		must(w.t, err)
		if len(account.Holds) != 0 {
			w.t.Errorf("%s: %d holds are still open", m.number, len(account.Holds))
		}
		got := holding{"EPT": account.Available(), "MILES": w.banks["sky"].balance(membership("sky", m.number)),
			"SHOP": w.banks["shop"].balance(membership("shop", m.number))}
		for programme := range want {
			if got[programme] != want[programme] {
				w.t.Errorf("%s has %d %s, the conversions say %d", m.number, got[programme], programme, want[programme])
			}
		}
	}
	sumsToZero(w.t, w.ledger)
}

// checkEnd checks what a conversion says of itself.
func checkEnd(t tb, c *exchange.Conversion) {
	t.Helper()
	switch {
	case c.Step != exchange.StepDone || c.FinishedAt == 0 || c.EscalatedAt != 0:
		t.Errorf("%s is at %s, finished at %d, escalated at %d", c.ID, c.Step, c.FinishedAt, c.EscalatedAt)
	case c.Outcome != exchange.Completed && c.Outcome != exchange.Failed && c.Outcome != exchange.Reversed:
		t.Errorf("%s ended %q", c.ID, c.Outcome)
	case (c.Outcome == exchange.Completed) != (c.Failure == nil):
		t.Errorf("%s ended %s with failure %v", c.ID, c.Outcome, c.Failure)
	case c.Outcome != exchange.Completed && (c.Status != c.Outcome || c.Reversed != 0):
		t.Errorf("%s ended %s but is %s with %d reversed", c.ID, c.Outcome, c.Status, c.Reversed)
	case c.Outcome == exchange.Completed && (c.Status == exchange.Reversed) != (c.Reversed == c.From):
		t.Errorf("%s is %s with %d of %d reversed", c.ID, c.Status, c.Reversed, c.From)
	}
}

// apply adds what a conversion moved. Sides that pushed are not in our books.
func (h holding) apply(t tb, c *exchange.Conversion) {
	t.Helper()
	if c.Outcome != exchange.Completed {
		return
	}
	amount := c.From - c.Reversed
	if c.SourceMode != partners.Push {
		h[c.Source] -= amount
	}
	if c.In != nil {
		amount = gives(t, c.In.Partner, ledger.In, amount)
	}
	if c.Out != nil {
		amount = gives(t, c.Out.Partner, ledger.Out, amount)
	}
	if c.DestinationMode != partners.Push {
		h[c.Destination] += amount
	}
}

// gives is what an amount gives under the tests' agreements.
func gives(t tb, partner string, dir ledger.Direction, amount int64) int64 {
	t.Helper()
	agreed := terms(partner, dir)
	a, code := agreed.Amounts(amount, scaleOf(partner))
	if code != ledger.CodeOK {
		t.Fatalf("%d with %s: %s", amount, partner, code)
	}
	return a.To
}

func scaleOf(partner string) uint8 {
	for _, p := range companies {
		if p.Code == partner {
			return p.Scale
		}
	}
	return 0
}

func sumsToZero(t tb, l ledger.Ledger) {
	t.Helper()
	for _, programme := range []string{"EPT", "MILES", "SHOP", "TELE", "BEANS"} {
		var sum int64
		must(t, l.Balances(context.Background(), programme, func(b ledger.Balance) error {
			sum += b.Amount
			return nil
		}))
		if sum != 0 {
			t.Errorf("the accounts of %s sum to %d", programme, sum)
		}
	}
}
