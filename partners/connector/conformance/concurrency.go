package conformance

import (
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var concurrencyRules = []rule{
	{"the same debit many times at once is done once", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 8)
		answers := together(16, func(int) connector.Answer { return s.move(t, connector.Debit, tr) })
		for _, a := range answers {
			if a != answers[0] || a.Outcome != connector.Done {
				t.Fatalf("got %+v and %+v", a, answers[0])
			}
		}
	}},
	{"debits at once never take more than there is", func(s *suite, t *testing.T) {
		// Any two of them are more than the balance, so exactly one is done.
		each := s.balance/2 + 1
		transfers := make([]connector.Transfer, 8)
		for i := range transfers {
			transfers[i] = s.transfer(t, each)
		}
		done := -1
		for i, a := range together(len(transfers), func(i int) connector.Answer { return s.move(t, connector.Debit, transfers[i]) }) {
			switch {
			case a.Outcome == connector.Done && done >= 0:
				t.Fatal("two were done")
			case a.Outcome == connector.Done:
				done = i
			}
		}
		if done < 0 {
			t.Fatal("none was done")
		}
		want(t, s.reverse(t, connector.Debit, s.reversal(t, transfers[done].ID, each)), connector.Done, "")
	}},
	{"reversals at once never give back more than was taken", func(s *suite, t *testing.T) {
		for range rounds {
			s.overReverse(t)
		}
	}},
	{"a debit and its reversal at once leave nothing taken", func(s *suite, t *testing.T) {
		for range rounds {
			s.race(t)
		}
	}},
}

// rounds is how often a race is run: the wrong order is rare.
const rounds = 20

// overReverse sends eight reversals of 3 out of a debit of 10 side by side.
func (s *suite) overReverse(t *testing.T) {
	t.Helper()
	tr := s.transfer(t, 10)
	want(t, s.move(t, connector.Debit, tr), connector.Done, "")
	reversals := make([]connector.Reversal, 8)
	for i := range reversals {
		reversals[i] = s.reversal(t, tr.ID, 3)
	}
	done := 0
	for _, a := range together(len(reversals), func(i int) connector.Answer { return s.reverse(t, connector.Debit, reversals[i]) }) {
		if a.Outcome == connector.Done {
			done++
		}
	}
	if done != 3 {
		t.Fatalf("%d reversals of 3 out of 10 were done, want 3", done)
	}
}

// race sends a debit and its whole reversal side by side. Whichever comes first,
// the member has what it had.
func (s *suite) race(t *testing.T) {
	t.Helper()
	tr := s.transfer(t, 4)
	r := s.reversal(t, tr.ID, 4)
	answers := together(2, func(i int) connector.Answer {
		if i == 0 {
			return s.move(t, connector.Debit, tr)
		}
		return s.reverse(t, "", r)
	})
	debit, reversal := answers[0], answers[1]
	want(t, reversal, connector.Done, "")
	if debit.Outcome == connector.Done {
		if reversal.ReversedAmount != 4 {
			t.Fatalf("debit done, reversed_amount %d, want 4", reversal.ReversedAmount)
		}
		s.book(connector.StatementLine{Kind: connector.LineDebitReversal, TransferID: tr.ID, ReversalID: r.ID, Amount: 4,
			Reference: reversal.Reference, OccurredAt: r.OccurredAt})
		return
	}
	want(t, debit, connector.Declined, connector.DeclineReversedBeforeExecution)
	if reversal.ReversedAmount != 0 {
		t.Fatalf("debit declined, reversed_amount %d, want 0", reversal.ReversedAmount)
	}
}

// together runs n calls side by side and returns what each returned.
func together[T any](n int, do func(i int) T) []T {
	results := make([]T, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { results[i] = do(i) })
	}
	calls.Wait()
	return results
}
