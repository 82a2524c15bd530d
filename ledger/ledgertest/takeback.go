package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// testTakeBack spends most of what was issued, takes the issue back, and earns
// again: the balance is never below zero, and every account ends as if the issue
// had never been.
func testTakeBack(s *suite) {
	a, m := s.member(), s.window().Month()
	before := s.balances(s.hub)
	issue := func(amount int64, expiry ledger.Month) ledger.Transfer {
		return s.ok(&ledger.Issue{Account: a, Amount: amount, Expiry: expiry, Reason: "rule prepayment v1"})
	}
	first := issue(100, m+2)
	issue(30, m+1)
	hold := s.ok(&ledger.Hold{Account: a, Amount: 90, To: "mall"}) // 30 and 60, so that 40 are left
	s.ok(&ledger.Post{Account: a, Hold: hold.ID})

	t := s.ok(&ledger.TakeBack{Original: first.ID, Account: a, Reason: "payment bounced"})
	if t.Kind != ledger.KindTakeBack || t.Related != first.ID || t.Amount != 100 || t.Debt() != 60 ||
		!reflect.DeepEqual(t.Lots, lots(m, 2, 40)) || t.Reason != "payment bounced" {
		s.Errorf("the take-back wrote %+v", t)
	}
	s.owes(a, 60, nil)

	t = issue(25, m+3)
	if t.Amount != 25 || len(t.Lots) != 0 || t.Debt() != -25 {
		s.Errorf("an issue into a debt wrote %+v", t)
	}
	s.owes(a, 35, nil)
	back := s.ok(&ledger.TakeBack{Original: t.ID, Account: a}) // gave nothing, so all of it is owed again
	if back.Debt() != 25 || len(back.Lots) != 0 {
		s.Errorf("taking it back wrote %+v", back)
	}
	s.owes(a, 60, nil)
	t = issue(70, m+3)
	if t.Debt() != -60 || !reflect.DeepEqual(t.Lots, lots(m, 3, 10)) {
		s.Errorf("an issue that fills the debt wrote %+v", t)
	}
	s.owes(a, 0, lots(m, 3, 10))

	after := s.balances(s.hub)
	for account, want := range map[string]int64{"issued": -100, "debts": 0, "mall": 90, a.String(): 10} {
		if got := after[account] - before[account]; got != want {
			s.Errorf("%s changed by %d, want %d", account, got, want)
		}
	}
}

// owes checks an account's debt and lots.
func (s *suite) owes(a ledger.Account, debt int64, want []ledger.Lot) {
	s.Helper()
	if got := s.account(a).Debt; got != debt {
		s.Errorf("the account owes %d, want %d", got, debt)
	}
	s.has(a, want)
}

func testTakeBackRefusals(s *suite) {
	a, m := s.member(), s.window().Month()
	issued := s.ok(&ledger.Issue{Account: a, Amount: 10, Expiry: m}).ID
	late := s.ok(&ledger.Issue{Account: a, Amount: 5, Expiry: m}).ID
	hold := s.ok(&ledger.Hold{Account: a, Amount: 3, To: "mall"}).ID
	take := func(id ledger.ID, of ledger.Account) *ledger.TakeBack {
		return &ledger.TakeBack{Original: id, Account: of}
	}
	s.refused(ledger.CodeTransferUnknown, take(s.id(), a))
	s.refused(ledger.CodeTransferUnknown, take(issued, s.member()))
	s.refused(ledger.CodeNotReversible, take(hold, a))
	s.refusedAs(s.Partners[0], ledger.CodeNotPermitted, take(issued, a))
	s.ok(&ledger.Freeze{Account: a, Frozen: true})
	s.ok(take(issued, a)) // also from a frozen account, like a reversal
	s.ok(&ledger.Freeze{Account: a, Frozen: false})
	s.refused(ledger.CodeAboveOriginal, take(issued, a))
	s.owes(a, 0, lots(m, 0, 2))
	s.ok(&ledger.Void{Account: a, Hold: hold})
	s.nextMonth()
	s.refused(ledger.CodeLotExpired, take(late, a))
	s.owes(a, 0, lots(m, 0, 5))
}
