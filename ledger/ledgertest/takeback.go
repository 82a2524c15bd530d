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
	s.refusedAs(s.Partners[0], ledger.CodeNotPermitted, &ledger.TakeBackPart{Original: issued, Account: a, Amount: 1})
	s.refused(ledger.CodeInvalid, &ledger.TakeBackPart{Original: issued, Account: a})
	s.refused(ledger.CodeNotReversible, &ledger.TakeBackPart{Original: hold, Account: a, Amount: 1})
	s.ok(&ledger.Freeze{Account: a, Frozen: true})
	s.ok(take(issued, a)) // also from a frozen account, like a reversal
	s.ok(&ledger.Freeze{Account: a, Frozen: false})
	s.refused(ledger.CodeAboveOriginal, take(issued, a))
	s.owes(a, 0, lots(m, 0, 2))
	s.ok(&ledger.Void{Account: a, Hold: hold})
	s.nextMonth()
	s.refused(ledger.CodeLotExpired, take(late, a))
	s.refused(ledger.CodeLotExpired, &ledger.TakeBackPart{Original: late, Account: a, Amount: 1})
	s.owes(a, 0, lots(m, 0, 5))
}

// testTakeBackParts takes an issue back in three parts, the last of them as what is
// left: each leaves what there was with that much less issued.
func testTakeBackParts(s *suite) {
	a, m := s.member(), s.window().Month()
	before := s.balances(s.hub)
	issue := s.ok(&ledger.Issue{Account: a, Amount: 100, Expiry: m + 2, Reason: "conversion bonus"}).ID
	s.ok(&ledger.Issue{Account: a, Amount: 10, Expiry: m + 1})
	part := func(amount int64) *ledger.TakeBackPart {
		return &ledger.TakeBackPart{Original: issue, Account: a, Amount: amount, Reason: "reversed"}
	}
	s.refused(ledger.CodeAboveOriginal, part(101))
	t := s.ok(part(30))
	if t.Kind != ledger.KindTakeBack || t.Related != issue || t.Amount != 30 || t.Debt() != 0 || !reflect.DeepEqual(t.Lots, lots(m, 2, 30)) {
		s.Errorf("the first part wrote %+v", t)
	}
	s.owes(a, 0, lots(m, 1, 10, 2, 70))
	s.refused(ledger.CodeAboveOriginal, part(71))

	hold := s.ok(&ledger.Hold{Account: a, Amount: 60, To: "mall"}) // 10 and 50, so that 20 are left
	s.ok(&ledger.Post{Account: a, Hold: hold.ID})
	s.ok(&ledger.Freeze{Account: a, Frozen: true})
	t = s.ok(part(50))
	if t.Amount != 50 || t.Debt() != 30 || !reflect.DeepEqual(t.Lots, lots(m, 2, 20)) {
		s.Errorf("a part of which some was spent wrote %+v", t)
	}
	s.ok(&ledger.Freeze{Account: a, Frozen: false})
	t = s.ok(&ledger.TakeBack{Original: issue, Account: a})
	if t.Amount != 20 || t.Debt() != 20 || len(t.Lots) != 0 {
		s.Errorf("taking back what is left wrote %+v", t)
	}
	s.owes(a, 50, nil)
	s.refused(ledger.CodeAboveOriginal, part(1))
	s.refused(ledger.CodeAboveOriginal, &ledger.TakeBack{Original: issue, Account: a})

	after := s.balances(s.hub)
	for account, want := range map[string]int64{"issued": -10, "debts": -50, "mall": 60, a.String(): 0} {
		if got := after[account] - before[account]; got != want {
			s.Errorf("%s changed by %d, want %d", account, got, want)
		}
	}
}
