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
	t.Account, t.Amount, t.Reason = c.Account, c.Amount, c.Reason
	fill := min(c.Amount, a.debt)
	if fill < c.Amount {
		lot := ledger.Lot{Expiry: c.Expiry, Amount: c.Amount - fill}
		if err := a.credit(lot); err != nil {
			return err
		}
		t.Lots = []ledger.Lot{lot}
	}
	if err := w.owe(a, -fill); err != nil {
		return err
	}
	return w.move(houseIssued, -c.Amount)
}

// owe changes a member's debt, and what all members owe.
func (w *work) owe(a *account, amount int64) error {
	if amount == 0 {
		return nil
	}
	if err := add(&a.debt, amount); err != nil {
		return err
	}
	return w.move(houseDebts, -amount)
}

// taking is a part of an issue that is to be taken back, or all that is left of it.
type taking struct {
	ledger.TakeBackPart
	rest bool
}

// takeIssueBack undoes an issue, or a part of one. Points that have expired are lost
// to the member already, and whose they were cannot be told from the lot any more.
func (w *work) takeIssueBack(c *taking, t *ledger.Transfer) error {
	a, err := w.account(c.Account)
	if err != nil {
		return err
	}
	amount, expiry, err := w.issued(c)
	if err != nil {
		return err
	}
	if m := w.window().Month(); expiry != 0 && expiry < m {
		return refuse(ledger.CodeLotExpired, "the points of issue %s expired in %s; nothing of them is left to take in %s", c.Original, expiry, m)
	}
	there := min(amount, total(a.lots))
	a.lots, t.Lots, _ = takeBack(a.lots, there, expiry)
	t.Kind, t.Account, t.Related, t.Amount, t.Reason = ledger.KindTakeBack, c.Account, c.Original, amount, c.Reason
	if err := w.owe(a, amount-there); err != nil {
		return err
	}
	return w.move(houseIssued, amount)
}

// issued counts what is taken back of an issue and returns it. An issue that only
// filled a debt gave no points, and its month is zero.
func (w *work) issued(c *taking) (amount int64, expiry ledger.Month, err error) {
	e, err := w.find(c.Original)
	if err != nil {
		return 0, 0, err
	}
	if e == nil || e.Transfer.Account != c.Account {
		return 0, 0, refuse(ledger.CodeTransferUnknown, "there is no transfer %s of this account", c.Original)
	}
	o := &e.Transfer
	if o.Kind != ledger.KindIssue {
		return 0, 0, refuse(ledger.CodeNotReversible, "transfer %s is a %s; only issues can be taken back", c.Original, o.Kind)
	}
	v, err := w.reversals.get(w, c.Original)
	if err != nil {
		return 0, 0, err
	}
	left := o.Amount - v.now.from
	if c.rest {
		c.Amount = left
	}
	switch {
	case left == 0:
		return 0, 0, refuse(ledger.CodeAboveOriginal, "issue %s was taken back already", c.Original)
	case c.Amount > left:
		return 0, 0, refuse(ledger.CodeAboveOriginal, "%d of %d can still be taken back, not %d", left, o.Amount, c.Amount)
	}
	v.edit(&w.journal).from += c.Amount
	if len(o.Lots) > 0 {
		expiry = o.Lots[0].Expiry
	}
	return c.Amount, expiry, nil
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
