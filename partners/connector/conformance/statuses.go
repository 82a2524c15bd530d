package conformance

import (
	"fmt"

	"github.com/pointgrid/pointgrid/partners/connector"
)

const fixStatus = "Answer from what is stored under the identifier: the outcome and reference of the first answer, and the sum reversed so far."

var statusRules = []Rule{
	must("CN-STATUS-01", "the status of a transfer that was never seen says so", "itself. `404 transfer_unknown` means that the host has never seen the identifier",
		"Answer 404 with problem code transfer_unknown; a 404 without it is taken for a missing route.",
		func(s *suite, t *trial) { s.wantNeverSeen(t, newID()) }),
	must("CN-STATUS-02", "the status of a transfer that was done repeats its answer", "The way out of an unknown outcome. The answer must be as durable as the answer of the call", fixStatus,
		func(s *suite, t *trial) {
			for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
				tr := s.transfer(9)
				a := s.move(t, kind, tr)
				s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: kind, Amount: 9})
			}
		}),
	must("CN-STATUS-03", "the status of a transfer that was declined repeats its answer", "description: Always present for `done` and `declined`", fixStatus,
		func(s *suite, t *trial) {
			tr := s.transfer(s.balance + 1)
			a := s.move(t, connector.Debit, tr)
			s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: tr.Amount})
		}),
	must("CN-STATUS-04", "the status of a transfer shows what was reversed", "description: The transfer, as it stands now.",
		"Keep the sum of done reversals with each transfer, and show it as reversed_amount.", checkReversedShows),
	must("CN-STATUS-05", "the status of a reversal that was never seen says so", "detail: no reversal with this identifier was ever received",
		"Answer 404 with problem code reversal_unknown.",
		func(s *suite, t *trial) {
			s.wantReversalStatus(t, newID(), connector.ReversalStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
		}),
	must("CN-STATUS-06", "the status of a reversal repeats its answer", "The answer that the reversal got, with the amount that was asked for.",
		"Store each reversal's answer, with the reversed_amount of then, and show that.",
		func(s *suite, t *trial) {
			tr := s.transfer(9)
			s.move(t, connector.Debit, tr)
			r, tooMuch := s.reversal(tr.ID, 9), s.reversal(tr.ID, 1)
			done, declined := s.reverse(t, connector.Debit, r), s.reverse(t, connector.Debit, tooMuch)
			s.wantReversalStatus(t, r.ID, connector.ReversalStatus{Answer: done, TransferID: tr.ID, Amount: 9})
			s.wantReversalStatus(t, tooMuch.ID, connector.ReversalStatus{Answer: declined, TransferID: tr.ID, Amount: 1})
		}),
	must("CN-STATUS-07", "identifiers of transfers and of reversals do not mix", "`transfer_id` and `reversal_id` are UUIDs in lower case with hyphens",
		"Keep transfers and reversals in different tables, or look them up by kind and identifier.",
		func(s *suite, t *trial) {
			tr := s.transfer(2)
			s.move(t, connector.Debit, tr)
			r := s.reversal(tr.ID, 2)
			s.reverse(t, connector.Debit, r)
			s.wantNeverSeen(t, r.ID)
			s.wantReversalStatus(t, tr.ID, connector.ReversalStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
		}),
}

func checkReversedShows(s *suite, t *trial) {
	tr := s.transfer(9)
	a := s.move(t, connector.Debit, tr)
	for _, c := range []struct{ amount, sum int64 }{{4, 4}, {5, 9}} {
		s.reverse(t, connector.Debit, s.reversal(tr.ID, c.amount))
		a.ReversedAmount = c.sum
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: 9})
	}
}

func (s *suite) wantNeverSeen(t *trial, id connector.ID) {
	s.wantStatus(t, id, connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
}

func (s *suite) wantStatus(t *trial, id connector.ID, want connector.TransferStatus) {
	got, err := s.client.Status(t.Context(), id)
	if err != nil {
		t.Fatalf("the status of a transfer was asked for, and %s", plain(err))
	}
	if got != want {
		t.Fatalf("the status of the transfer is %s; must be %s", transferWords(got), transferWords(want))
	}
}

func (s *suite) wantReversalStatus(t *trial, id connector.ID, want connector.ReversalStatus) {
	got, err := s.client.ReversalStatus(t.Context(), id)
	if err != nil {
		t.Fatalf("the status of a reversal was asked for, and %s", plain(err))
	}
	if got != want {
		t.Fatalf("the status of the reversal is %s; must be %s", reversalWords(got), reversalWords(want))
	}
}

func transferWords(s connector.TransferStatus) string {
	if s.Outcome == connector.NeverSeen {
		return "never seen"
	}
	return fmt.Sprintf("%s %s of %d, %d reversed, reference %q", said(s.Answer), s.Kind, s.Amount, s.ReversedAmount, s.Reference)
}

func reversalWords(s connector.ReversalStatus) string {
	if s.Outcome == connector.NeverSeen {
		return "never seen"
	}
	return fmt.Sprintf("%s, %d of transfer %s, reversed_amount %d, reference %q", said(s.Answer), s.Amount, s.TransferID, s.ReversedAmount, s.Reference)
}
