package conformance

import (
	"fmt"

	"github.com/pointgrid/pointgrid/partners/connector"
)

const fixSum = "Keep the sum of done reversals with each transfer, lock the transfer while a reversal is decided on, and compare before you move."

var reversalRules = []Rule{
	must("CN-REVERSAL-01", "a reversal gives a debit back", "| was done, and the sum stays within its amount | `done`, points moved |",
		"Add the reversal's amount to the member's balance, and answer done with the sum reversed.",
		func(s *suite, t *trial) { s.reverseWhole(t, connector.Debit) }),
	must("CN-REVERSAL-02", "a reversal takes a credit back", "Moves `amount` of the original transfer the other way",
		"Take the reversal's amount from the member's balance, and answer done with the sum reversed.",
		func(s *suite, t *trial) { s.reverseWhole(t, connector.Credit) }),
	must("CN-REVERSAL-03", "partial reversals add up to the original and not above", "Of one transfer no more is ever reversed than it moved", fixSum, checkPartial),
	must("CN-REVERSAL-04", "a repeated reversal gets the same answer and moves nothing", "Moves `amount` of the original transfer the other way. Idempotent by `reversal_id`",
		"Store each reversal's answer, with its reversed_amount, under its reversal_id, and answer a repeat from there.", checkRepeatedReversal),
	must("CN-REVERSAL-05", "a reversal_id that is used for something else is a conflict", "This `reversal_id` was used for another transfer or amount",
		"Store transfer_id and amount with each reversal_id; when one of them differs answer 409 reversal_conflict.", checkReversalConflict),
	must("CN-REVERSAL-06", "a credit that was spent cannot be taken back", "| was a credit whose points are spent | `declined`, `insufficient_points` |",
		"Never let a balance go below zero; decline with insufficient_points.", checkSpent),
	must("CN-REVERSAL-07", "a declined reversal stays declined when there are points later", "the member's. A declined reversal stays declined",
		"Store declined reversals too, and answer a repeat from there.", checkDeclinedReversalSticks),
	must("CN-REVERSAL-08", "reversing a declined transfer is done and moves nothing", "| was declined | `done` with `reversed_amount`",
		"Answer done with reversed_amount \"0\", move nothing, and leave the transfer declined.", checkReverseDeclined),
	must("CN-REVERSAL-09", "reversing what was never seen is done and keeps a late debit out", "A reversal of a transfer that the host **never saw** succeeds",
		"Store a tombstone under the transfer_id; when the transfer arrives, decline it with reversed_before_execution.",
		func(s *suite, t *trial) { s.tombstone(t, connector.Debit) }),
	must("CN-REVERSAL-10", "reversing what was never seen is done and keeps a late credit out", "| was never seen | `done` with `reversed_amount`",
		"Store a tombstone under the transfer_id; when the transfer arrives, decline it with reversed_before_execution.",
		func(s *suite, t *trial) { s.tombstone(t, connector.Credit) }),
}

func (s *suite) reverseWhole(t *trial, kind connector.Kind) {
	tr := s.transfer(20)
	want(t, "a "+string(kind)+" of 20", s.move(t, kind, tr), connector.Done, "")
	a := s.reverse(t, kind, s.reversal(tr.ID, 20))
	want(t, "its reversal", a, connector.Done, "")
	wantReversed(t, "its reversal", a, 20)
}

// part is a step of checkPartial: how much is reversed, the sum after it, and
// why it is declined.
type part struct {
	amount, sum int64
	declined    connector.DeclineCode
}

func checkPartial(s *suite, t *trial) {
	for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
		tr := s.transfer(10)
		want(t, "a "+string(kind)+" of 10", s.move(t, kind, tr), connector.Done, "")
		for _, p := range []part{
			{11, 0, connector.DeclineAboveOriginal}, {4, 4, ""}, {7, 4, connector.DeclineAboveOriginal},
			{1<<63 - 1, 4, connector.DeclineAboveOriginal}, {5, 9, ""}, {1, 10, ""}, {1, 10, connector.DeclineAboveOriginal},
		} {
			a := s.reverse(t, kind, s.reversal(tr.ID, p.amount))
			what := fmt.Sprintf("a reversal of %d of a %s of 10", p.amount, kind)
			outcome := connector.Done
			if p.declined != "" {
				outcome = connector.Declined
			}
			want(t, what, a, outcome, p.declined)
			wantReversed(t, what, a, p.sum)
		}
	}
}

