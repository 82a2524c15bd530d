package ledgertest

import (
	"reflect"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

func testAgreements(s *suite) {
	p := s.partner(0, 0)
	stranger := s.Partners[1]
	terms := p.terms(ledger.In, nil)
	propose := &ledger.ProposeAgreement{Terms: terms}
	s.refusedAs(stranger, ledger.CodeAgreementNotYours, propose)
	s.refused(ledger.CodeAgreementVersion, &ledger.ProposeAgreement{Terms: p.terms(ledger.In, func(t *ledger.Terms) { t.Version = 2 })})

	byUtility := s.ok(propose).ID
	byPartner := s.okAs(p.company, propose).ID
	accept := &ledger.AcceptAgreement{Agreement: byUtility, Hash: terms.Hash()}
	s.refused(ledger.CodeSameIdentity, accept)
	s.refusedAs(p.company, ledger.CodeSameIdentity, &ledger.AcceptAgreement{Agreement: byPartner, Hash: terms.Hash()})
	s.refusedAs(stranger, ledger.CodeAgreementNotYours, accept)
	s.refusedAs(p.company, ledger.CodeAgreementHash, &ledger.AcceptAgreement{Agreement: byUtility})
	s.refusedAs(p.company, ledger.CodeAgreementUnknown, &ledger.AcceptAgreement{Agreement: s.id(), Hash: terms.Hash()})
	s.refusedAs(stranger, ledger.CodeAgreementNotYours, &ledger.RejectAgreement{Agreement: byUtility})

	accepted := s.okAs(p.company, accept)
	s.refusedAs(p.company, ledger.CodeAgreementDecided, accept)
	s.refused(ledger.CodeAgreementDecided, &ledger.RejectAgreement{Agreement: byUtility})
	// The other proposal has the same version, which is no longer the next.
	s.refused(ledger.CodeAgreementVersion, &ledger.AcceptAgreement{Agreement: byPartner, Hash: terms.Hash()})
	s.ok(&ledger.RejectAgreement{Agreement: byPartner, Reason: "superseded"})
	withdrawn := s.ok(&ledger.ProposeAgreement{Terms: p.terms(ledger.In, func(t *ledger.Terms) { t.Version = 2 })}).ID
	s.ok(&ledger.RejectAgreement{Agreement: withdrawn, Reason: "withdrawn"})

	var offers []ledger.Command
	for range 65 {
		offers = append(offers, s.command(&ledger.ProposeAgreement{Terms: p.terms(ledger.Out, nil)}))
	}
	s.each("64 offers", func() { s.boundary(offers, 64, ledger.CodeTooManyOffers) })

	s.status(byPartner, ledger.AgreementRejected)
	s.status(withdrawn, ledger.AgreementRejected)
	got := s.status(byUtility, ledger.AgreementAccepted)
	want := ledger.Agreement{ID: byUtility, Terms: terms, Hash: terms.Hash(), Status: ledger.AgreementAccepted,
		ProposedBy: s.Utility, ProposedAt: got.ProposedAt, DecidedBy: p.company, DecidedAt: accepted.At}
	if !reflect.DeepEqual(got, want) || got.ProposedAt > got.DecidedAt {
		s.Errorf("agreement is %+v, want %+v", got, want)
	}
}

// status returns an agreement and checks where it stands.
func (s *suite) status(id ledger.ID, want ledger.AgreementStatus) ledger.Agreement {
	s.Helper()
	all, err := s.Ledger.Agreements(s.ctx)
	s.check(err)
	for _, a := range all {
		if a.ID == id {
			if a.Status != want {
				s.Errorf("agreement is %s, want %s", a.Status, want)
			}
			return a
		}
	}
	s.Fatalf("agreement %s is not listed", id)
	return ledger.Agreement{}
}

// testInForce locks rates at instants around the dates of three versions.
func testInForce(s *suite) {
	p, a := s.partner(0, 0), s.member()
	s.Advance(time.Second)
	start := s.Now().UnixMilli()
	ends := start + 60_000
	first := p.agree(ledger.In, func(t *ledger.Terms) { t.Until = ends })
	second := p.agree(ledger.In, func(t *ledger.Terms) { t.Version, t.From = 2, start+30_000 })
	proposed := p.terms(ledger.In, func(t *ledger.Terms) { t.Version = 3 })
	third := &deal{p: p, id: s.ok(&ledger.ProposeAgreement{Terms: proposed}).ID, terms: proposed}
	now := s.Now().UnixMilli()
	for _, c := range []struct {
		name string
		deal *deal
		at   int64
		want ledger.Code
	}{
		{"the first from its acceptance", first, now, ledger.CodeOK},
		{"the first until the second begins", first, start + 29_999, ledger.CodeOK},
		{"the second not before it begins", second, start + 29_999, ledger.CodeAgreementNotInForce},
		{"the second from when it begins", second, start + 30_000, ledger.CodeOK},
		{"the first no longer then", first, start + 30_000, ledger.CodeAgreementNotInForce},
		{"the second when the first has ended", second, ends, ledger.CodeOK},
		{"none before any was accepted", first, start - 1, ledger.CodeAgreementNotInForce},
		{"none that is only proposed", third, now, ledger.CodeAgreementNotInForce},
	} {
		s.each(c.name, func() {
			l := c.deal.changed(10, func(l *ledger.LegTerms) { l.LockedAt = c.at })
			body := &ledger.ConvertIn{Account: a, Leg: l}
			if r := s.submit(s.Utility, s.command(body))[0]; r.Code != c.want {
				s.Errorf("ended with %s %s, want %s", r.Code, r.Message, c.want)
			}
		})
	}
}
