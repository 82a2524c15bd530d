package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// reverse takes back what a conversion, or a redemption, of the rest would not
// have moved: amounts of what stood before, less amounts of what stands after.
func (w *work) reverse(c *ledger.Reverse, t *ledger.Transfer) error {
	o, err := w.original(c)
	if err != nil {
		return err
	}
	before, after, err := w.remaining(c, o)
	if err != nil {
		return err
	}
	t.Account, t.Related, t.Amount = c.Account, c.Original, c.Amount
	t.Reference, t.Reason = c.Reference, c.Reason
	if o.Kind == ledger.KindPost && o.Destination == nil {
		return w.giveBack(o, t, before, after)
	}
	if o.Source != nil {
		b, a := before, after
		if t.Source, before, after, err = w.takeBack(o.Source, ledger.In, b, a); err != nil {
			return err
		}
	}
	if o.Destination != nil {
		if t.Destination, _, _, err = w.takeBack(o.Destination, ledger.Out, before, after); err != nil {
			return err
		}
	}
	return w.restore(o, t, before, after)
}

// giveBack takes points out of the house account to which they were posted and
// gives the member the same lots back, last taken first.
func (w *work) giveBack(o, t *ledger.Transfer, before, after int64) error {
	a, err := w.account(t.Account)
	if err != nil {
		return err
	}
	t.To, t.Lots = o.To, lastTaken(o.Lots, before, after)
	if err := a.room(total(t.Lots)); err != nil {
		return err
	}
	a.lots = addLots(a.lots, t.Lots)
	return w.move(o.To, -t.Amount)
}

// original returns the conversion or post that a reversal names.
func (w *work) original(c *ledger.Reverse) (*ledger.Transfer, error) {
	e, err := w.find(c.Original)
	if err != nil {
		return nil, err
	}
	if e == nil || e.Transfer.Account != c.Account {
		return nil, refuse(ledger.CodeTransferUnknown, "there is no transfer %s of this account", c.Original)
	}
	o := &e.Transfer
	switch {
	case o.Kind == ledger.KindConvertIn, o.Kind == ledger.KindConvertOut, o.Kind == ledger.KindCrossConvert,
		o.Kind == ledger.KindPost:
		return o, nil
	}
	return nil, refuse(ledger.CodeNotReversible, "transfer %s is a %s; only conversions and posts can be reversed", c.Original, o.Kind)
}

// remaining counts a reversal and returns what stood of the conversion, in the
// source programme, before and what stands after it.
func (w *work) remaining(c *ledger.Reverse, o *ledger.Transfer) (before, after int64, err error) {
	v, err := w.reversals.get(w, c.Original)
	if err != nil {
		return 0, 0, err
	}
	before = o.Amount - v.now.from
	if c.Amount > before {
		return 0, 0, refuse(ledger.CodeAboveOriginal, "%d of %d can still be reversed, not %d", before, o.Amount, c.Amount)
	}
	v.edit(&w.journal).from += c.Amount
	return before, before - c.Amount, nil
}

// takeBack books the difference that a leg makes when less of its source
// remains, and returns it with what the leg gave before and gives after.
func (w *work) takeBack(original *ledger.Leg, dir ledger.Direction, before, after int64) (taken *ledger.Leg, toBefore, toAfter int64, err error) {
	l, err := w.recall(original, dir)
	if err != nil {
		return nil, 0, 0, err
	}
	b, code := l.terms.Amounts(before, l.scale)
	a, codeAfter := l.terms.Amounts(after, l.scale)
	if code != ledger.CodeOK || codeAfter != ledger.CodeOK {
		return nil, 0, 0, damaged("agreement %s no longer gives the amounts of a conversion", l.Agreement)
	}
	l.Leg = newLeg(l.Partner, l.Agreement, l.Hash, l.LockedAt, ledger.Amounts{
		From: b.From - a.From, To: b.To - a.To, EPT: b.EPT - a.EPT, Fee: b.Fee - a.Fee,
		Residue: a.Residue - b.Residue, Value: b.Value - a.Value,
	})
	return &l.Leg, b.To, a.To, w.book(l, true)
}

// restore changes the member's lots: those of a conversion in are taken back,
// those of a conversion out given back. A cross conversion touched none.
func (w *work) restore(o, t *ledger.Transfer, before, after int64) error {
	if o.Source != nil && o.Destination != nil {
		return nil
	}
	a, err := w.account(t.Account)
	if err != nil {
		return err
	}
	if o.Destination != nil {
		t.Lots = lastTaken(o.Lots, before, after)
		if err := a.room(total(t.Lots)); err != nil {
			return err
		}
		a.lots = addLots(a.lots, t.Lots)
		return nil
	}
	if len(o.Lots) != 1 {
		return damaged("conversion in %s has %d lots", o.ID, len(o.Lots))
	}
	rest, taken, ok := takeBack(a.lots, t.Source.To, o.Lots[0].Expiry)
	if !ok {
		return refuse(ledger.CodeInsufficientPoints, "the account has fewer than the %d points that the conversion gave; reverse less", t.Source.To)
	}
	a.lots, t.Lots = rest, taken
	return nil
}
