package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// conversion is one row of what a conversion must give.
type conversion struct {
	name       string
	dir        ledger.Direction
	scale      uint8
	from, to   int64 // the rate, in millionths
	bps        uint32
	payer      ledger.FeePayer
	amount     int64
	want       ledger.Amounts
	hub, owned map[string]int64 // house accounts of the pair afterwards
}

const (
	fen     = 10_000 // the price of a point, in millionths of a yuan
	third   = million / 2 * 3
	in, out = ledger.In, ledger.Out
)

func conversions() []conversion {
	type house = map[string]int64
	return []conversion{
		{"in at one to one", in, 0, million, million, 0, ledger.FeeMember, 1000,
			ledger.Amounts{From: 1000, To: 1000, EPT: 1000, Value: 1000 * fen},
			house{"clearing": -1000, "fee": 0, "residue": 0}, house{"members": -1000, "clearing": 1000, "residue": 0}},
		{"in at three to two rounds down", in, 0, third, million, 0, ledger.FeeMember, 1000,
			ledger.Amounts{From: 1000, To: 666, EPT: 666, Residue: 2, Value: 666 * fen},
			house{"clearing": -666, "fee": 0, "residue": 0}, house{"members": -1000, "clearing": 1000, "residue": 0}},
		{"in with a fee of the member", in, 0, third, million, 50, ledger.FeeMember, 1000,
			ledger.Amounts{From: 1000, To: 663, EPT: 666, Fee: 3, Residue: 2, Value: 666 * fen},
			house{"clearing": -666, "fee": 3, "residue": 0}, house{"members": -1000, "clearing": 1000, "residue": 0}},
		{"in with a fee of the partner", in, 0, third, million, 50, ledger.FeePartner, 1000,
			ledger.Amounts{From: 1000, To: 666, EPT: 666, Fee: 3, Residue: 2, Value: 669 * fen},
			house{"clearing": -666, "fee": 0, "residue": 0}, house{"members": -1000, "clearing": 1000, "residue": 0}},
		{"in with a fee of the utility", in, 0, third, million, 50, ledger.FeeUtility, 1000,
			ledger.Amounts{From: 1000, To: 666, EPT: 666, Fee: 3, Residue: 2, Value: 663 * fen},
			house{"clearing": -666, "fee": 0, "residue": 0}, house{"members": -1000, "clearing": 1000, "residue": 0}},
		{"in from a programme with fen", in, 2, million, 100 * million, 0, ledger.FeeMember, 12345,
			ledger.Amounts{From: 12345, To: 12345, EPT: 12345, Value: 12345 * fen},
			house{"clearing": -12345, "fee": 0, "residue": 0}, house{"members": -12345, "clearing": 12345, "residue": 0}},
		{"out at two to three rounds down", out, 0, million, third, 50, ledger.FeeMember, 1000,
			ledger.Amounts{From: 1000, To: 1492, EPT: 995, Fee: 5, Residue: 1, Value: 995 * fen},
			house{"clearing": 995, "fee": 5, "residue": 0}, house{"members": 1492, "clearing": -1492, "residue": 0}},
		{"out with a fee of the partner", out, 0, million, third, 50, ledger.FeePartner, 1000,
			ledger.Amounts{From: 1000, To: 1500, EPT: 1000, Fee: 5, Value: 995 * fen},
			house{"clearing": 1000, "fee": 0, "residue": 0}, house{"members": 1500, "clearing": -1500, "residue": 0}},
		{"out with a fee of the utility", out, 0, million, third, 50, ledger.FeeUtility, 1000,
			ledger.Amounts{From: 1000, To: 1500, EPT: 1000, Fee: 5, Value: 1005 * fen},
			house{"clearing": 1000, "fee": 0, "residue": 0}, house{"members": 1500, "clearing": -1500, "residue": 0}},
		{"out to a programme with six places", out, 6, 3 * million, million, 0, ledger.FeeMember, 100,
			ledger.Amounts{From: 100, To: 33_333_333, EPT: 100, Residue: 1, Value: 100 * fen},
			house{"clearing": 100, "fee": 0, "residue": 0}, house{"members": 33_333_333, "clearing": -33_333_333, "residue": 0}},
	}
}

func testAmounts(s *suite) {
	for _, c := range conversions() {
		s.each(c.name, func() { s.converts(c) })
	}
}

