package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// testRedemptions gives back what was posted to a house account: the same lots,
// last taken first, in parts or at once, and never more than was posted.
func testRedemptions(s *suite) {
	s.each("in parts", s.redeemedInParts)
	s.each("of months that have passed, on a frozen account", s.redeemedLongAgo)
	s.each("only of the post, and no more than it", func() {
		a, other := s.funded(50), s.funded(50)
		hold := s.ok(&ledger.Hold{Account: a, Amount: 20, To: "mall-return"}).ID
		back := func(id ledger.ID, account ledger.Account, n int64) *ledger.Reverse {
			return &ledger.Reverse{Original: id, Account: account, Amount: n}
		}
		s.refused(ledger.CodeNotReversible, back(hold, a, 20))
		post := s.ok(&ledger.Post{Account: a, Hold: hold}).ID
		s.refused(ledger.CodeTransferUnknown, back(post, other, 20))
		s.refused(ledger.CodeAboveOriginal, back(post, a, 21))
		s.refused(ledger.CodeInvalid, back(post, a, 0))
		s.ok(back(post, a, 20))
		s.refused(ledger.CodeAboveOriginal, back(post, a, 1))
	})
}

func (s *suite) redeemedInParts() {
	a, m := s.layered(), s.window().Month()
	before, lotsBefore := s.balances(s.hub)["mall-return"], s.account(a).Lots
	hold := s.ok(&ledger.Hold{Account: a, Amount: 501, To: "mall-return", Reason: "order 3"})
	post := s.ok(&ledger.Post{Account: a, Hold: hold.ID}).ID
	for _, c := range []struct {
		amount int64
		want   []ledger.Lot
	}{
		{40, lots(m, 7, 40)}, {61, lots(m, 7, 60, 5, 1)}, {400, lots(m, 2, 400)},
	} {
		t := s.ok(&ledger.Reverse{Original: post, Account: a, Amount: c.amount, Reference: "return 1", Reason: "goods returned"})
		if t.Kind != ledger.KindReverse || t.Related != post || t.Amount != c.amount || t.To != "mall-return" || t.Reference != "return 1" ||
			t.Source != nil || t.Destination != nil || !reflect.DeepEqual(t.Lots, c.want) {
			s.Errorf("the reversal is %+v, want lots %v", t, c.want)
		}
	}
	if got := s.balances(s.hub)["mall-return"]; got != before {
		s.Errorf("the house account has %d, want %d as before", got, before)
	}
	if got := s.account(a).Lots; !reflect.DeepEqual(got, lotsBefore) {
		s.Errorf("the lots are %v, want %v", got, lotsBefore)
	}
}

func (s *suite) redeemedLongAgo() {
	a, m := s.member(), s.window().Month()
	s.ok(&ledger.Issue{Account: a, Amount: 7, Expiry: m})
	post := s.ok(&ledger.Post{Account: a, Hold: s.ok(&ledger.Hold{Account: a, Amount: 7, To: "mall"}).ID}).ID
	s.ok(&ledger.Freeze{Account: a, Frozen: true, Reason: "audit"})
	s.nextMonth()
	s.ok(&ledger.Reverse{Original: post, Account: a, Amount: 7})
	s.has(a, lots(m, 0, 7)) // as it was: it waits to be expired
}
