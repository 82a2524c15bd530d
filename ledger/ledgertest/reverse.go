package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// testReversalLaw converts and takes back in two parts with one partner, and
// converts only the rest with another of the same terms: both must end alike.
func testReversalLaw(s *suite) {
	odd := func(t *ledger.Terms) {
		t.Rate, t.FeeBPS = ledger.Rate{FromUnits: 7 * million, ToUnits: 3 * million}, 333
	}
	for _, c := range []struct {
		name    string
		amount  int64
		reverse []int64
	}{
		{"a part", 1000, []int64{300}},
		{"in parts", 1000, []int64{1, 1, 500, 2}},
		{"down to too little to give anything", 1000, []int64{998}},
		{"all at once", 1000, []int64{1000}},
		{"all, one by one at the end", 50, []int64{47, 1, 1, 1}},
	} {
		for _, w := range []struct {
			name    string
			dir     ledger.Direction
			convert func(*deal, ledger.Account, int64) ledger.ID
		}{
			{"in", in, func(d *deal, a ledger.Account, n int64) ledger.ID { return s.ok(d.in(a, n)).ID }},
			{"out", out, func(d *deal, a ledger.Account, n int64) ledger.ID { return s.ok(d.out(a, n)).ID }},
			{"posted", out, func(d *deal, a ledger.Account, n int64) ledger.ID {
				return s.ok(&ledger.Post{Account: a, Hold: s.ok(d.hold(a, n)).ID}).ID
			}},
		} {
			s.each(w.name+", "+c.name, func() {
				one, other := s.partner(0, 1).agree(w.dir, odd), s.partner(0, 1).agree(w.dir, odd)
				a, b := s.layered(), s.layered()
				id, rest := w.convert(one, a, c.amount), c.amount
				for _, n := range c.reverse {
					s.ok(&ledger.Reverse{Original: id, Account: a, Amount: n, Reason: "goods returned"})
					rest -= n
				}
				t, _ := other.terms.Amounts(rest, 1)
				if t.To > 0 {
					w.convert(other, b, rest)
				}
				s.alike(one.p, other.p, a, b, t.To > 0 || rest == 0)
			})
		}
	}
}

// layered returns an account with lots of several months.
func (s *suite) layered() ledger.Account {
	s.Helper()
	a, m := s.member(), s.window().Month()
	for _, l := range lots(m, 2, 400, 5, 1, 7, 350, 30, 800) {
		s.ok(&ledger.Issue{Account: a, Amount: l.Amount, Expiry: l.Expiry})
	}
	return a
}

// alike compares two pairs and two members. A rest that gives nothing cannot be
// converted by itself, but it stays with the partner after a reversal; whole says
// that there is no such rest.
func (s *suite) alike(p, q *pair, a, b ledger.Account, whole bool) {
	s.Helper()
	if x, y := s.account(a).Lots, s.account(b).Lots; !reflect.DeepEqual(x, y) {
		s.Errorf("lots are %v, want %v", x, y)
	}
	hub, own := q.house()
	if !whole {
		_, own = p.house()
	}
	s.house(p, hub, own)
	if x, y := p.state().Owed, q.state().Owed; x != y {
		s.Errorf("owed is %d, want %d", x, y)
	}
	if x, y := p.position(), q.position(); x.Net() != y.Net() {
		s.Errorf("the position's net is %d, want %d", x.Net(), y.Net())
	}
}

func testReversalRefusals(s *suite) {
	p := s.partner(0, 0)
	d, o := p.agree(in, nil), p.agree(out, nil)
	a, other := s.funded(50), s.member()
	month := s.window().Month()
	conversion := s.ok(d.in(a, 100)).ID
	reverse := func(id ledger.ID, account ledger.Account, n int64) *ledger.Reverse {
		return &ledger.Reverse{Original: id, Account: account, Amount: n}
	}
	s.refused(ledger.CodeAboveOriginal, reverse(conversion, a, 101))
	s.ok(reverse(conversion, a, 60))
	s.refused(ledger.CodeAboveOriginal, reverse(conversion, a, 41))
	s.refused(ledger.CodeTransferUnknown, reverse(s.id(), a, 1))
	s.refused(ledger.CodeTransferUnknown, reverse(conversion, other, 1))
	hold := s.ok(&ledger.Hold{Account: a, Amount: 5, To: "mall"}).ID
	s.refused(ledger.CodeNotReversible, reverse(hold, a, 1))
	s.ok(&ledger.Void{Account: a, Hold: hold})
	// 40 of the conversion and 50 others are left, in one lot. Spend all but 10.
	spent := s.ok(o.out(a, 80)).ID
	s.refused(ledger.CodeInsufficientPoints, reverse(conversion, a, 11))
	t := s.ok(reverse(conversion, a, 10))
	if t.Kind != ledger.KindReverse || t.Related != conversion || t.Amount != 10 || t.Source.From != 10 {
		s.Errorf("the reversal is %+v", t)
	}
	s.ok(reverse(spent, a, 5))
	s.has(a, lots(month, 24, 5))

	s.closeUntil(s.window() + 1)
	s.ok(reverse(conversion, a, 5)) // in a later window, which is where it counts
	pos := p.position()
	if pos.In.Count != 0 || pos.ReversedIn.Count != 1 || pos.ReversedIn.Value != 5*fen || pos.Net() != -5*fen {
		s.Errorf("the position is %+v", pos)
	}
	s.each("points of the conversion's month go first, then those that expire first", func() {
		b := s.member()
		id := s.ok(d.in(b, 10)).ID
		m := s.window().Month()
		s.ok(o.out(b, 6))
		s.ok(&ledger.Issue{Account: b, Amount: 3, Expiry: m})
		s.ok(&ledger.Issue{Account: b, Amount: 9, Expiry: m + 1})
		t := s.ok(reverse(id, b, 9))
		if want := append(lots(m, 24, 4), lots(m, 0, 3, 1, 2)...); !reflect.DeepEqual(t.Lots, want) {
			s.Errorf("the reversal took %v, want %v", t.Lots, want)
		}
		s.has(b, lots(m, 1, 7))
	})
}
