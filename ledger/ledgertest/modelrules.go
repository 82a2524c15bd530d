package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// modelResult is what the model expects of a command.
type modelResult struct {
	code     ledger.Code
	replayed bool
	lots     []ledger.Lot
}

// apply returns the model after a command, and how it ends.
func (m *model) apply(caller ledger.Identity, at int64, c ledger.Command) (next *model, r modelResult) {
	next = m.clone()
	defer func() {
		if code, ok := recover().(ledger.Code); ok {
			next, r = m, modelResult{code: code}
		}
	}()
	require(c.Validate() == nil, ledger.CodeInvalid)
	if earlier, ok := m.done[c.ID]; ok {
		require(earlier == c.Digest(), ledger.CodeIDConflict)
		return m, modelResult{code: ledger.CodeOK, replayed: true}
	}
	r = modelResult{code: ledger.CodeOK, lots: next.rules(caller, at, c)}
	next.done[c.ID] = c.Digest()
	if _, ok := next.conversions[c.ID]; !ok {
		next.conversions[c.ID] = modelConversion{account: accountOf(c.Body)}
	}
	return next, r
}

// accountOf is the member's account that a command names, if any.
func accountOf(body ledger.Body) (a ledger.Account) {
	if f := reflect.ValueOf(body).Elem().FieldByName("Account"); f.IsValid() {
		a = f.Interface().(ledger.Account)
	}
	return a
}

func (m *model) rules(caller ledger.Identity, at int64, c ledger.Command) []ledger.Lot {
	switch b := c.Body.(type) {
	case *ledger.ProposeAgreement:
		m.propose(caller, at, c.ID, b)
		return nil
	case *ledger.AcceptAgreement:
		m.decide(caller, at, b.Agreement, &b.Hash)
		return nil
	case *ledger.RejectAgreement:
		m.decide(caller, at, b.Agreement, nil)
		return nil
	}
	require(caller.MSP == m.utility, ledger.CodeNotPermitted)
	switch b := c.Body.(type) {
	case *ledger.RegisterPartner:
		m.register(b)
	case *ledger.SuspendPartner:
		p, ok := m.partners[b.Partner]
		require(ok, ledger.CodePartnerUnknown)
		p.Suspended = b.Suspended
		m.partners[b.Partner] = p
	case *ledger.CloseWindow:
		require(b.Window == m.window, ledger.CodeWindowOrder)
		m.closed = append(m.closed, m.window)
		m.window = b.Next
	case *ledger.CrossConvert:
		m.cross(at, c.ID, b)
	case *ledger.Post:
		return m.end(c.ID, b.Account, b.Hold, true)
	case *ledger.Void:
		return m.end(c.ID, b.Account, b.Hold, false)
	case *ledger.Reverse:
		return m.reverse(b)
	case *ledger.TakeBack:
		return m.takeBack(b.Original, b.Account, m.conversions[b.Original].issued)
	case *ledger.TakeBackPart:
		return m.takeBack(b.Original, b.Account, b.Amount)
	default:
		return m.member(at, c)
	}
	return nil
}

// member carries out what changes one account.
func (m *model) member(at int64, c ledger.Command) (moved []ledger.Lot) {
	var id ledger.Account
	var a modelAccount
	open := func(account ledger.Account) {
		id, a = account, m.account(account)
		_, freezing := c.Body.(*ledger.Freeze)
		require(!a.frozen || freezing, ledger.CodeAccountFrozen)
	}
	switch b := c.Body.(type) {
	case *ledger.Freeze:
		open(b.Account)
		a.frozen = b.Frozen
	case *ledger.Issue:
		open(b.Account)
		require(b.Expiry >= m.window.Month(), ledger.CodeLotExpired)
		if fill := min(a.debt, b.Amount); fill > 0 {
			a.debt -= fill
			m.house["debts"] += fill
		}
		if rest := b.Amount + a.debt - m.account(id).debt; rest > 0 {
			moved = a.give(ledger.Lot{Expiry: b.Expiry, Amount: rest})
		}
		m.house["issued"] -= b.Amount
		m.conversions[c.ID] = modelConversion{account: id, lots: moved, issue: true, issued: b.Amount}
	case *ledger.Expire:
		open(b.Account)
		require(b.Month < m.window.Month(), ledger.CodeLotNotExpired)
		require(a.lots[b.Month] > 0, ledger.CodeNothingToExpire)
		m.house["expired"] += a.lots[b.Month]
		moved = a.take(a.lots[b.Month], []ledger.Month{b.Month})
	case *ledger.ConvertIn:
		open(b.Account)
		f := m.leg(at, c.ID, &a, &b.Leg, in, true)
		expiry := m.window.Month() + ledger.Month(m.agreements[b.Leg.Agreement].Terms.LotMonths)
		moved = a.give(ledger.Lot{Expiry: expiry, Amount: f.To})
		m.converted(c.ID, id, b.Leg.From, &b.Leg, nil, moved)
	case *ledger.ConvertOut:
		open(b.Account)
		m.leg(at, c.ID, &a, &b.Leg, out, true)
		moved = a.take(b.Leg.From, m.usable(&a))
		m.converted(c.ID, id, b.Leg.From, nil, &b.Leg, moved)
	case *ledger.Hold:
		open(b.Account)
		require(len(a.holds) < 64, ledger.CodeTooManyHolds)
		if b.Leg != nil {
			m.leg(at, c.ID, &a, b.Leg, out, true)
		}
		moved = a.take(b.Amount, m.usable(&a))
		a.holds[c.ID] = modelHold{amount: b.Amount, lots: moved, leg: b.Leg, to: b.To}
	}
	m.accounts[id] = a
	return moved
}

