package chaincode

import (
	"bytes"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// entries is how one leg changes the accounts of a pair. A reversal books the
// same with the opposite sign.
type entries struct {
	fee, clearing, residue         int64 // electricity points
	members, clearingTo, residueTo int64 // the partner's programme
	owed                           int64
}

// entriesOf returns the entries of a leg. What leaves the member's account, or
// enters it, is the caller's to book; carry is whole units of residue.
func entriesOf(t *ledger.Terms, a *ledger.Amounts, sign, carry int64) entries {
	fee := int64(0)
	if t.FeePayer == ledger.FeeMember {
		fee = a.Fee
	}
	if t.Direction == ledger.In {
		return entries{
			fee: sign * fee, residue: carry, clearing: -sign*(a.To+fee) - carry,
			members: -sign * a.From, clearingTo: sign * a.From,
			owed: sign * a.Value,
		}
	}
	return entries{
		fee: sign * fee, clearing: sign * a.EPT,
		members: sign * a.To, residueTo: carry, clearingTo: -sign*a.To - carry,
		owed: -sign * a.Value,
	}
}

// book enters a leg, or with reversed takes it back, in the books of the pair
// and its position for the open window.
func (w *work) book(l *leg, reversed bool) error {
	a := l.amounts()
	sign := int64(1)
	if reversed {
		sign = -1
	}
	carry, err := w.carry(l)
	if err != nil {
		return err
	}
	b, err := w.booksOf(l.Partner)
	if err != nil {
		return err
	}
	if err := b.edit(&w.journal).enter(entriesOf(l.terms, &a, sign, carry)); err != nil {
		return err
	}
	p, err := w.position(l.Partner)
	if err != nil {
		return err
	}
	if err := count(p.Flow(l.terms.Direction, reversed), &a); err != nil {
		return err
	}
	return w.reshare(l.Partner)
}

// enter adds entries to the books.
func (b *books) enter(n entries) error {
	for _, m := range []struct {
		sum *int64
		n   int64
	}{
		{&b.fee, n.fee}, {&b.clearing, n.clearing}, {&b.residue, n.residue},
		{&b.members, n.members}, {&b.clearingTo, n.clearingTo}, {&b.residueTo, n.residueTo},
		{&b.owed, n.owed},
	} {
		if err := add(m.sum, m.n); err != nil {
			return err
		}
	}
	return nil
}

// carry adds a leg's residue to its agreement's and returns the whole units that
// it makes. The residue of a reversed leg is a change already.
func (w *work) carry(l *leg) (units int64, err error) {
	if l.Residue == 0 {
		return 0, nil
	}
	from, to := l.scale, uint8(0)
	if l.terms.Direction == ledger.Out {
		from, to = to, from
	}
	_, denominator := l.terms.Rate.Ratio(from, to)
	if w.tx.Lane > 0 {
		b, err := w.booksOf(l.Partner)
		if err != nil {
			return 0, err
		}
		return b.edit(&w.journal).carry(l.Agreement, l.Residue, denominator), nil
	}
	c, err := w.residues.get(w, l.Agreement)
	if err != nil {
		return 0, err
	}
	if !c.present {
		return 0, damaged("agreement %s was accepted and has no residue", l.Agreement)
	}
	return c.edit(&w.journal).carry(l.Residue, denominator), nil
}

// carry is [residue.carry] of an agreement in these books.
func (b *books) carry(agreement ledger.ID, change, denominator int64) (units int64) {
	i, found := slices.BinarySearchFunc(b.rests, agreement, func(r rest, id ledger.ID) int { return bytes.Compare(r.agreement[:], id[:]) })
	b.rests = slices.Clone(b.rests)
	if !found {
		b.rests = slices.Insert(b.rests, i, rest{agreement: agreement})
	}
	return b.rests[i].carry(change, denominator)
}
