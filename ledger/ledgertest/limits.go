package ledgertest

import (
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

func testLegRefusals(s *suite) {
	p, a := s.partner(0, 0), s.funded(1000)
	limits := func(t *ledger.Terms) { t.Min, t.Max, t.Step = 20, 90, 10 }
	d := p.agree(in, limits)
	o := p.agree(out, limits)
	tiny := s.partner(0, 0).agree(in, func(t *ledger.Terms) { t.Rate = ledger.Rate{FromUnits: 1000 * million, ToUnits: million} })
	huge := s.partner(0, 0).agree(in, func(t *ledger.Terms) { t.Rate = ledger.Rate{FromUnits: 1, ToUnits: ledger.RateMax} })
	foreign := s.partner(1, 0).agree(in, nil)
	to := func(d *deal, from, to int64) ledger.LegTerms {
		return d.changed(from, func(l *ledger.LegTerms) { l.To = to })
	}
	for _, c := range []struct {
		name string
		leg  ledger.LegTerms
		want ledger.Code
	}{
		{"below the minimum", d.leg(10), ledger.CodeBelowMinimum},
		{"at the minimum", d.leg(20), ledger.CodeOK},
		{"between the steps", d.leg(35), ledger.CodeOffStep},
		{"at the maximum", d.leg(90), ledger.CodeOK},
		{"above the maximum", d.leg(100), ledger.CodeAboveMaximum},
		{"another amount than the rate gives", to(d, 30, 31), ledger.CodeAmountMismatch},
		{"too little to give anything", to(tiny, 999, 1), ledger.CodeAmountTooSmall},
		{"more than fits", to(huge, 1_000_000, 1), ledger.CodeAmountOutOfRange},
		{"a partner that is not there", d.changed(30, func(l *ledger.LegTerms) { l.Partner += "x" }), ledger.CodePartnerUnknown},
		{"an agreement that is not there", d.changed(30, func(l *ledger.LegTerms) { l.Agreement = s.id() }), ledger.CodeAgreementUnknown},
		{"an agreement of the other direction", o.leg(30), ledger.CodeAgreementUnknown},
		{"an agreement of another partner", foreign.changed(30, func(l *ledger.LegTerms) { l.Partner = p.code }), ledger.CodeAgreementUnknown},
		{"other terms", d.changed(30, func(l *ledger.LegTerms) { l.Hash[0]++ }), ledger.CodeAgreementHash},
	} {
		s.each(c.name, func() {
			r := s.submit(s.Utility, s.command(&ledger.ConvertIn{Account: a, Leg: c.leg}))[0]
			if r.Code != c.want {
				s.Errorf("ended with %s %s, want %s", r.Code, r.Message, c.want)
			}
		})
	}
	s.each("out has the same limits", func() {
		s.refused(ledger.CodeBelowMinimum, o.out(a, 10))
		s.refused(ledger.CodeOffStep, o.hold(a, 35))
		s.refused(ledger.CodeAgreementUnknown, &ledger.ConvertOut{Account: a, Leg: d.leg(30)})
	})
	s.each("a rate lock that is too old", func() { s.oldLock(a) })
	s.each("a frozen account", func() {
		s.ok(&ledger.Freeze{Account: a, Frozen: true})
		s.refused(ledger.CodeAccountFrozen, d.in(a, 30))
		s.refused(ledger.CodeAccountFrozen, o.out(a, 30))
		s.refused(ledger.CodeAccountFrozen, o.hold(a, 30))
	})
}

func (s *suite) oldLock(a ledger.Account) {
	d := s.partner(0, 0).agree(in, func(t *ledger.Terms) { t.LockSeconds = 2 })
	old := d.in(a, 10)
	s.Advance(2100 * time.Millisecond)
	s.refused(ledger.CodeLockExpired, old)
	s.ok(d.in(a, 10))
}

func testCaps(s *suite) {
	p, a, b := s.partner(0, 0), s.funded(1000), s.member()
	d := p.agree(in, func(t *ledger.Terms) { t.DayCap, t.YearCap = 100, 150 })
	o := p.agree(out, func(t *ledger.Terms) { t.DayCap, t.YearCap = 100, 150 })
	early(s) // at least three windows of the same year must follow

	s.ok(d.in(a, 60))
	s.refused(ledger.CodeDayCap, d.in(a, 41))
	s.ok(d.in(a, 40))
	s.ok(d.in(b, 100)) // each member by itself
	s.ok(o.out(a, 70)) // each direction by itself
	s.refused(ledger.CodeDayCap, o.hold(a, 31))

	s.closeUntil(s.window() + 1)
	s.refused(ledger.CodeYearCap, d.in(a, 51))
	s.ok(d.in(a, 50))
	s.used(a, p, in, 50, 150)
	s.used(a, p, out, 70, 70)

	s.closeUntil(s.window() + 1)
	s.refused(ledger.CodeYearCap, d.in(a, 1))
	s.closeUntil(newYear(s.window()))
	s.ok(d.in(a, 100))
	s.used(a, p, in, 100, 100)
}

// early moves the window into the first half of a year.
func early(s *suite) {
	s.Helper()
	if w := s.window(); newYear(w)-w < 180 {
		s.closeUntil(newYear(w))
	}
}

func newYear(d ledger.Date) ledger.Date {
	next := d
	for next.Year() == d.Year() {
		next++
	}
	return next
}

// used checks what a member has used of its caps.
func (s *suite) used(a ledger.Account, p *pair, dir ledger.Direction, day, year int64) {
	s.Helper()
	for _, u := range s.account(a).Usage {
		if u.Partner == p.code && u.Direction == dir {
			if u.DayUsed != day || u.YearUsed != year {
				s.Errorf("used %s: %+v, want %d in the day and %d in the year", dir, u, day, year)
			}
			return
		}
	}
	if day != 0 || year != 0 {
		s.Errorf("no usage of direction %s", dir)
	}
}

// testExposure has a cap of one yuan each way, at one fen per point.
func testExposure(s *suite) {
	p, a := s.partner(0, 0), s.funded(1000)
	limit := func(t *ledger.Terms) { t.ExposureCap = 100 * fen }
	d, o := p.agree(in, limit), p.agree(out, limit)
	s.refused(ledger.CodeExposureCap, d.in(a, 101))
	t := s.ok(d.in(a, 100))
	s.refused(ledger.CodeExposureCap, d.in(a, 1))
	s.ok(&ledger.Reverse{Original: t.ID, Account: a, Amount: 30})
	s.ok(d.in(a, 30))
	// The partner owes a yuan, so the utility can come to owe two more.
	s.refused(ledger.CodeExposureCap, o.out(a, 201))
	h := s.ok(o.hold(a, 150)).ID
	s.refused(ledger.CodeExposureCap, o.out(a, 51)) // what is on hold counts
	s.refused(ledger.CodeExposureCap, d.in(a, 1))   // but owes nothing yet
	s.ok(&ledger.Void{Account: a, Hold: h})
	h = s.ok(o.hold(a, 200)).ID
	s.ok(&ledger.Post{Account: a, Hold: h})
	if got := p.state().Owed; got != -100*fen {
		s.Errorf("owed is %d, want %d", got, -100*fen)
	}
	s.refused(ledger.CodeExposureCap, o.hold(a, 1))
	s.ok(d.in(a, 200))
	s.ok(o.out(a, 200)) // what was on hold is no longer
}
