package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// testCross turns 1,000 miles into 666 points, less 6 of a fee, and those 660
// into 1,320 stars, which is no multiple of the second agreement's step.
func testCross(s *suite) {
	sky, star := s.partner(0, 0), s.partner(1, 0)
	source := sky.agree(in, func(t *ledger.Terms) {
		t.Rate, t.FeeBPS, t.DayCap = ledger.Rate{FromUnits: third, ToUnits: million}, 100, 1500
	})
	destination := star.agree(out, func(t *ledger.Terms) {
		t.Rate, t.Step, t.Max, t.DayCap = ledger.Rate{FromUnits: million, ToUnits: 2 * million}, 7, 700, 700
	})
	a := s.member()
	cross := func(from int64) *ledger.CrossConvert {
		l := source.leg(from)
		return &ledger.CrossConvert{Account: a, Source: l, Destination: destination.leg(l.To), Reference: "x-1"}
	}
	s.refused(ledger.CodeAboveMaximum, cross(1200)) // gives 792
	t := s.ok(cross(1000))
	if t.Source.To != 660 || t.Source.Fee != 6 || t.Destination.From != 660 || t.Destination.To != 1320 || t.Amount != 1000 {
		s.Errorf("the legs are %+v and %+v", t.Source, t.Destination)
	}
	s.has(a, nil)
	s.used(a, sky, in, 1000, 1000)
	s.used(a, star, out, 660, 660)
	if sky.state().Owed != 666*fen || star.state().Owed != -660*fen {
		s.Errorf("owed are %d and %d", sky.state().Owed, star.state().Owed)
	}
	s.house(sky, map[string]int64{"clearing": -666, "fee": 6, "residue": 0}, map[string]int64{"members": -1000, "clearing": 1000, "residue": 0})
	s.house(star, map[string]int64{"clearing": 660, "fee": 0, "residue": 0}, map[string]int64{"members": 1320, "clearing": -1320, "residue": 0})

	s.refused(ledger.CodeDayCap, cross(501)) // of the source
	s.refused(ledger.CodeDayCap, cross(62))  // of the destination: 41 above 660
	s.ok(&ledger.SuspendPartner{Partner: star.code, Suspended: true})
	s.refused(ledger.CodePartnerSuspended, cross(10))

	s.ok(&ledger.Reverse{Original: t.ID, Account: a, Amount: 400})
	r := s.ok(&ledger.Reverse{Original: t.ID, Account: a, Amount: 600})
	if r.Source == nil || r.Destination == nil || r.Destination.From != r.Source.To || len(r.Lots) != 0 {
		s.Errorf("the reversal is %+v", r)
	}
	none := map[string]int64{"clearing": 0, "fee": 0, "residue": 0}
	s.house(sky, none, map[string]int64{"members": 0, "clearing": 0, "residue": 0})
	s.house(star, none, map[string]int64{"members": 0, "clearing": 0, "residue": 0})
	if sky.state().Owed != 0 || star.state().Owed != 0 {
		s.Errorf("owed are %d and %d after the reversal", sky.state().Owed, star.state().Owed)
	}
}

// house checks the house accounts of a pair.
func (s *suite) house(p *pair, hub, own map[string]int64) {
	s.Helper()
	gotHub, gotOwn := p.house()
	if !reflect.DeepEqual(gotHub, hub) || !reflect.DeepEqual(gotOwn, own) {
		s.Errorf("house accounts are %v and %v, want %v and %v", gotHub, gotOwn, hub, own)
	}
}
