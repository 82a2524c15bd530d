package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// lockAhead is how far a rate lock may lie after the transaction's time, in
// milliseconds: clocks of two companies differ.
const lockAhead = 5 * 60 * 1000

// leg is one leg of a conversion, checked against the agreement and computed.
type leg struct {
	ledger.Leg
	terms *ledger.Terms
	scale uint8 // of the partner's programme
}

func (l *leg) card() card { return card{l.Partner, l.terms.Direction} }

// amounts are the leg's figures.
func (l *leg) amounts() ledger.Amounts {
	return ledger.Amounts{From: l.From, To: l.To, EPT: l.EPT, Fee: l.Fee, Residue: l.Residue, Value: l.Value}
}

// price finds the agreement under which a leg was priced and computes it again.
func (w *work) price(c *ledger.LegTerms, dir ledger.Direction) (*leg, error) {
	p, err := w.active(c.Partner)
	if err != nil {
		return nil, err
	}
	g, err := w.inForce(c, dir)
	if err != nil {
		return nil, err
	}
	if err := w.lock(c, &g.Terms); err != nil {
		return nil, err
	}
	a, code := g.Terms.Convert(c.From, p.scale)
	switch {
	case code == ledger.CodeAmountTooSmall:
		return nil, refuse(code, "%d is too little to give anything at the agreement's rate; convert more", c.From)
	case code != ledger.CodeOK:
		return nil, refuse(code, "a figure of a conversion of %d does not fit; convert less", c.From)
	case a.To != c.To:
		return nil, refuse(ledger.CodeAmountMismatch, "%d gives %d under agreement %s, not %d", c.From, a.To, c.Agreement, c.To)
	}
	l := newLeg(c.Partner, c.Agreement, c.Hash, c.LockedAt, a)
	return &leg{Leg: l, terms: &g.Terms, scale: p.scale}, nil
}

func newLeg(partner string, agreement ledger.ID, hash ledger.Hash, lockedAt int64, a ledger.Amounts) ledger.Leg {
	return ledger.Leg{
		Partner: partner, Agreement: agreement, Hash: hash, LockedAt: lockedAt,
		From: a.From, To: a.To, EPT: a.EPT, Fee: a.Fee, Residue: a.Residue, Value: a.Value,
	}
}

// active returns a partner with which new conversions can be made.
func (w *work) active(code string) (*partner, error) {
	p, err := w.partner(code)
	if err != nil {
		return nil, err
	}
	s, err := w.standings.get(w, code)
	if err == nil && s.now.suspended {
		return nil, refuse(ledger.CodePartnerSuspended, "partner %q is suspended; no new conversions until it is resumed", code)
	}
	return p, err
}

// inForce returns the agreement of a leg, if it is the one that was in force
// when the rate was locked.
func (w *work) inForce(c *ledger.LegTerms, dir ledger.Direction) (*agreement, error) {
	g, err := w.agreements.get(w, c.Agreement)
	if err != nil {
		return nil, err
	}
	if !g.present || g.now.Terms.Partner != c.Partner || g.now.Terms.Direction != dir {
		return nil, refuse(ledger.CodeAgreementUnknown, "no agreement %s with partner %q for direction %s", c.Agreement, c.Partner, dir)
	}
	all, err := w.ofCard(card{c.Partner, dir})
	if err != nil {
		return nil, err
	}
	current, ok := ledger.InForce(all.now.accepted, c.Partner, dir, c.LockedAt)
	switch {
	case !ok:
		return nil, refuse(ledger.CodeAgreementNotInForce, "no agreement with partner %q for direction %s was in force at %d", c.Partner, dir, c.LockedAt)
	case current.ID != c.Agreement:
		return nil, refuse(ledger.CodeAgreementNotInForce, "at %d agreement %s was in force, not %s", c.LockedAt, current.ID, c.Agreement)
	case current.Hash != c.Hash:
		return nil, refuse(ledger.CodeAgreementHash, "agreement %s has the hash %s, not %s", c.Agreement, current.Hash, c.Hash)
	case current.Hash != g.now.Hash:
		return nil, damaged("agreement %s is not the one that was accepted", c.Agreement)
	}
	return &g.now, nil
}

// lock checks the age of a rate lock.
func (w *work) lock(c *ledger.LegTerms, t *ledger.Terms) error {
	age := w.tx.At - c.LockedAt
	switch {
	case age < -lockAhead:
		return refuse(ledger.CodeInvalid, "rate was locked %d ms after the time of the transaction, at most %d", -age, lockAhead)
	case age > int64(t.LockSeconds)*1000:
		return refuse(ledger.CodeLockExpired, "rate was locked %d ms ago, at most %d s; ask for a new quote", age, t.LockSeconds)
	}
	return nil
}

