package conformance

import (
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var statusRules = []rule{
	{"the status of a transfer that was never seen says so", func(s *suite, t *testing.T) {
		s.wantStatus(t, newID(t), connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
	}},
	{"the status of a transfer that was done repeats its answer", func(s *suite, t *testing.T) {
		for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
			tr := s.transfer(t, 9)
			a := s.move(t, kind, tr)
			s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: kind, Amount: 9})
		}
	}},
	{"the status of a transfer that was declined repeats its answer", func(s *suite, t *testing.T) {
		tr := s.transfer(t, s.balance+1)
		a := s.move(t, connector.Debit, tr)
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: tr.Amount})
	}},
	{"the status of a transfer shows what was reversed", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 9)
		a := s.move(t, connector.Debit, tr)
		s.reverse(t, connector.Debit, s.reversal(t, tr.ID, 4))
		a.ReversedAmount = 4
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: 9})
		s.reverse(t, connector.Debit, s.reversal(t, tr.ID, 5))
		a.ReversedAmount = 9
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: 9})
	}},
	{"the status of a reversal that was never seen says so", func(s *suite, t *testing.T) {
		s.wantReversalStatus(t, newID(t), connector.ReversalStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
	}},
	{"the status of a reversal repeats its answer", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 9)
		s.move(t, connector.Debit, tr)
		r, tooMuch := s.reversal(t, tr.ID, 9), s.reversal(t, tr.ID, 1)
		done, declined := s.reverse(t, connector.Debit, r), s.reverse(t, connector.Debit, tooMuch)
		s.wantReversalStatus(t, r.ID, connector.ReversalStatus{Answer: done, TransferID: tr.ID, Amount: 9})
		s.wantReversalStatus(t, tooMuch.ID, connector.ReversalStatus{Answer: declined, TransferID: tr.ID, Amount: 1})
	}},
	{"identifiers of transfers and of reversals do not mix", func(s *suite, t *testing.T) {
		tr := s.transfer(t, 2)
		s.move(t, connector.Debit, tr)
		r := s.reversal(t, tr.ID, 2)
		s.reverse(t, connector.Debit, r)
		s.wantStatus(t, r.ID, connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
		s.wantReversalStatus(t, tr.ID, connector.ReversalStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
	}},
}

func (s *suite) wantStatus(t *testing.T, id connector.ID, want connector.TransferStatus) {
	t.Helper()
	got, err := s.client.Status(t.Context(), id)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func (s *suite) wantReversalStatus(t *testing.T, id connector.ID, want connector.ReversalStatus) {
	t.Helper()
	got, err := s.client.ReversalStatus(t.Context(), id)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
}