// converts makes one conversion and checks everything that it changes.
func (s *suite) converts(c conversion) {
	p := s.partner(0, c.scale)
	d := p.agree(c.dir, func(t *ledger.Terms) {
		t.Rate = ledger.Rate{FromUnits: c.from, ToUnits: c.to}
		t.FeeBPS, t.FeePayer, t.Price = c.bps, c.payer, fen
	})
	a := s.member()
	if c.dir == out {
		a = s.funded(c.amount)
	}
	leg := ledger.LegTerms{Partner: p.code, Agreement: d.id, Hash: d.terms.Hash(), LockedAt: s.Now().UnixMilli(), From: c.amount, To: c.want.To}
	t, wrote, owed := s.convert(c.dir, a, leg)

	if got := (ledger.Amounts{From: wrote.From, To: wrote.To, EPT: wrote.EPT, Fee: wrote.Fee, Residue: wrote.Residue, Value: wrote.Value}); got != c.want {
		s.Errorf("the transfer says %+v, want %+v", got, c.want)
	}
	if t.Amount != c.amount || t.Account != a || wrote.Agreement != d.id || wrote.Hash != leg.Hash || wrote.LockedAt != leg.LockedAt {
		s.Errorf("the transfer is %+v", t)
	}
	hub, owned := p.house()
	if !reflect.DeepEqual(hub, c.hub) || !reflect.DeepEqual(owned, c.owned) {
		s.Errorf("house accounts are %v and %v, want %v and %v", hub, owned, c.hub, c.owned)
	}
	flow := ledger.Flow{Count: 1, From: c.want.From, To: c.want.To, EPT: c.want.EPT, Fee: c.want.Fee, Value: c.want.Value}
	position := ledger.Position{Partner: p.code, Window: s.window(), In: flow}
	if c.dir == out {
		position.In, position.Out = ledger.Flow{}, flow
	}
	if got := p.position(); got != position {
		s.Errorf("the position is %+v, want %+v", got, position)
	}
	if got := p.state().Owed; got != owed*c.want.Value || got != position.Net() {
		s.Errorf("owed is %d, the position's net %d", got, position.Net())
	}
}

// convert gives a conversion and returns its transfer, its leg and the sign of
// what is owed for it.
func (s *suite) convert(dir ledger.Direction, a ledger.Account, leg ledger.LegTerms) (ledger.Transfer, *ledger.Leg, int64) {
	s.Helper()
	if dir == out {
		t := s.ok(&ledger.ConvertOut{Account: a, Leg: leg, Reference: "credit-1"})
		if t.Source != nil || t.Destination == nil {
			s.Fatalf("the transfer is %+v", t)
		}
		return t, t.Destination, -1
	}
	t := s.ok(&ledger.ConvertIn{Account: a, Leg: leg, Reference: "debit-1"})
	if t.Destination != nil || t.Source == nil {
		s.Fatalf("the transfer is %+v", t)
	}
	s.has(a, []ledger.Lot{{Expiry: s.window().Month() + 24, Amount: leg.To}})
	return t, t.Source, 1
}

// testResidue converts amounts that leave two thirds of a unit each, until whole
// units have come together, and takes one back.
func testResidue(s *suite) {
	p, a := s.partner(0, 0), s.funded(100)
	d := p.agree(in, func(t *ledger.Terms) { t.Rate = ledger.Rate{FromUnits: third, ToUnits: million} })
	o := p.agree(out, func(t *ledger.Terms) { t.Rate = ledger.Rate{FromUnits: third, ToUnits: million} })
	var ids []ledger.ID
	for i, want := range []int64{0, 1, 2, 2} { // 2/3, 4/3, 6/3, 8/3
		ids = append(ids, s.ok(d.in(a, 4)).ID)
		s.ok(o.out(a, 4))
		hub, own := p.house()
		if hub["residue"] != want || own["residue"] != want {
			s.Errorf("after %d conversions the residues are %d and %d, want %d", i+1, hub["residue"], own["residue"], want)
		}
		if sum := hub["clearing"] + hub["residue"]; sum != int64(i+1)*(4-2) { // 4 went out, 2 came in
			s.Errorf("clearing and residue are %d after %d conversions", sum, i+1)
		}
	}
	for i, want := range []int64{2, 1, 0, 0} { // 6/3, 4/3, 2/3, 0
		t := s.ok(&ledger.Reverse{Original: ids[i], Account: a, Amount: 4})
		if t.Source.Residue != -2 {
			s.Errorf("a reversal changed the residue by %d, want -2", t.Source.Residue)
		}
		if hub, _ := p.house(); hub["residue"] != want {
			s.Errorf("after %d reversals the residue is %d, want %d", i+1, hub["residue"], want)
		}
	}
}