// limit checks a leg against the agreement's step, minimum and maximum. What
// reaches the second leg of a cross conversion is whatever the first one gave,
// so steps are then not asked for.
func (l *leg) limit(stepped bool) error {
	t := l.terms
	switch {
	case l.From < t.Min:
		return refuse(ledger.CodeBelowMinimum, "%d is below the minimum of %d", l.From, t.Min)
	case l.From > t.Max:
		return refuse(ledger.CodeAboveMaximum, "%d is above the maximum of %d", l.From, t.Max)
	case stepped && l.From%t.Step != 0:
		return refuse(ledger.CodeOffStep, "%d is not a multiple of %d", l.From, t.Step)
	}
	return nil
}

// spend counts a leg against the member's caps for the open window and its year.
func (w *work) spend(a *account, l *leg) error {
	u := a.used(l.card(), w.window())
	for _, sum := range []*int64{&u.DayUsed, &u.YearUsed} {
		if err := add(sum, l.From); err != nil {
			return err
		}
	}
	t := l.terms
	switch {
	case t.DayCap > 0 && u.DayUsed > t.DayCap:
		return refuse(ledger.CodeDayCap, "the member may convert %d a day, of which %d are left", t.DayCap, max(t.DayCap-u.DayUsed+l.From, 0))
	case t.YearCap > 0 && u.YearUsed > t.YearCap:
		return refuse(ledger.CodeYearCap, "the member may convert %d a year, of which %d are left", t.YearCap, max(t.YearCap-u.YearUsed+l.From, 0))
	}
	return nil
}

// expose checks what would be owed after a leg against the agreement's cap: by
// the partner after a leg in, by the utility, with what it has on hold, after a
// leg out.
func (w *work) expose(l *leg) error {
	b, err := w.booksOf(l.Partner)
	if err != nil {
		return err
	}
	dir, limit := l.terms.Direction, l.terms.ExposureCap
	owed, err := b.now.exposure(dir)
	if err != nil {
		return err
	}
	if err := add(&owed, l.Value); err != nil {
		return err
	}
	if b.now.shared {
		if r := &b.now.rooms[roomOf(dir)]; r.open && r.limit <= limit && owed <= r.most {
			return nil
		}
		return w.share(l.Partner, dir, limit, l.Value)
	}
	return within(owed, limit)
}

// within refuses what exceeds a cap.
func within(owed, limit int64) error {
	if owed > limit {
		return refuse(ledger.CodeExposureCap, "%d millionths of a yuan would be owed and not settled, at most %d; wait for a settlement or convert less", owed, limit)
	}
	return nil
}

// exposure is what a conversion of a direction adds to: what the partner owes, or
// what the utility owes the partner, counting what is on hold.
func (b *books) exposure(dir ledger.Direction) (int64, error) {
	if dir == ledger.In {
		return b.owed, nil
	}
	owed, ok := ledger.Sub(b.reserved, b.owed)
	if !ok {
		return 0, refuse(ledger.CodeAmountOutOfRange, "what is owed does not fit 64 bits; settle first")
	}
	return owed, nil
}

// check does everything that precedes booking a leg.
func (w *work) check(c *ledger.LegTerms, dir ledger.Direction, a *account, stepped bool) (*leg, error) {
	l, err := w.price(c, dir)
	if err != nil {
		return nil, err
	}
	if err := l.limit(stepped); err != nil {
		return nil, err
	}
	if err := w.spend(a, l); err != nil {
		return nil, err
	}
	return l, w.expose(l)
}

// soundLeg reports whether a stored leg names a partner, if there is one. Keys are
// made of it.
func soundLeg(l *ledger.Leg) bool { return l == nil || ledger.ValidPartner(l.Partner) }

// recall returns the leg that an earlier transfer wrote, with its agreement,
// which need no longer be in force. Where the leg was kept is no key of the pair,
// so what it says is compared with what the pair agreed.
func (w *work) recall(l *ledger.Leg, dir ledger.Direction) (*leg, error) {
	g, err := w.agreements.get(w, l.Agreement)
	if err != nil {
		return nil, err
	}
	p, err := w.partners.get(w, l.Partner)
	if err != nil {
		return nil, err
	}
	all, err := w.series.get(w, card{l.Partner, dir})
	if err != nil {
		return nil, err
	}
	if !g.present || !p.present || g.now.Hash != l.Hash || !all.now.holds(l.Agreement, l.Hash) {
		return nil, damaged("a leg names agreement %s and partner %s, which are not there", l.Agreement, l.Partner)
	}
	own := &leg{Leg: *l, terms: &g.now.Terms, scale: p.now.scale}
	if a, code := own.terms.Amounts(l.From, own.scale); code != ledger.CodeOK || a != own.amounts() {
		return nil, damaged("a leg under agreement %s has other amounts than it gives", l.Agreement)
	}
	return own, nil
}
