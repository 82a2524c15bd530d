package conformance

import (
	"sync"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var concurrencyRules = []Rule{
	must("CN-RACE-01", "the same debit many times at once is done once", "Every call that moves points carries an identifier chosen by the gateway",
		"Make transfer_id a unique key, and let the second of two that come at once wait for the first one's answer.", checkSameAtOnce),
	must("CN-RACE-02", "debits at once never take more than there is", "Takes `amount` from the member's balance, wholly or not at all",
		"Lock the member's row, or take the points with one conditional update (… where balance >= amount).", checkDebitsAtOnce),
	must("CN-RACE-03", "reversals at once never give back more than was taken", "was done, but the sum would exceed its amount", fixSum,
		func(s *suite, t *trial) {
			for range rounds {
				s.overReverse(t)
			}
		}),
	must("CN-RACE-04", "a debit and its reversal at once leave nothing taken", "outcome it cannot learn: whichever of the two arrives first, no points are lost",
		"Decide on a transfer and on its reversals under one lock, that of the transfer_id.",
		func(s *suite, t *trial) {
			for range rounds {
				s.race(t)
			}
		}),
}

// rounds is how often a race is run: the wrong order is rare.
const rounds = 20

func checkSameAtOnce(s *suite, t *trial) {
	tr := s.transfer(8)
	answers := together(t, 16, func(int) connector.Answer { return s.move(t, connector.Debit, tr) })
	for _, a := range answers {
		want(t, "one of sixteen equal debits at once", a, connector.Done, "")
		wantSame(t, "one of sixteen equal debits at once", answers[0], a)
	}
}

func checkDebitsAtOnce(s *suite, t *trial) {
	// Any two of them are more than the balance, so exactly one is done.
	each := s.balance/2 + 1
	transfers := make([]connector.Transfer, 8)
	for i := range transfers {
		transfers[i] = s.transfer(each)
	}
	answers := together(t, len(transfers), func(i int) connector.Answer { return s.move(t, connector.Debit, transfers[i]) })
	done := 0
	for i, a := range answers {
		if a.Outcome == connector.Done {
			done++
			want(t, "its reversal", s.reverse(t, connector.Debit, s.reversal(transfers[i].ID, each)), connector.Done, "")
		}
	}
	if done != 1 {
		t.Fatalf("of eight debits at once, each of more than half of the balance, %d were done, must be 1", done)
	}
}

// overReverse sends eight reversals of 3 out of a debit of 10 side by side.
func (s *suite) overReverse(t *trial) {
	tr := s.transfer(10)
	want(t, "a debit of 10", s.move(t, connector.Debit, tr), connector.Done, "")
	reversals := make([]connector.Reversal, 8)
	for i := range reversals {
		reversals[i] = s.reversal(tr.ID, 3)
	}
	done := 0
	for _, a := range together(t, len(reversals), func(i int) connector.Answer { return s.reverse(t, connector.Debit, reversals[i]) }) {
		if a.Outcome == connector.Done {
			done++
		}
	}
	if done != 3 {
		t.Fatalf("of eight reversals of 3 at once, out of a debit of 10, %d were done, must be 3", done)
	}
}

// race sends a debit and its whole reversal side by side. Whichever comes first,
// the member has what it had.
func (s *suite) race(t *trial) {
	tr := s.transfer(4)
	r := s.reversal(tr.ID, 4)
	answers := together(t, 2, func(i int) connector.Answer {
		if i == 0 {
			return s.move(t, connector.Debit, tr)
		}
		return s.reverse(t, "", r)
	})
	debit, reversal := answers[0], answers[1]
	want(t, "a reversal at once with its debit", reversal, connector.Done, "")
	if debit.Outcome == connector.Done {
		wantReversed(t, "a reversal at once with its debit, which was done,", reversal, 4)
		s.book(connector.StatementLine{Kind: connector.LineDebitReversal, TransferID: tr.ID, ReversalID: r.ID, Amount: 4,
			Reference: reversal.Reference, OccurredAt: r.OccurredAt})
		return
	}
	want(t, "a debit at once with its reversal", debit, connector.Declined, connector.DeclineReversedBeforeExecution)
	wantReversed(t, "a reversal at once with its debit, which was declined,", reversal, 0)
}

// together runs n calls side by side and returns what each returned.
func together[T any](t *trial, n int, do func(i int) T) []T {
	results := make([]T, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { results[i] = do(i) })
	}
	calls.Wait()
	t.stopIfFailed()
	return results
}
