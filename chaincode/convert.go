package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
)

func (w *work) convertIn(c *ledger.ConvertIn, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	l, err := w.check(&c.Leg, ledger.In, a, true)
	if err != nil {
		return err
	}
	lot := ledger.Lot{Expiry: w.window().Month() + ledger.Month(l.terms.LotMonths), Amount: l.To}
	if err := a.credit(lot); err != nil {
		return err
	}
	t.Account, t.Amount, t.Reference = c.Account, l.From, c.Reference
	t.Source, t.Lots = &l.Leg, []ledger.Lot{lot}
	return w.book(l, false)
}

func (w *work) convertOut(c *ledger.ConvertOut, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	l, err := w.check(&c.Leg, ledger.Out, a, true)
	if err != nil {
		return err
	}
	if t.Lots, err = w.take(a, l.From); err != nil {
		return err
	}
	t.Account, t.Amount, t.Reference = c.Account, l.From, c.Reference
	t.Destination = &l.Leg
	return w.book(l, false)
}

// crossConvert books both legs. The electricity points that the source gives
// pass from one partner's clearing account to the other's; the member's account
// carries the limits only.
func (w *work) crossConvert(c *ledger.CrossConvert, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	source, err := w.check(&c.Source, ledger.In, a, true)
	if err != nil {
		return err
	}
	destination, err := w.check(&c.Destination, ledger.Out, a, false)
	if err != nil {
		return err
	}
	t.Account, t.Amount, t.Reference = c.Account, source.From, c.Reference
	t.Source, t.Destination = &source.Leg, &destination.Leg
	if err := w.book(source, false); err != nil {
		return err
	}
	return w.book(destination, false)
}

// credit adds a lot to the account.
func (a *account) credit(l ledger.Lot) error {
	if _, found := findLot(a.lots, l.Expiry); !found && len(a.lots) >= lotsMax {
		return refuse(ledger.CodeTooManyLots, "the account has lots of %d expiry months, at most %d; use an expiry month that it has", len(a.lots), lotsMax)
	}
	if err := a.room(l.Amount); err != nil {
		return err
	}
	a.lots = addLot(a.lots, l)
	return nil
}

// take takes points that have not expired from the account, first expiring
// first, and returns the lots.
func (w *work) take(a *account, amount int64) ([]ledger.Lot, error) {
	rest, taken, ok := takeLots(a.lots, amount, w.window().Month())
	if !ok {
		return nil, refuse(ledger.CodeInsufficientPoints, "the account has fewer than %d points that can be used; use fewer", amount)
	}
	a.lots = rest
	return taken, nil
}
