package ledgertest

import (
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// current is the agreement in force at an instant.
func (m *model) current(partner string, dir ledger.Direction, at int64) (best ledger.Agreement) {
	for _, a := range m.agreements {
		t := &a.Terms
		if t.Partner == partner && t.Direction == dir && a.Status == ledger.AgreementAccepted && a.DecidedAt <= at &&
			t.From <= at && (t.Until == 0 || at < t.Until) && t.Version > best.Terms.Version {
			best = a
		}
	}
	return best
}

// leg checks a leg against everything but the member's points.
func (m *model) leg(at int64, id ledger.ID, a *modelAccount, l *ledger.LegTerms, dir ledger.Direction, stepped bool) ledger.Amounts {
	p, ok := m.partners[l.Partner]
	require(ok, ledger.CodePartnerUnknown)
	require(!p.Suspended, ledger.CodePartnerSuspended)
	g, ok := m.agreements[l.Agreement]
	require(ok && g.Terms.Partner == l.Partner && g.Terms.Direction == dir, ledger.CodeAgreementUnknown)
	require(m.current(l.Partner, dir, l.LockedAt).ID == l.Agreement, ledger.CodeAgreementNotInForce)
	require(g.Hash == l.Hash, ledger.CodeAgreementHash)
	require(l.LockedAt <= at+300_000, ledger.CodeInvalid)
	require(at <= l.LockedAt+1000*int64(g.Terms.LockSeconds), ledger.CodeLockExpired)
	f := figuresOf(&g.Terms, l.From, p.Scale)
	require(f.fits(), ledger.CodeAmountOutOfRange)
	require(f.to.Sign() > 0, ledger.CodeAmountTooSmall)
	require(f.to.Int64() == l.To, ledger.CodeAmountMismatch)
	m.limits(id, a, &g.Terms, l.From, stepped)
	owed := m.owed(l.Partner)
	if dir == out {
		owed = m.reserved(l.Partner) - owed
	}
	require(owed+f.value.Int64() <= g.Terms.ExposureCap, ledger.CodeExposureCap)
	return f.amounts(l.From)
}

func (m *model) limits(id ledger.ID, a *modelAccount, t *ledger.Terms, from int64, stepped bool) {
	require(from >= t.Min, ledger.CodeBelowMinimum)
	require(from <= t.Max, ledger.CodeAboveMaximum)
	require(!stepped || from%t.Step == 0, ledger.CodeOffStep)
	day := a.spending(t.Partner, t.Direction, func(w ledger.Date) bool { return w == m.window })
	year := a.spending(t.Partner, t.Direction, func(w ledger.Date) bool { return w.Year() == m.window.Year() })
	require(t.DayCap == 0 || day+from <= t.DayCap, ledger.CodeDayCap)
	require(t.YearCap == 0 || year+from <= t.YearCap, ledger.CodeYearCap)
	a.spent = append(a.spent, modelSpent{id, t.Partner, t.Direction, m.window, from})
}

// converted notes a conversion; its legs count in the open window.
func (m *model) converted(id ledger.ID, account ledger.Account, from int64, source, destination *ledger.LegTerms, moved []ledger.Lot) {
	c := modelConversion{account: account, from: from, remains: from, lots: moved, reversible: true}
	if source != nil {
		c.source = source.Agreement
		m.flow(c.source, false, m.amounts(c.source, source.From))
	}
	if destination != nil {
		c.destination = destination.Agreement
		m.flow(c.destination, false, m.amounts(c.destination, destination.From))
	}
	m.conversions[id] = c
}

func (m *model) flow(agreement ledger.ID, reversed bool, a ledger.Amounts) {
	t := m.agreements[agreement].Terms
	m.flows = append(m.flows, modelFlow{t.Partner, t.Direction, reversed, m.window, a})
}

func (m *model) cross(at int64, id ledger.ID, b *ledger.CrossConvert) {
	a := m.account(b.Account)
	require(!a.frozen, ledger.CodeAccountFrozen)
	m.leg(at, id, &a, &b.Source, in, true)
	m.leg(at, id, &a, &b.Destination, out, false)
	m.converted(id, b.Account, b.Source.From, &b.Source, &b.Destination, nil)
	m.accounts[b.Account] = a
}

// end posts or voids a hold.
func (m *model) end(id ledger.ID, account ledger.Account, hold ledger.ID, post bool) []ledger.Lot {
	a := m.account(account)
	h, ok := a.holds[hold]
	require(ok, ledger.CodeHoldNotOpen)
	delete(a.holds, hold)
	m.accounts[account] = a
	switch {
	case !post:
		for _, l := range h.lots {
			a.lots[l.Expiry] += l.Amount
		}
		a.spent = slices.DeleteFunc(a.spent, func(s modelSpent) bool { return s.by == hold })
		m.accounts[account] = a
	case h.leg == nil:
		m.house[h.to] += h.amount
		m.conversions[id] = modelConversion{account: account, from: h.amount, remains: h.amount, to: h.to, lots: h.lots, reversible: true}
	default:
		m.converted(id, account, h.amount, nil, h.leg, h.lots)
	}
	return h.lots
}

func (m *model) reverse(b *ledger.Reverse) (moved []ledger.Lot) {
	c, ok := m.conversions[b.Original]
	require(ok && c.account == b.Account, ledger.CodeTransferUnknown)
	require(c.reversible, ledger.CodeNotReversible)
	require(b.Amount <= c.remains, ledger.CodeAboveOriginal)
	before, after := c.remains, c.remains-b.Amount
	c.remains = after
	m.conversions[b.Original] = c
	a := m.account(b.Account)
	for _, agreement := range []ledger.ID{c.source, c.destination} {
		if !agreement.IsZero() {
			x, y := m.amounts(agreement, before), m.amounts(agreement, after)
			m.flow(agreement, true, ledger.Amounts{From: x.From - y.From, To: x.To - y.To, EPT: x.EPT - y.EPT, Fee: x.Fee - y.Fee, Value: x.Value - y.Value})
			before, after = x.To, y.To
		}
	}
	switch {
	case c.to != "":
		m.house[c.to] -= b.Amount
		moved = a.restore(c.lots, b.Amount+c.remains, c.remains)
	case c.destination.IsZero():
		first := []ledger.Month{c.lots[0].Expiry}
		moved = a.take(before-after, append(first, a.months()...))
	case c.source.IsZero():
		moved = a.restore(c.lots, b.Amount+c.remains, c.remains)
	}
	if len(moved) > 0 {
		m.accounts[b.Account] = a
	}
	return moved
}

// restore gives back what the first `before` points of a list of taken lots
// have over the first `after`, last lot first.
func (a *modelAccount) restore(taken []ledger.Lot, before, after int64) (back []ledger.Lot) {
	x, y := prefix(taken, before), prefix(taken, after)
	for i := len(taken) - 1; i >= 0; i-- {
		if n := x[i] - y[i]; n > 0 {
			back = append(back, ledger.Lot{Expiry: taken[i].Expiry, Amount: n})
			a.lots[taken[i].Expiry] += n
		}
	}
	return back
}

// prefix divides the first n points of a list of lots among them.
func prefix(lots []ledger.Lot, n int64) []int64 {
	parts := make([]int64, len(lots))
	for i, l := range lots {
		parts[i] = min(n, l.Amount)
		n -= parts[i]
	}
	return parts
}

// position adds up a partner's flows of a window.
func (m *model) position(partner string, window ledger.Date) ledger.Position {
	p := ledger.Position{Partner: partner, Window: window}
	for _, f := range m.flows {
		if f.partner != partner || f.window != window {
			continue
		}
		into := map[[2]bool]*ledger.Flow{
			{true, false}: &p.In, {true, true}: &p.ReversedIn, {false, false}: &p.Out, {false, true}: &p.ReversedOut,
		}[[2]bool{f.dir == in, f.reversed}]
		into.Count++
		into.From += f.amounts.From
		into.To += f.amounts.To
		into.EPT += f.amounts.EPT
		into.Fee += f.amounts.Fee
		into.Value += f.amounts.Value
	}
	return p
}

// codesOf are the partners' codes, in order.
func (m *model) codesOf() []string { return slices.Sorted(maps.Keys(m.partners)) }