// takeBack undoes so much of an issue: what the account has of it and otherwise has
// goes, the rest is owed.
func (m *model) takeBack(original ledger.ID, account ledger.Account, amount int64) (moved []ledger.Lot) {
	c, ok := m.conversions[original]
	require(ok && c.account == account, ledger.CodeTransferUnknown)
	require(c.issue, ledger.CodeNotReversible)
	require(c.issued > 0 && c.issued >= amount, ledger.CodeAboveOriginal)
	a := m.account(account)
	months := a.months()
	if len(c.lots) > 0 {
		require(c.lots[0].Expiry >= m.window.Month(), ledger.CodeLotExpired)
		months = append([]ledger.Month{c.lots[0].Expiry}, months...)
	}
	var there int64
	for _, n := range a.lots {
		there += n
	}
	moved = a.take(min(there, amount), months)
	if short := amount - there; short > 0 {
		a.debt += short
		m.house["debts"] -= short
	}
	m.house["issued"] += amount
	c.issued -= amount
	m.conversions[original], m.accounts[account] = c, a
	return moved
}

func (a *modelAccount) give(l ledger.Lot) []ledger.Lot {
	_, there := a.lots[l.Expiry]
	require(there || len(a.lots) < 128, ledger.CodeTooManyLots)
	a.lots[l.Expiry] += l.Amount
	return []ledger.Lot{l}
}

func (m *model) register(b *ledger.RegisterPartner) {
	require(b.MSP != m.utility, ledger.CodeSameIdentity)
	_, taken := m.partners[b.Partner]
	require(!taken, ledger.CodePartnerExists)
	for _, p := range m.partners {
		require(p.Programme != b.Programme, ledger.CodeProgrammeTaken)
	}
	require(b.Programme != m.hub, ledger.CodeProgrammeTaken)
	m.partners[b.Partner] = ledger.Partner{Code: b.Partner, Programme: b.Programme, Scale: b.Scale, MSP: b.MSP}
}

// next is the version that an agreement must have.
func (m *model) next(t *ledger.Terms) (version uint32) {
	for _, a := range m.agreements {
		if a.Terms.Partner == t.Partner && a.Terms.Direction == t.Direction && a.Status == ledger.AgreementAccepted {
			version = max(version, a.Terms.Version)
		}
	}
	return version + 1
}

// offers counts the agreements offered for the same version.
func (m *model) offers(t *ledger.Terms) (n int) {
	for _, a := range m.agreements {
		if a.Terms.Partner == t.Partner && a.Terms.Direction == t.Direction && a.Terms.Version == t.Version && a.Status == ledger.AgreementProposed {
			n++
		}
	}
	return n
}

func (m *model) propose(caller ledger.Identity, at int64, id ledger.ID, b *ledger.ProposeAgreement) {
	p, ok := m.partners[b.Terms.Partner]
	require(ok, ledger.CodePartnerUnknown)
	require(caller.MSP == m.utility || caller.MSP == p.MSP, ledger.CodeAgreementNotYours)
	require(b.Terms.Version == m.next(&b.Terms), ledger.CodeAgreementVersion)
	require(m.offers(&b.Terms) < 64, ledger.CodeTooManyOffers)
	m.agreements[id] = ledger.Agreement{ID: id, Terms: b.Terms, Hash: b.Terms.Hash(), Status: ledger.AgreementProposed, ProposedBy: caller, ProposedAt: at}
}

// decide accepts, or rejects when there is no hash.
func (m *model) decide(caller ledger.Identity, at int64, id ledger.ID, hash *ledger.Hash) {
	a, ok := m.agreements[id]
	require(ok, ledger.CodeAgreementUnknown)
	require(caller.MSP == m.utility || caller.MSP == m.partners[a.Terms.Partner].MSP, ledger.CodeAgreementNotYours)
	require(hash == nil || caller.MSP != a.ProposedBy.MSP, ledger.CodeSameIdentity)
	require(a.Status == ledger.AgreementProposed, ledger.CodeAgreementDecided)
	a.Status = ledger.AgreementRejected
	if hash != nil {
		require(*hash == a.Hash, ledger.CodeAgreementHash)
		require(a.Terms.Version == m.next(&a.Terms), ledger.CodeAgreementVersion)
		a.Status = ledger.AgreementAccepted
	}
	a.DecidedBy, a.DecidedAt = caller, at
	m.agreements[id] = a
}
