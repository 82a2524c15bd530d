package ledgertest

import (
	"errors"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

func testWindows(s *suite) {
	p, a := s.partner(0, 0), s.member()
	d := p.agree(in, nil)
	s.closeUntil(s.window() + 1)
	day := s.window()
	s.refused(ledger.CodeWindowOrder, &ledger.CloseWindow{Window: day - 1, Next: day + 1})
	s.refused(ledger.CodeWindowOrder, &ledger.CloseWindow{Window: day + 1, Next: day + 2})

	var want []ledger.Entry
	for n := range int64(5) {
		r := s.submit(s.Utility, s.command(d.in(a, n+1)), s.command(&ledger.Issue{Account: a, Amount: 1, Expiry: day.Month()}))
		want = append(want, r[0].Entry, r[1].Entry)
	}
	closing := s.command(&ledger.CloseWindow{Window: day, Next: day + 3})
	end := s.submit(s.Utility, closing)[0].Entry
	want = append(want, end)
	later := s.ok(d.in(a, 100))

	got := s.transfers(day)
	if !reflect.DeepEqual(got, want) {
		s.Errorf("the window's transfers are %+v, want %+v", got, want)
	}
	if end.Transfer.Window != day || later.Window != day+3 || s.window() != day+3 {
		s.Errorf("the close lies in %s, the next transfer in %s", end.Transfer.Window, later.Window)
	}
	w, err := s.Ledger.Window(s.ctx, day)
	s.check(err)
	if w.ClosedAt != end.Transfer.At || w.LastBatch != end.Locator.Batch || w.FirstBatch != want[0].Locator.Batch {
		s.Errorf("the window is %+v", w)
	}
	pos, err := s.Ledger.Position(s.ctx, p.code, day)
	s.check(err)
	if pos.In.Count != 5 || pos.In.From != 15 || p.position().In.From != 100 {
		s.Errorf("the positions are %+v and %+v", pos, p.position())
	}
	s.replays(closing, end)
	s.missing("a day between two windows", s.Ledger.Transfers(s.ctx, day+1, func(ledger.Entry) error { return nil }))
	s.each("a visitor's error stops the reading", func() {
		stop, seen := errors.New("enough"), 0
		err := s.Ledger.Transfers(s.ctx, day, func(ledger.Entry) error { seen++; return stop })
		if !errors.Is(err, stop) || seen != 1 {
			s.Errorf("returned %v after %d transfers", err, seen)
		}
	})
}

// transfers returns those of a window, in the order of the ledger.
func (s *suite) transfers(day ledger.Date) (all []ledger.Entry) {
	s.Helper()
	s.check(s.Ledger.Transfers(s.ctx, day, func(e ledger.Entry) error {
		all = append(all, e)
		return nil
	}))
	return all
}

func testCheck(s *suite) {
	d, a := s.partner(0, 0).agree(in, nil), s.funded(10)
	before := s.account(a)
	c := s.command(d.in(a, 5))
	r, err := s.Ledger.Check(s.ctx, s.Utility, c)
	s.check(err)
	if r.Code != ledger.CodeOK || r.Entry.Transfer.Source == nil || r.Entry.Transfer.Source.To != 5 {
		s.Errorf("the check ended with %+v", r)
	}
	no, err := s.Ledger.Check(s.ctx, s.Utility, s.command(&ledger.Hold{Account: a, Amount: 11, To: "mall"}))
	s.check(err)
	if no.Code != ledger.CodeInsufficientPoints {
		s.Errorf("the check ended with %+v", no)
	}
	if got := s.account(a); !reflect.DeepEqual(got, before) {
		s.Errorf("a check changed the account to %+v", got)
	}
	_, err = s.Ledger.Find(s.ctx, c.ID)
	s.missing("a command that was only checked", err)
	if r := s.submit(s.Utility, c)[0]; r.Code != ledger.CodeOK || r.Replayed {
		s.Errorf("after the check the command ended with %+v", r)
	}
}
