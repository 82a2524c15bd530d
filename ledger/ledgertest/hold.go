package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

func testHolds(s *suite) {
	s.each("for a conversion", s.heldConversion)
	s.each("for the mall", s.heldForMall)
	s.each("refused for what it is", func() {
		a, o := s.funded(10), s.partner(0, 0).agree(out, nil)
		s.refused(ledger.CodeInsufficientPoints, o.hold(a, 11))
		s.refused(ledger.CodeHoldNotOpen, &ledger.Post{Account: a, Hold: s.id()})
		h := s.ok(&ledger.Hold{Account: a, Amount: 10, To: "mall"}).ID
		s.refused(ledger.CodeHoldNotOpen, &ledger.Void{Account: s.funded(10), Hold: h})
		s.ok(&ledger.Freeze{Account: a, Frozen: true})
		s.ok(&ledger.Void{Account: a, Hold: h}) // was under way
	})
}

// heldConversion posts in the window after the hold, when another version of the
// agreement is in force and the partner's members have got nothing yet.
func (s *suite) heldConversion() {
	p, a := s.partner(0, 0), s.funded(2000)
	o := p.agree(out, func(t *ledger.Terms) {
		t.Rate, t.FeeBPS = ledger.Rate{FromUnits: million, ToUnits: third}, 50
	})
	t := s.ok(o.hold(a, 1000))
	if t.Destination == nil || t.Destination.To != 1492 || t.Amount != 1000 || t.To != "" {
		s.Fatalf("the hold is %+v", t)
	}
	want := []ledger.OpenHold{{ID: t.ID, Amount: 1000, Lots: t.Lots, Leg: t.Destination}}
	if got := s.account(a).Holds; !reflect.DeepEqual(got, want) {
		s.Errorf("open holds are %+v, want %+v", got, want)
	}
	if got := p.position(); got.Out.Count != 0 || p.state().Owed != 0 {
		s.Errorf("a hold counts in the position: %+v", got)
	}
	p.agree(out, func(t *ledger.Terms) { t.Version = 2 })
	s.closeUntil(s.window() + 1)

	post := s.ok(&ledger.Post{Account: a, Hold: t.ID, Reference: "credit-7"})
	if post.Related != t.ID || post.Amount != 1000 || post.Reference != "credit-7" ||
		!reflect.DeepEqual(post.Destination, t.Destination) || !reflect.DeepEqual(post.Lots, t.Lots) {
		s.Errorf("the post is %+v", post)
	}
	s.house(p, map[string]int64{"clearing": 995, "fee": 5, "residue": 0}, map[string]int64{"members": 1492, "clearing": -1492, "residue": 0})
	if got := p.position().Out; got != (ledger.Flow{Count: 1, From: 1000, To: 1492, EPT: 995, Fee: 5, Value: 995 * fen}) {
		s.Errorf("the position's flow is %+v", got)
	}
	s.refused(ledger.CodeHoldNotOpen, &ledger.Post{Account: a, Hold: t.ID})
	if got := s.account(a); got.Available() != 1000 || len(got.Holds) != 0 {
		s.Errorf("the account is %+v", got)
	}
}

func (s *suite) heldForMall() {
	a := s.funded(100)
	before := s.balances(s.hub)["mall"]
	first := s.ok(&ledger.Hold{Account: a, Amount: 30, To: "mall", Reason: "order 1"})
	second := s.ok(&ledger.Hold{Account: a, Amount: 50, To: "mall", Reason: "order 2"})
	if first.To != "mall" || first.Destination != nil || first.Reason != "order 1" {
		s.Errorf("the hold is %+v", first)
	}
	post := s.ok(&ledger.Post{Account: a, Hold: first.ID})
	if post.To != "mall" || post.Amount != 30 || post.Destination != nil {
		s.Errorf("the post is %+v", post)
	}
	void := s.ok(&ledger.Void{Account: a, Hold: second.ID, Reason: "out of stock"})
	if void.Related != second.ID || void.Amount != 50 || void.Reason != "out of stock" || !reflect.DeepEqual(void.Lots, second.Lots) {
		s.Errorf("the void is %+v", void)
	}
	if got := s.balances(s.hub)["mall"] - before; got != 30 {
		s.Errorf("the mall got %d, want 30", got)
	}
	if got := s.account(a); got.Available() != 70 {
		s.Errorf("the account has %d, want 70", got.Available())
	}
}

func testVoidAllowance(s *suite) {
	p, a := s.partner(0, 0), s.funded(1000)
	o := p.agree(out, func(t *ledger.Terms) { t.DayCap, t.YearCap = 100, 1000 })
	early(s)
	hold := func(n int64) ledger.ID { s.Helper(); return s.ok(o.hold(a, n)).ID }
	void := func(id ledger.ID) { s.Helper(); s.ok(&ledger.Void{Account: a, Hold: id}) }

	first, second, third := hold(50), hold(30), hold(20)
	s.refused(ledger.CodeDayCap, o.hold(a, 1))
	void(first)
	s.used(a, p, out, 50, 50)
	hold(50)
	s.closeUntil(s.window() + 1)
	s.ok(o.out(a, 10))
	void(second) // of yesterday, so today's allowance stays as it is
	s.used(a, p, out, 10, 80)
	s.closeUntil(newYear(s.window()))
	s.ok(o.out(a, 5))
	void(third) // of last year
	s.used(a, p, out, 5, 5)
}

func testSuspension(s *suite) {
	p, a := s.partner(0, 0), s.funded(1000)
	d, o := p.agree(in, nil), p.agree(out, nil)
	posted, voided := s.ok(o.hold(a, 10)).ID, s.ok(o.hold(a, 20)).ID
	conversion := s.ok(d.in(a, 40)).ID
	s.ok(&ledger.SuspendPartner{Partner: p.code, Suspended: true, Reason: "audit"})
	s.refused(ledger.CodePartnerSuspended, d.in(a, 10))
	s.refused(ledger.CodePartnerSuspended, o.out(a, 10))
	s.refused(ledger.CodePartnerSuspended, o.hold(a, 10))
	s.ok(&ledger.Freeze{Account: a, Frozen: true})
	s.ok(&ledger.Post{Account: a, Hold: posted})
	s.ok(&ledger.Void{Account: a, Hold: voided})
	s.ok(&ledger.Reverse{Original: conversion, Account: a, Amount: 40})
	s.ok(&ledger.Freeze{Account: a, Frozen: false})
	s.ok(&ledger.SuspendPartner{Partner: p.code, Suspended: false})
	s.ok(d.in(a, 10))
}
