package ledgertest

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// testOwners takes lane 0 again and again, as the owners of a cluster do one after
// the other, and leaves it taken.
func testOwners(s *suite) {
	l, ok := s.Ledger.(ledger.Laned)
	if !ok {
		s.Fatal("the ledger's lanes have no owners: it is no ledger.Laned")
	}
	if n, err := l.Lanes(s.ctx); err != nil || n < 1 {
		s.Fatalf("there are %d lanes, %v", n, err)
	}
	issue := func() ledger.Command {
		return s.command(&ledger.Issue{Account: s.memberOf(l, 0), Amount: 1, Expiry: s.window().Month()})
	}
	submit := func(command ledger.Command, want error) {
		s.Helper()
		r, err := l.SubmitLane(s.ctx, 0, s.Utility, command)
		if !errors.Is(err, want) || want == nil && r[0].Code != ledger.CodeOK {
			s.Fatalf("a command ended with %+v, %v, want %v", r, err, want)
		}
	}
	take := func(epoch uint64, want error) {
		s.Helper()
		if err := l.TakeLane(s.ctx, 0, epoch); !errors.Is(err, want) {
			s.Fatalf("taking the lane under epoch %d ended with %v, want %v", epoch, err, want)
		}
	}
	const epoch = 7
	take(epoch, nil)
	before := issue()
	submit(before, nil)
	take(epoch, nil)
	submit(issue(), nil)
	take(epoch-1, ledger.ErrFenced)
	take(epoch+1, nil)
	submit(issue(), nil)
	s.check(l.LeaveLane(s.ctx, 0))
	s.check(l.LeaveLane(s.ctx, 0))
	left := issue()
	submit(left, ledger.ErrNotOwner)
	take(epoch, ledger.ErrFenced)
	_, err := s.Ledger.Find(s.ctx, left.ID)
	s.missing("finding what was given to a lane that was left", err)
	take(epoch+1, nil)
	submit(left, nil)
	if r := s.submit(s.Utility, before)[0]; r.Code != ledger.CodeOK || !r.Replayed {
		s.Errorf("what an earlier owner wrote ends with %s, replayed %t", r.Code, r.Replayed)
	}
}

// memberOf returns an account of a lane that nobody has used.
func (s *suite) memberOf(l ledger.Laned, number uint32) ledger.Account {
	s.Helper()
	for {
		a := s.member()
		of, err := l.Route(s.ctx, s.command(&ledger.Issue{Account: a, Amount: 1}))
		s.check(err)
		if of[0] == number {
			return a
		}
	}
}
