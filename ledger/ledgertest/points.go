package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// lots are expiry months counted from a first one, with their amounts.
func lots(first ledger.Month, pairs ...int64) (all []ledger.Lot) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, ledger.Lot{Expiry: first + ledger.Month(pairs[i]), Amount: pairs[i+1]})
	}
	return all
}

// has checks an account's lots.
func (s *suite) has(a ledger.Account, want []ledger.Lot) {
	s.Helper()
	if got := s.account(a).Lots; !reflect.DeepEqual(got, want) {
		s.Errorf("the account's lots are %v, want %v", got, want)
	}
}

func testPoints(s *suite) {
	a, m := s.member(), s.window().Month()
	before := s.balances(s.hub)
	issue := func(amount int64, expiry ledger.Month) *ledger.Issue {
		return &ledger.Issue{Account: a, Amount: amount, Expiry: expiry, Reason: "meter reading"}
	}
	t := s.ok(issue(30, m+1))
	if t.Amount != 30 || t.Account != a || t.Reason != "meter reading" || !reflect.DeepEqual(t.Lots, lots(m, 1, 30)) {
		s.Errorf("the issue wrote %+v", t)
	}
	s.ok(issue(5, m+1))
	s.ok(issue(7, m))
	s.has(a, lots(m, 0, 7, 1, 35))
	s.refused(ledger.CodeLotExpired, issue(1, m-1))
	s.refused(ledger.CodeLotNotExpired, &ledger.Expire{Account: a, Month: m})

	s.ok(&ledger.Freeze{Account: a, Frozen: true, Reason: "lost phone"})
	s.refused(ledger.CodeAccountFrozen, issue(1, m))
	s.refused(ledger.CodeAccountFrozen, &ledger.Hold{Account: a, Amount: 1, To: "mall"})
	if !s.account(a).Frozen {
		s.Error("the account is not frozen")
	}

	s.nextMonth()
	expire := &ledger.Expire{Account: a, Month: m}
	s.refused(ledger.CodeAccountFrozen, expire)
	s.ok(&ledger.Freeze{Account: a, Frozen: false})
	s.refused(ledger.CodeInsufficientPoints, &ledger.Hold{Account: a, Amount: 36, To: "mall"}) // 7 have expired
	t = s.ok(expire)
	if t.Amount != 7 || !reflect.DeepEqual(t.Lots, lots(m, 0, 7)) {
		s.Errorf("the expiry wrote %+v", t)
	}
	s.refused(ledger.CodeNothingToExpire, expire)
	s.refused(ledger.CodeNothingToExpire, &ledger.Expire{Account: s.member(), Month: m})
	s.has(a, lots(m, 1, 35))

	after := s.balances(s.hub)
	for account, want := range map[string]int64{"issued": -42, "expired": 7, a.String(): 35} {
		if got := after[account] - before[account]; got != want {
			s.Errorf("%s changed by %d, want %d", account, got, want)
		}
	}
}

func testBounds(s *suite) {
	a, m := s.member(), s.window().Month()
	var issues, holds []ledger.Command
	for i := range 129 {
		issues = append(issues, s.command(&ledger.Issue{Account: a, Amount: 1, Expiry: m + ledger.Month(i)}))
		holds = append(holds, s.command(&ledger.Hold{Account: a, Amount: 1, To: "mall"}))
	}
	s.each("128 lots", func() { s.boundary(issues, 128, ledger.CodeTooManyLots) })
	s.each("64 holds", func() { s.boundary(holds[:65], 64, ledger.CodeTooManyHolds) })
	s.each("points of a month that is there", func() {
		s.ok(&ledger.Issue{Account: a, Amount: 1, Expiry: m + 127})
		s.ok(&ledger.Void{Account: a, Hold: holds[0].ID})
		s.ok(&ledger.Hold{Account: a, Amount: 1, To: "mall"})
	})
	s.each("what fits 64 bits", func() {
		rich := s.member()
		d := s.partner(0, 0).agree(ledger.In, func(t *ledger.Terms) { t.Price = 1000 })
		s.ok(&ledger.Issue{Account: rich, Amount: ledger.AmountMax, Expiry: m})
		s.ok(&ledger.Hold{Account: rich, Amount: ledger.AmountMax, To: "mall"})
		s.ok(d.in(rich, ledger.AmountMax))
	})
}

// boundary submits commands of which only so many succeed.
func (s *suite) boundary(commands []ledger.Command, most int, want ledger.Code) {
	s.Helper()
	for i, r := range s.submit(s.Utility, commands...) {
		if i < most && r.Code != ledger.CodeOK || i >= most && r.Code != want {
			s.Fatalf("number %d ended with %s %s", i+1, r.Code, r.Message)
		}
	}
}

func testFEFO(s *suite) {
	a, m := s.member(), s.window().Month()
	for _, l := range lots(m, 3, 30, 1, 10, 2, 20) {
		s.ok(&ledger.Issue{Account: a, Amount: l.Amount, Expiry: l.Expiry})
	}
	d := s.partner(0, 0).agree(ledger.Out, nil)
	t := s.ok(d.out(a, 25))
	if want := lots(m, 1, 10, 2, 15); !reflect.DeepEqual(t.Lots, want) {
		s.Errorf("the conversion took %v, want %v", t.Lots, want)
	}
	s.has(a, lots(m, 2, 5, 3, 30))
	h := s.ok(&ledger.Hold{Account: a, Amount: 6, To: "mall"})
	if want := lots(m, 2, 5, 3, 1); !reflect.DeepEqual(h.Lots, want) {
		s.Errorf("the hold took %v, want %v", h.Lots, want)
	}
	s.has(a, lots(m, 3, 29))
	if got := s.balances(s.hub)[a.String()]; got != 35 {
		s.Errorf("the balance is %d, want 35 with what is on hold", got)
	}
	s.ok(&ledger.Void{Account: a, Hold: h.ID})
	s.has(a, lots(m, 2, 5, 3, 30))
	s.refused(ledger.CodeInsufficientPoints, d.out(a, 36))
}
