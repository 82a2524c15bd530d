package conformance

import (
	"math"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var transferRules = []rule{
	{"a debit takes points", func(s *suite, t *testing.T) {
		want(t, s.move(t, connector.Debit, s.transfer(t, 10)), connector.Done, "")
	}},
	{"a credit gives points", func(s *suite, t *testing.T) {
		want(t, s.move(t, connector.Credit, s.transfer(t, 10)), connector.Done, "")
	}},
	{"a repeated debit gets the same answer and moves nothing", func(s *suite, t *testing.T) { s.repeat(t, connector.Debit) }},
	{"a repeated credit gets the same answer and moves nothing", func(s *suite, t *testing.T) { s.repeat(t, connector.Credit) }},
	{"a repeat may differ in description and time", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 3)
		first := s.move(t, connector.Credit, tr)
		again := tr
		again.Description, again.OccurredAt = "another text", tr.OccurredAt.Add(time.Hour)
		if a := s.move(t, connector.Credit, again); a != first {
			t.Fatalf("got %+v, want %+v", a, first)
		}
		want(t, s.reverse(t, connector.Credit, s.reversal(t, tr.ID, 3)), connector.Done, "")
	}},
	{"a repeat with other content is a conflict and moves nothing", checkConflicts},
	{"a debit above the balance is declined", func(s *suite, t *testing.T) {
		want(t, s.move(t, connector.Debit, s.transfer(t, s.balance+1)), connector.Declined, connector.DeclineInsufficientPoints)
	}},
	{"a declined debit stays declined when there are points later", checkDeclineSticks},
	{"a membership that does not exist is declined", func(s *suite, t *testing.T) {
		s.declineBoth(t, s.stranger(t), connector.DeclineMembershipUnknown)
	}},
	{"a closed membership is declined", func(s *suite, t *testing.T) {
		s.declineBoth(t, s.closed(t), connector.DeclineMembershipClosed)
	}},
	{"a blocked membership is declined", func(s *suite, t *testing.T) {
		s.declineBoth(t, s.blocked(t), connector.DeclineMembershipBlocked)
	}},
	{"a programme of another is a problem and leaves no trace", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 1)
		tr.Programme = s.otherProgramme()
		_, err := s.client.Debit(t.Context(), tr)
		wantProblem(t, err, connector.ProgrammeUnknown)
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
	}},
	{"the largest amount is declined, not a problem", func(s *suite, t *testing.T) {
		for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
			if a := s.move(t, kind, s.transfer(t, math.MaxInt64)); a.Outcome != connector.Declined {
				t.Errorf("%s: got %s, want declined", kind, a.Outcome)
			}
		}
	}},
}

func (s *suite) repeat(t *testing.T, kind connector.Kind) {
	t.Helper()
	tr := s.transfer(t, 7)
	first := s.move(t, kind, tr)
	want(t, first, connector.Done, "")
	for range 3 {
		if again := s.move(t, kind, tr); again != first {
			t.Fatalf("first %+v, then %+v", first, again)
		}
	}
}

func checkConflicts(s *suite, t *testing.T) {
	done, declined := s.transfer(t, 5), s.transfer(t, s.balance+1)
	want(t, s.move(t, connector.Credit, done), connector.Done, "")
	declined.Amount = s.balance + 1
	want(t, s.move(t, connector.Debit, declined), connector.Declined, connector.DeclineInsufficientPoints)
	for _, tr := range []connector.Transfer{done, declined} {
		kind, other := connector.Credit, connector.Debit
		if tr == declined {
			kind, other = other, kind
		}
		amount, member := tr, tr
		amount.Amount--
		member.Membership = s.stranger(t)
		for _, c := range []struct {
			kind connector.Kind
			tr   connector.Transfer
		}{{kind, amount}, {kind, member}, {other, tr}} {
			call := s.client.Debit
			if c.kind == connector.Credit {
				call = s.client.Credit
			}
			_, err := call(t.Context(), c.tr)
			wantProblem(t, err, connector.TransferConflict)
		}
	}
	want(t, s.reverse(t, connector.Credit, s.reversal(t, done.ID, 5)), connector.Done, "")
}

func checkDeclineSticks(s *suite, t *testing.T) {
	tr := s.transfer(t, s.balance+5)
	first := s.move(t, connector.Debit, tr)
	want(t, first, connector.Declined, connector.DeclineInsufficientPoints)
	credit := s.transfer(t, 100)
	want(t, s.move(t, connector.Credit, credit), connector.Done, "")
	if again := s.move(t, connector.Debit, tr); again != first {
		t.Fatalf("first %+v, then %+v", first, again)
	}
	want(t, s.reverse(t, connector.Credit, s.reversal(t, credit.ID, 100)), connector.Done, "")
}

func (s *suite) declineBoth(t *testing.T, membership string, code connector.DeclineCode) {
	t.Helper()
	for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
		tr := s.transfer(t, 1)
		tr.Membership = membership
		first := s.move(t, kind, tr)
		want(t, first, connector.Declined, code)
		if again := s.move(t, kind, tr); again != first {
			t.Errorf("%s: first %+v, then %+v", kind, first, again)
		}
	}
}
