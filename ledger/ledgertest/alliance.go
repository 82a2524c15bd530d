package ledgertest

import (
	"github.com/pointgrid/pointgrid/ledger"
)

func testAlliance(s *suite) {
	s.refused(ledger.CodeAlreadyInitialised, &ledger.Initialise{Hub: "EPT", Window: 20000})
	s.refusedAs(s.Partners[0], ledger.CodeAlreadyInitialised, &ledger.Initialise{Hub: "EPT", Window: 20000})
	w, err := s.Ledger.Window(s.ctx, s.window())
	s.check(err)
	if w.Date != s.window() || w.ClosedAt != 0 || w.OpenedAt == 0 {
		s.Errorf("the open window is %+v", w)
	}
}

func testPartners(s *suite) {
	p := s.partner(0, 2)
	again := p.registration()
	again.Programme = "OTHER"
	s.refused(ledger.CodePartnerExists, again)
	taken := p.registration()
	taken.Partner += "x"
	s.refused(ledger.CodeProgrammeTaken, taken)
	taken.Programme = s.hub
	s.refused(ledger.CodeProgrammeTaken, taken)
	own := p.registration()
	own.Partner, own.MSP = p.code+"y", s.Utility.MSP
	s.refused(ledger.CodeSameIdentity, own)
	s.refused(ledger.CodePartnerUnknown, &ledger.SuspendPartner{Partner: p.code + "z", Suspended: true})
	s.refused(ledger.CodePartnerUnknown, &ledger.ProposeAgreement{Terms: (&pair{code: p.code + "z"}).terms(ledger.In, nil)})

	want := ledger.Partner{Code: p.code, Programme: p.programme, Scale: 2, MSP: p.company.MSP}
	if got := p.state(); got != want {
		s.Errorf("partner is %+v, want %+v", got, want)
	}
	second := s.partner(0, 0)
	if second.state().MSP != want.MSP {
		s.Error("a company cannot have two programmes")
	}
	s.ok(&ledger.SuspendPartner{Partner: p.code, Suspended: true, Reason: "audit"})
	if !p.state().Suspended || second.state().Suspended {
		s.Error("the wrong partner is suspended")
	}
}

func testPermission(s *suite) {
	p := s.partner(0, 0)
	in, out := p.agree(ledger.In, nil), p.agree(ledger.Out, nil)
	a := s.funded(100)
	hold := s.ok(&ledger.Hold{Account: a, Amount: 1, To: "mall"}).ID
	conversion := s.ok(in.in(a, 10)).ID
	for _, body := range []ledger.Body{
		&ledger.RegisterPartner{Partner: p.code + "x", Programme: "XX", MSP: "X"},
		&ledger.SuspendPartner{Partner: p.code, Suspended: true},
		&ledger.Issue{Account: a, Amount: 1, Expiry: s.window().Month()},
		&ledger.Expire{Account: a, Month: 0},
		&ledger.Hold{Account: a, Amount: 1, To: "mall"},
		&ledger.Post{Account: a, Hold: hold},
		&ledger.Void{Account: a, Hold: hold},
		in.in(a, 10), out.out(a, 10),
		&ledger.Reverse{Original: conversion, Account: a, Amount: 1},
		&ledger.Freeze{Account: a, Frozen: true},
		&ledger.CloseWindow{Window: s.window(), Next: s.window() + 1},
	} {
		s.each(body.Kind().String(), func() { s.refusedAs(p.company, ledger.CodeNotPermitted, body) })
	}
}

func testInvalid(s *suite) {
	p := s.partner(0, 0)
	d := p.agree(ledger.In, nil)
	a := s.member()
	far := s.Now().UnixMilli() + 6*60*1000
	for _, c := range []struct {
		name string
		body ledger.Body
	}{
		{"no account", &ledger.Issue{Amount: 1, Expiry: 700}},
		{"no amount", &ledger.Issue{Account: a, Expiry: 700}},
		{"negative amount", &ledger.Issue{Account: a, Amount: -1, Expiry: 700}},
		{"amount above the maximum", &ledger.Issue{Account: a, Amount: ledger.AmountMax + 1, Expiry: 700}},
		{"long reason", &ledger.Freeze{Account: a, Reason: text(26) + string(make([]byte, ledger.ReasonMax))}},
		{"reason that is not UTF-8", &ledger.Freeze{Account: a, Reason: "\xff"}},
		{"line feed in a reason", &ledger.Freeze{Account: a, Reason: "a\nb"}},
		{"unknown house account", &ledger.Hold{Account: a, Amount: 1, To: "issued"}},
		{"hold for nothing", &ledger.Hold{Account: a, Amount: 1}},
		{"leg without an agreement", &ledger.ConvertIn{Account: a, Leg: d.changed(1, func(l *ledger.LegTerms) { l.Agreement = ledger.ID{} })}},
		{"leg of nothing", &ledger.ConvertIn{Account: a, Leg: d.changed(1, func(l *ledger.LegTerms) { l.From = 0 })}},
		{"rate locked in the future", &ledger.ConvertIn{Account: a, Leg: d.changed(1, func(l *ledger.LegTerms) { l.LockedAt = far })}},
		{"cross conversion with itself", &ledger.CrossConvert{Account: a, Source: d.leg(1), Destination: d.leg(1)}},
		{"terms without a step", &ledger.ProposeAgreement{Terms: p.terms(ledger.Out, func(t *ledger.Terms) { t.Step = 0 })}},
		{"lots that never end", &ledger.ProposeAgreement{Terms: p.terms(ledger.In, func(t *ledger.Terms) { t.LotMonths = 0 })}},
		{"window that does not move", &ledger.CloseWindow{Window: s.window(), Next: s.window()}},
		{"window beyond the calendar", &ledger.CloseWindow{Window: s.window(), Next: ledger.DateMax + 1}},
		{"partner code in capitals", &ledger.RegisterPartner{Partner: "SKY", Programme: "SKY", MSP: "M"}},
		{"no body", nil},
	} {
		s.each(c.name, func() {
			r := s.submit(s.Utility, ledger.Command{ID: s.id(), Body: c.body})[0]
			if r.Code != ledger.CodeInvalid {
				s.Errorf("ended with %s %s", r.Code, r.Message)
			}
		})
	}
	s.each("an ID that is no UUID", func() {
		r := s.submit(s.Utility, ledger.Command{Body: &ledger.Issue{Account: a, Amount: 1, Expiry: 700}})[0]
		if r.Code != ledger.CodeInvalid {
			s.Errorf("ended with %s %s", r.Code, r.Message)
		}
	})
}
