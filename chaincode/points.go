package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

func (w *work) issue(c *ledger.Issue, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	if m := w.window().Month(); c.Expiry < m {
		return refuse(ledger.CodeLotExpired, "points that expire in %s have expired in %s; use a later month", c.Expiry, m)
	}
	lot := ledger.Lot{Expiry: c.Expiry, Amount: c.Amount}
	if err := a.credit(lot); err != nil {
		return err
	}
	t.Account, t.Amount, t.Reason, t.Lots = c.Account, c.Amount, c.Reason, []ledger.Lot{lot}
	return w.move(houseIssued, -c.Amount)
}

func (w *work) expire(c *ledger.Expire, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	if m := w.window().Month(); c.Month >= m {
		return refuse(ledger.CodeLotNotExpired, "points of %s can be used in %s; use an earlier month", c.Month, m)
	}
	i, found := findLot(a.lots, c.Month)
	if !found {
		return refuse(ledger.CodeNothingToExpire, "the account has no points that expired in %s", c.Month)
	}
	lot := a.lots[i]
	a.lots = slices.Concat(a.lots[:i], a.lots[i+1:])
	t.Account, t.Amount, t.Lots = c.Account, lot.Amount, []ledger.Lot{lot}
	return w.move(houseExpired, lot.Amount)
}

func (w *work) freeze(c *ledger.Freeze, t *ledger.Transfer) error {
	a, err := w.account(c.Account)
	if err != nil {
		return err
	}
	a.frozen = c.Frozen
	t.Account, t.Reason = c.Account, c.Reason
	return nil
}
