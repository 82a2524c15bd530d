package conformance

import (
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var reversalRules = []rule{
	{"a reversal gives a debit back", func(s *suite, t *testing.T) { s.reverseWhole(t, connector.Debit) }},
	{"a reversal takes a credit back", func(s *suite, t *testing.T) { s.reverseWhole(t, connector.Credit) }},
	{"partial reversals add up to the original and not above", checkPartial},
	{"a repeated reversal gets the same answer and moves nothing", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 10)
		s.move(t, connector.Debit, tr)
		r := s.reversal(t, tr.ID, 4)
		first := s.reverse(t, connector.Debit, r)
		s.reverse(t, connector.Debit, s.reversal(t, tr.ID, 1)) // the sum is another now, the answer is not
		if again := s.reverse(t, connector.Debit, r); again != first {
			t.Fatalf("first %+v, then %+v", first, again)
		}
	}},
	{"a repeat of a reversal with other content is a conflict", func(s *suite, t *testing.T) {
		one, two := s.transfer(t, 10), s.transfer(t, 10)
		s.move(t, connector.Debit, one)
		s.move(t, connector.Debit, two)
		r := s.reversal(t, one.ID, 4)
		want(t, s.reverse(t, connector.Debit, r), connector.Done, "")
		amount, transfer := r, r
		amount.Amount, transfer.TransferID = 5, two.ID
		for _, changed := range []connector.Reversal{amount, transfer} {
			_, err := s.client.Reverse(t.Context(), changed)
			wantProblem(t, err, connector.ReversalConflict)
		}
	}},
	{"a credit that was spent cannot be taken back", checkSpent},
	{"a declined reversal stays declined when there are points later", checkDeclinedReversalSticks},
	{"reversing a declined transfer is done and moves nothing", func(s *suite, t *testing.T) {
		tr := s.transfer(t, s.balance+1)
		declined := s.move(t, connector.Debit, tr)
		a := s.reverse(t, "", s.reversal(t, tr.ID, tr.Amount))
		want(t, a, connector.Done, "")
		if a.ReversedAmount != 0 {
			t.Fatalf("reversed_amount is %d, want 0", a.ReversedAmount)
		}
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: declined, Kind: connector.Debit, Amount: tr.Amount})
	}},
	{"reversing what was never seen is done and keeps a late debit out", func(s *suite, t *testing.T) { s.tombstone(t, connector.Debit) }},
	{"reversing what was never seen is done and keeps a late credit out", func(s *suite, t *testing.T) { s.tombstone(t, connector.Credit) }},
}

func (s *suite) reverseWhole(t *testing.T, kind connector.Kind) {
	t.Helper()
	tr := s.transfer(t, 20)
	want(t, s.move(t, kind, tr), connector.Done, "")
	a := s.reverse(t, kind, s.reversal(t, tr.ID, 20))
	want(t, a, connector.Done, "")
	if a.ReversedAmount != 20 {
		t.Fatalf("reversed_amount is %d, want 20", a.ReversedAmount)
	}
}

func checkPartial(s *suite, t *testing.T) {
	for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
		tr := s.transfer(t, 10)
		want(t, s.move(t, kind, tr), connector.Done, "")
		for _, c := range []struct {
			amount, sum int64
			outcome     connector.Outcome
			code        connector.DeclineCode
		}{
			{11, 0, connector.Declined, connector.DeclineAboveOriginal},
			{4, 4, connector.Done, ""},
			{7, 4, connector.Declined, connector.DeclineAboveOriginal},
			{1<<63 - 1, 4, connector.Declined, connector.DeclineAboveOriginal},
			{5, 9, connector.Done, ""},
			{1, 10, connector.Done, ""},
			{1, 10, connector.Declined, connector.DeclineAboveOriginal},
		} {
			a := s.reverse(t, kind, s.reversal(t, tr.ID, c.amount))
			want(t, a, c.outcome, c.code)
			if a.ReversedAmount != c.sum {
				t.Fatalf("after %d of a %s: reversed_amount is %d, want %d", c.amount, kind, a.ReversedAmount, c.sum)
			}
		}
	}
}

// spend empties the member's account, but for some points, and returns what
// brings them back.
func (s *suite) spend(t *testing.T, but int64) (back func()) {
	t.Helper()
	spent := s.transfer(t, s.balance-but)
	want(t, s.move(t, connector.Debit, spent), connector.Done, "")
	return func() {
		want(t, s.reverse(t, connector.Debit, s.reversal(t, spent.ID, spent.Amount)), connector.Done, "")
	}
}

func checkSpent(s *suite, t *testing.T) {
	credit := s.transfer(t, 50)
	want(t, s.move(t, connector.Credit, credit), connector.Done, "")
	back := s.spend(t, 49)
	a := s.reverse(t, connector.Credit, s.reversal(t, credit.ID, 50))
	want(t, a, connector.Declined, connector.DeclineInsufficientPoints)
	if a.ReversedAmount != 0 {
		t.Fatalf("reversed_amount is %d, want 0", a.ReversedAmount)
	}
	want(t, s.reverse(t, connector.Credit, s.reversal(t, credit.ID, 49)), connector.Done, "")
	back()
}

func checkDeclinedReversalSticks(s *suite, t *testing.T) {
	credit := s.transfer(t, 50)
	want(t, s.move(t, connector.Credit, credit), connector.Done, "")
	back := s.spend(t, 0)
	r := s.reversal(t, credit.ID, 50)
	first := s.reverse(t, connector.Credit, r)
	want(t, first, connector.Declined, connector.DeclineInsufficientPoints)
	back()
	if again := s.reverse(t, connector.Credit, r); again != first {
		t.Fatalf("first %+v, then %+v", first, again)
	}
	want(t, s.reverse(t, connector.Credit, s.reversal(t, credit.ID, 50)), connector.Done, "")
}

func (s *suite) tombstone(t *testing.T, kind connector.Kind) {
	t.Helper()
	tr := s.transfer(t, 6)
	for range 2 { // the second reversal meets the tombstone of the first
		a := s.reverse(t, "", s.reversal(t, tr.ID, 6))
		want(t, a, connector.Done, "")
		if a.ReversedAmount != 0 {
			t.Fatalf("reversed_amount is %d, want 0", a.ReversedAmount)
		}
	}
	s.wantCancelled(t, tr.ID)
	first := s.move(t, kind, tr)
	want(t, first, connector.Declined, connector.DeclineReversedBeforeExecution)
	if again := s.move(t, kind, tr); again != first {
		t.Fatalf("first %+v, then %+v", first, again)
	}
	s.wantCancelled(t, tr.ID)
}

func (s *suite) wantCancelled(t *testing.T, id connector.ID) {
	t.Helper()
	got, err := s.client.Status(t.Context(), id)
	if err != nil || got.Outcome != connector.Cancelled || got.ReversedAmount != 0 {
		t.Fatalf("got %+v, %v; want cancelled, nothing reversed", got, err)
	}
}
