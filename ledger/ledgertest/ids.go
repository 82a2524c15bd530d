package ledgertest

import (
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

func testIDs(s *suite) {
	a := s.member()
	month := s.window().Month()
	first := s.command(&ledger.Issue{Account: a, Amount: 10, Expiry: month, Reason: "r"})
	other := ledger.Command{ID: first.ID, Body: &ledger.Issue{Account: a, Amount: 11, Expiry: month, Reason: "r"}}
	written := s.submit(s.Utility, first)[0]

	s.each("the same command again answers with the transfer", func() { s.replays(first, written.Entry) })
	s.each("the same command twice in one call is executed once", func() {
		second := s.command(&ledger.Issue{Account: a, Amount: 5, Expiry: month})
		r := s.submit(s.Utility, second, second, first)
		if r[0].Code != ledger.CodeOK || r[0].Replayed || !r[1].Replayed || !r[2].Replayed {
			s.Errorf("results are %+v", r)
		}
		if !reflect.DeepEqual(r[0].Entry, r[1].Entry) || !reflect.DeepEqual(r[2].Entry, written.Entry) {
			s.Error("a replay answers with another transfer")
		}
	})
	s.each("the ID with other content is a conflict", func() {
		if r := s.submit(s.Utility, other)[0]; r.Code != ledger.CodeIDConflict {
			s.Errorf("ended with %s", r.Code)
		}
	})
	s.each("an ID is free again when its command was refused", func() {
		id := s.id()
		no := ledger.Command{ID: id, Body: &ledger.Hold{Account: s.member(), Amount: 1, To: "mall"}}
		yes := ledger.Command{ID: id, Body: &ledger.Issue{Account: a, Amount: 1, Expiry: month}}
		r := s.submit(s.Utility, no, yes)
		if r[0].Code != ledger.CodeInsufficientPoints || r[1].Code != ledger.CodeOK || r[1].Replayed {
			s.Errorf("ended with %s and %s", r[0].Code, r[1].Code)
		}
	})
	s.each("the transfer is found by its ID", func() {
		e, err := s.Ledger.Find(s.ctx, first.ID)
		s.check(err)
		if !reflect.DeepEqual(e, written.Entry) {
			s.Errorf("found %+v, written was %+v", e, written.Entry)
		}
		if e.Transfer.Digest != first.Digest() || e.Transfer.Window != s.window() {
			s.Errorf("transfer is %+v", e.Transfer)
		}
	})
	if got := s.account(a); got.Available() != 16 {
		s.Errorf("the account has %d points, want 16", got.Available())
	}
}

func (s *suite) replays(c ledger.Command, want ledger.Entry) {
	s.Helper()
	r := s.submit(s.Utility, c)[0]
	if r.Code != ledger.CodeOK || !r.Replayed || !reflect.DeepEqual(r.Entry, want) {
		s.Errorf("ended with %+v, want a replay of %+v", r, want)
	}
}

// testBatch gives commands that depend on each other, with refused ones between
// them.
func testBatch(s *suite) {
	a, month := s.member(), s.window().Month()
	hold := s.command(&ledger.Hold{Account: a, Amount: 60, To: "mall-night"})
	commands := []ledger.Command{
		s.command(&ledger.Issue{Account: a, Amount: 100, Expiry: month}),
		s.command(&ledger.Hold{Account: a, Amount: 101, To: "mall"}), // more than there is
		hold,
		s.command(&ledger.Hold{Account: a, Amount: 60, To: "mall"}), // no longer there
		s.command(&ledger.Post{Account: a, Hold: hold.ID}),
		s.command(&ledger.Void{Account: a, Hold: hold.ID}), // posted already
	}
	before := s.balances(s.hub)["mall-night"]
	want := []ledger.Code{ledger.CodeOK, ledger.CodeInsufficientPoints, ledger.CodeOK,
		ledger.CodeInsufficientPoints, ledger.CodeOK, ledger.CodeHoldNotOpen}
	var last ledger.Locator
	for i, r := range s.submit(s.Utility, commands...) {
		if r.Code != want[i] {
			s.Errorf("command %d ended with %s %s, want %s", i, r.Code, r.Message, want[i])
		}
		if r.Code != ledger.CodeOK {
			continue
		}
		if at := r.Entry.Locator; at.Batch < last.Batch || at.Batch == last.Batch && at.Index < last.Index {
			s.Errorf("command %d stands at %+v, after %+v", i, at, last)
		}
		last = r.Entry.Locator
	}
	got := s.account(a)
	if got.Available() != 40 || len(got.Holds) != 0 {
		s.Errorf("the account is %+v", got)
	}
	if n := s.balances(s.hub)["mall-night"] - before; n != 60 {
		s.Errorf("the mall got %d, want 60", n)
	}
}

func testNotFound(s *suite) {
	p := s.partner(0, 0)
	_, find := s.Ledger.Find(s.ctx, s.id())
	_, receipt := s.Ledger.Receipt(s.ctx, s.id())
	_, account := s.Ledger.Account(s.ctx, s.member())
	_, window := s.Ledger.Window(s.ctx, s.window()+1)
	_, partner := s.Ledger.Position(s.ctx, p.code+"x", s.window())
	_, position := s.Ledger.Position(s.ctx, p.code, s.window()+1)
	for name, err := range map[string]error{
		"Find": find, "Receipt": receipt, "Account": account, "Window": window,
		"Position of an unknown partner": partner, "Position in a window to come": position,
		"Transfers": s.Ledger.Transfers(s.ctx, s.window()+1, func(ledger.Entry) error { return nil }),
		"Balances":  s.Ledger.Balances(s.ctx, "NONE", func(ledger.Balance) error { return nil }),
	} {
		s.missing(name, err)
	}
	if got := p.position(); got != (ledger.Position{Partner: p.code, Window: s.window()}) {
		s.Errorf("the position before any conversion is %+v", got)
	}
}
