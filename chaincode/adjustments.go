package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// adjustment is a correction with its history.
type adjustment struct {
	plain
	ledger.Adjustment
}

func (a *adjustment) encode(e *wire.Encoder) {
	e.Raw(a.ID[:])
	e.String(a.Partner)
	e.Int(a.Value)
	e.Int(int64(a.Window))
	e.String(a.Reference)
	e.String(a.Reason)
	e.Byte(byte(a.Status))
	a.ProposedBy.Append(e)
	e.Int(a.ProposedAt)
	a.DecidedBy.Append(e)
	e.Int(a.DecidedAt)
}

func (a *adjustment) decode(d *wire.Decoder) {
	copy(a.ID[:], d.Raw(len(a.ID)))
	a.Partner, a.Value, a.Window = d.String(), d.Int(), ledger.Date(d.Int32())
	a.Reference, a.Reason = d.String(), d.String()
	a.Status = ledger.AdjustmentStatus(d.Byte())
	a.ProposedBy, a.ProposedAt = ledger.ReadIdentity(d), d.Int()
	a.DecidedBy, a.DecidedAt = ledger.ReadIdentity(d), d.Int()
}

func (w *work) proposeAdjustment(c *ledger.ProposeAdjustment, t *ledger.Transfer) error {
	p, err := w.partner(c.Partner)
	if err != nil {
		return err
	}
	if err := w.mayAdjust(p); err != nil {
		return err
	}
	if c.Window > w.window() {
		return refuse(ledger.CodeWindowOrder, "the open window is %s; there is no break in %s yet", w.window(), c.Window)
	}
	next, err := w.dueOf(c.Partner)
	if err != nil {
		return err
	}
	if len(next.now.offers) >= offersMax {
		return refuse(ledger.CodeTooManyOffers, "%d adjustments are offered, at most %d; accept or reject one first", len(next.now.offers), offersMax)
	}
	a, err := w.adjustments.get(w, t.ID)
	if err != nil {
		return err
	}
	*a.create(&w.journal, w.both(p)) = adjustment{Adjustment: ledger.Adjustment{
		ID: t.ID, Partner: c.Partner, Value: c.Value, Window: c.Window, Reference: c.Reference, Reason: c.Reason,
		Status: ledger.AdjustmentProposed, ProposedBy: w.tx.Caller, ProposedAt: w.tx.At,
	}}
	now := next.edit(&w.journal)
	now.offers = append(slices.Clone(now.offers), correction{t.ID, c.Value, w.tx.Caller.MSP})
	t.Reference, t.Reason = c.Reference, c.Reason
	return nil
}

// mayAdjust refuses callers who are neither the utility nor the partner.
func (w *work) mayAdjust(p *partner) error {
	if m := w.tx.Caller.MSP; m != w.alliance.now.msp && m != p.msp {
		return refuse(ledger.CodeNotPermitted, "the adjustment is between %q and %q; %q has no part in it", w.alliance.now.msp, p.msp, m)
	}
	return nil
}

// proposal returns an adjustment that can still be decided by the caller's
// company.
func (w *work) proposal(id ledger.ID, partner string) (*cell[adjustment, *adjustment], error) {
	p, err := w.partner(partner)
	if err != nil {
		return nil, err
	}
	if err := w.mayAdjust(p); err != nil {
		return nil, err
	}
	a, err := w.adjustments.get(w, id)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.present:
		return nil, refuse(ledger.CodeAdjustmentUnknown, "no adjustment %s was proposed", id)
	case a.now.Partner != partner:
		return nil, refuse(ledger.CodeAdjustmentMismatch, "adjustment %s is not one of partner %q", id, partner)
	case a.now.Status != ledger.AdjustmentProposed:
		return nil, refuse(ledger.CodeAdjustmentDecided, "adjustment %s is %s already", id, a.now.Status)
	}
	return a, w.withdraw(&a.now)
}

// withdraw takes an adjustment out of those that are offered, among which it must
// be as it is: what is not was proposed by nobody.
func (w *work) withdraw(a *adjustment) error {
	next, err := w.dueOf(a.Partner)
	if err != nil {
		return err
	}
	i := slices.Index(next.now.offers, correction{a.ID, a.Value, a.ProposedBy.MSP})
	if i < 0 {
		return refuse(ledger.CodeAdjustmentUnknown, "no adjustment %s was proposed by %q", a.ID, a.ProposedBy.MSP)
	}
	now := next.edit(&w.journal)
	now.offers = slices.Delete(slices.Clone(now.offers), i, i+1)
	return nil
}

// acceptAdjustment books the correction in the open window.
func (w *work) acceptAdjustment(c *ledger.AcceptAdjustment, t *ledger.Transfer) error {
	a, err := w.proposal(c.Adjustment, c.Partner)
	if err != nil {
		return err
	}
	if a.now.ProposedBy.MSP == w.tx.Caller.MSP {
		return refuse(ledger.CodeSameIdentity, "%q proposed the adjustment; the other company accepts it", w.tx.Caller.MSP)
	}
	if a.now.Value != c.Value {
		return refuse(ledger.CodeAdjustmentMismatch, "adjustment %s is over %d millionths, not %d", c.Adjustment, a.now.Value, c.Value)
	}
	b, err := w.booksOf(c.Partner)
	if err != nil {
		return err
	}
	if err := add(&b.edit(&w.journal).owed, c.Value); err != nil {
		return err
	}
	p, err := w.position(c.Partner)
	if err != nil {
		return err
	}
	p.Adjusted.Count++
	if err := add(&p.Adjusted.Value, c.Value); err != nil {
		return err
	}
	if err := w.reshare(c.Partner); err != nil {
		return err
	}
	w.decideAdjustment(a, ledger.AdjustmentAccepted)
	t.Related, t.To, t.Amount = c.Adjustment, c.Partner, c.Value
	return nil
}

func (w *work) rejectAdjustment(c *ledger.RejectAdjustment, t *ledger.Transfer) error {
	a, err := w.proposal(c.Adjustment, c.Partner)
	if err != nil {
		return err
	}
	w.decideAdjustment(a, ledger.AdjustmentRejected)
	t.Related, t.Reason = c.Adjustment, c.Reason
	return nil
}

func (w *work) decideAdjustment(c *cell[adjustment, *adjustment], status ledger.AdjustmentStatus) {
	a := c.edit(&w.journal)
	a.Status, a.DecidedBy, a.DecidedAt = status, w.tx.Caller, w.tx.At
}