func checkRepeatedReversal(s *suite, t *trial) {
	tr := s.transfer(10)
	s.move(t, connector.Debit, tr)
	r := s.reversal(tr.ID, 4)
	first := s.reverse(t, connector.Debit, r)
	s.reverse(t, connector.Debit, s.reversal(tr.ID, 1)) // the sum is another now, the answer is not
	wantSame(t, "the reversal", first, s.reverse(t, connector.Debit, r))
}

func checkReversalConflict(s *suite, t *trial) {
	one, two := s.transfer(10), s.transfer(10)
	s.move(t, connector.Debit, one)
	s.move(t, connector.Debit, two)
	r := s.reversal(one.ID, 4)
	want(t, "a reversal", s.reverse(t, connector.Debit, r), connector.Done, "")
	amount, transfer := r, r
	amount.Amount, transfer.TransferID = 5, two.ID
	for what, changed := range map[string]connector.Reversal{"with another amount": amount, "for another transfer": transfer} {
		_, err := s.client.Reverse(t.Context(), changed)
		wantProblem(t, "a reversal_id that was used again "+what, err, connector.ReversalConflict)
	}
}

// spend empties the member's account, but for some points, and returns what
// brings them back.
func (s *suite) spend(t *trial, but int64) (back func()) {
	spent := s.transfer(s.balance - but)
	want(t, "a debit of nearly everything", s.move(t, connector.Debit, spent), connector.Done, "")
	return func() {
		want(t, "its reversal", s.reverse(t, connector.Debit, s.reversal(spent.ID, spent.Amount)), connector.Done, "")
	}
}

func checkSpent(s *suite, t *trial) {
	credit := s.transfer(50)
	want(t, "a credit of 50", s.move(t, connector.Credit, credit), connector.Done, "")
	back := s.spend(t, 49)
	a := s.reverse(t, connector.Credit, s.reversal(credit.ID, 50))
	want(t, "a reversal of a credit of 50, of which 49 are left,", a, connector.Declined, connector.DeclineInsufficientPoints)
	wantReversed(t, "the declined reversal", a, 0)
	want(t, "a reversal of the 49", s.reverse(t, connector.Credit, s.reversal(credit.ID, 49)), connector.Done, "")
	back()
}

func checkDeclinedReversalSticks(s *suite, t *trial) {
	credit := s.transfer(50)
	want(t, "a credit of 50", s.move(t, connector.Credit, credit), connector.Done, "")
	back := s.spend(t, 0)
	r := s.reversal(credit.ID, 50)
	first := s.reverse(t, connector.Credit, r)
	want(t, "a reversal of a credit that is spent", first, connector.Declined, connector.DeclineInsufficientPoints)
	back()
	wantSame(t, "the reversal, repeated when there were points enough,", first, s.reverse(t, connector.Credit, r))
	want(t, "a reversal with a new identifier", s.reverse(t, connector.Credit, s.reversal(credit.ID, 50)), connector.Done, "")
}

func checkReverseDeclined(s *suite, t *trial) {
	tr := s.transfer(s.balance + 1)
	declined := s.move(t, connector.Debit, tr)
	a := s.reverse(t, "", s.reversal(tr.ID, tr.Amount))
	want(t, "the reversal of a declined debit", a, connector.Done, "")
	wantReversed(t, "the reversal of a declined debit", a, 0)
	s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: declined, Kind: connector.Debit, Amount: tr.Amount})
}

func (s *suite) tombstone(t *trial, kind connector.Kind) {
	tr := s.transfer(6)
	for range 2 { // the second reversal meets the tombstone of the first
		a := s.reverse(t, "", s.reversal(tr.ID, 6))
		want(t, "a reversal of a transfer that was never sent", a, connector.Done, "")
		wantReversed(t, "a reversal of a transfer that was never sent", a, 0)
	}
	s.wantCancelled(t, tr.ID)
	late := "a " + string(kind) + " that arrives after its reversal"
	first := s.move(t, kind, tr)
	want(t, late, first, connector.Declined, connector.DeclineReversedBeforeExecution)
	wantSame(t, late, first, s.move(t, kind, tr))
	s.wantCancelled(t, tr.ID)
}

func (s *suite) wantCancelled(t *trial, id connector.ID) {
	got, err := s.client.Status(t.Context(), id)
	if err != nil {
		t.Fatalf("the status of a transfer with a tombstone was asked for, and %s", plain(err))
	}
	if got.Outcome != connector.Cancelled || got.ReversedAmount != 0 {
		t.Fatalf("the status of a transfer with a tombstone is %s; must be cancelled, 0 reversed", transferWords(got))
	}
}
