package papers

import (
	"bytes"
	"context"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// Journal writes the entries of the utility's general ledger for a settlement as
// CSV: what is owed, by the window's date, and what the bank confirmed, by its. It
// returns [ErrNotNetted].
func (s *Service) Journal(ctx context.Context, one *settlement.Settlement) ([]byte, error) {
	if one.State == settlement.Closed {
		return nil, ErrNotNetted
	}
	postings := s.o.Accounts.Accrue(one.Window, one.Channels)
	all, err := s.o.Payments.PaymentsOf(ctx, one.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.State == payment.Confirmed {
			postings = append(postings, s.o.Accounts.Pay(p.ConfirmedOn, one.Window,
				[]netting.Payment{{Payer: p.Payer, Payee: p.Payee, Channel: p.Channel, Cents: p.Cents}})...)
		}
	}
	var out bytes.Buffer
	err = paper.WriteJournal(&out, postings)
	return out.Bytes(), err
}
