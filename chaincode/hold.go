package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

func (w *work) hold(c *ledger.Hold, t *ledger.Transfer) error {
	a, err := w.thawed(c.Account)
	if err != nil {
		return err
	}
	if len(a.holds) >= holdsMax {
		return refuse(ledger.CodeTooManyHolds, "the account has %d open holds, at most %d; post or void one first", len(a.holds), holdsMax)
	}
	h := hold{window: w.window(), OpenHold: ledger.OpenHold{ID: t.ID, Amount: c.Amount, To: c.To}}
	if c.Leg != nil {
		if h.Leg, err = w.reserve(c.Leg, a); err != nil {
			return err
		}
	}
	if h.Lots, err = w.take(a, c.Amount); err != nil {
		return err
	}
	a.holds = append(slices.Clone(a.holds), h)
	t.Account, t.Amount, t.To, t.Reason = c.Account, c.Amount, c.To, c.Reason
	t.Destination, t.Lots = h.Leg, h.Lots
	return nil
}

// reserve checks the leg of a conversion out as if it were booked, and counts
// its value as owed until the hold is posted or voided.
func (w *work) reserve(c *ledger.LegTerms, a *account) (*ledger.Leg, error) {
	l, err := w.check(c, ledger.Out, a, true)
	if err != nil {
		return nil, err
	}
	b, err := w.booksOf(l.Partner)
	if err != nil {
		return nil, err
	}
	return &l.Leg, add(&b.edit(&w.journal).reserved, l.Value)
}

// unreserve ends what reserve began.
func (w *work) unreserve(l *ledger.Leg) error {
	b, err := w.booksOf(l.Partner)
	if err != nil {
		return err
	}
	return add(&b.edit(&w.journal).reserved, -l.Value)
}

// end takes an open hold off a member's account.
func (w *work) end(account ledger.Account, id ledger.ID) (*account, hold, error) {
	a, err := w.account(account)
	if err != nil {
		return nil, hold{}, err
	}
	i, ok := a.hold(id)
	if !ok {
		return nil, hold{}, refuse(ledger.CodeHoldNotOpen, "hold %s is not open on this account: it was never made there, or was posted or voided", id)
	}
	return a, a.release(i), nil
}

// post uses what was computed when the points were held, even if the agreement
// has ended since.
func (w *work) post(c *ledger.Post, t *ledger.Transfer) error {
	_, h, err := w.end(c.Account, c.Hold)
	if err != nil {
		return err
	}
	t.Account, t.Related, t.Amount, t.Reference = c.Account, c.Hold, h.Amount, c.Reference
	t.Destination, t.To, t.Lots = h.Leg, h.To, h.Lots
	if h.Leg == nil {
		return w.move(h.To, h.Amount)
	}
	l, err := w.recall(h.Leg, ledger.Out)
	if err != nil {
		return err
	}
	if err := w.unreserve(h.Leg); err != nil {
		return err
	}
	return w.book(l, false)
}

// void gives the same lots back, and the allowance of the day and the year as
// far as they still run.
func (w *work) void(c *ledger.Void, t *ledger.Transfer) error {
	a, h, err := w.end(c.Account, c.Hold)
	if err != nil {
		return err
	}
	a.lots = addLots(a.lots, h.Lots)
	t.Account, t.Related, t.Amount, t.Reason = c.Account, c.Hold, h.Amount, c.Reason
	t.Lots = h.Lots
	if h.Leg == nil {
		return nil
	}
	w.unspend(a, &h)
	return w.unreserve(h.Leg)
}

func (w *work) unspend(a *account, h *hold) {
	today := w.window()
	if h.window.Year() != today.Year() {
		return
	}
	u := a.used(card{h.Leg.Partner, ledger.Out}, today)
	u.YearUsed -= h.Amount
	if h.window == today {
		u.DayUsed -= h.Amount
	}
}
