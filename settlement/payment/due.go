package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// codes stand for channels in references.
var codes = map[netting.Channel]string{netting.Bilateral: "B", netting.GrossIn: "GI", netting.GrossOut: "GO", netting.Clearing: "C"}

// reference is that of an attempt to pay a channel: at most 33 characters.
func reference(settlement string, c netting.Channel, attempt int64) string {
	text := settlement + "/" + codes[c]
	if attempt > 1 {
		text += fmt.Sprint(attempt)
	}
	return text
}

// payables are the lines of a settlement in which something is paid. When the
// channels are not those in which it was netted, because they were lost and the
// policy is another now, what the figures say is paid all the same.
func payables(one *settlement.Settlement) (lines []netting.Line) {
	pay, receive := int64(0), int64(0)
	for _, l := range one.Channels {
		pay += max(l.Payable, 0)
		receive += max(-l.Payable, 0)
		if l.Payable != 0 {
			lines = append(lines, l)
		}
	}
	f := &one.Figures
	switch {
	case f.Pay == 0 && f.Receive == 0:
		return nil
	case pay == f.Pay && receive == f.Receive:
		return lines
	case f.Pay != 0 && f.Receive != 0:
		return []netting.Line{{Partner: one.Partner, Channel: netting.GrossIn, Payable: f.Pay}, {Partner: one.Partner, Channel: netting.GrossOut, Payable: -f.Receive}}
	}
	return []netting.Line{{Partner: one.Partner, Channel: netting.Bilateral, Payable: f.Pay - f.Receive}}
}

// due returns the payments that are to be made for a settlement that stands on the
// ledger: of each channel the first, or the one after one that was returned or
// withdrawn. It returns [ErrState], [ErrTaken], [ErrNothing] or [ErrNoParty].
func (s *Service) due(ctx context.Context, one *settlement.Settlement) ([]Payment, error) {
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && on.Step != ledger.SettlementSigned && on.Step != ledger.SettlementPaid {
		return nil, fmt.Errorf("%w: settlement %s is %s, it is paid once it is signed", ErrState, one.ID, one.State)
	}
	if err != nil {
		return nil, err
	}
	if on.Figures != one.Figures {
		return nil, fmt.Errorf("%w: the figures of settlement %s in our records are not those on the ledger", settlement.ErrDigest, one.ID)
	}
	before, err := s.o.Store.PaymentsOf(ctx, one.ID)
	if err != nil {
		return nil, err
	}
	latest := map[netting.Channel]*Payment{}
	for _, p := range before {
		latest[p.Channel] = p // they come by attempt
	}
	return s.missing(one, latest)
}

// missing makes the payments that no order holds.
func (s *Service) missing(one *settlement.Settlement, latest map[netting.Channel]*Payment) (all []Payment, err error) {
	taken := ""
	for _, l := range payables(one) {
		attempt := int64(1)
		if last := latest[l.Channel]; last != nil {
			if attempt = last.Attempt + 1; last.State != Returned && last.State != Dropped {
				taken = last.Order
				continue
			}
		}
		p, err := s.make(one, l, attempt)
		if err != nil {
			return nil, err
		}
		all = append(all, *p)
	}
	switch {
	case len(all) > 0:
		return all, nil
	case taken != "":
		return nil, fmt.Errorf("%w: settlement %s is in order %s", ErrTaken, one.ID, taken)
	}
	return nil, fmt.Errorf("%w for settlement %s", ErrNothing, one.ID)
}

func (s *Service) make(one *settlement.Settlement, l netting.Line, attempt int64) (*Payment, error) {
	p := &Payment{Reference: reference(one.ID, l.Channel, attempt), Settlement: one.ID, Partner: one.Partner, Window: one.Window,
		Channel: l.Channel, Attempt: attempt, Payer: one.Partner, Cents: l.Payable, State: Waiting, Version: 1}
	if l.Payable < 0 {
		p.Payer, p.Payee, p.Cents = "", one.Partner, -l.Payable
	}
	var known [2]bool
	p.From, known[0] = s.o.Parties.of(p.Payer)
	p.To, known[1] = s.o.Parties.of(p.Payee)
	if !known[0] || !known[1] {
		return nil, fmt.Errorf("%w: the configuration needs the bank account of the utility and of partner %s", ErrNoParty, one.Partner)
	}
	return p, nil
}

// Payable returns the settlements that can be put into an order: signed, or paid
// and returned by the bank, with something to pay and in no other order. Oldest
// first. By the utility.
func (s *Service) Payable(ctx context.Context, by desk.Person) ([]*settlement.Settlement, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	all, err := s.o.Settlements.Unsettled(ctx, unsettledMax)
	if err != nil {
		return nil, err
	}
	var payable []*settlement.Settlement
	for _, one := range all {
		if one.State != settlement.Signed && one.State != settlement.Paid {
			continue
		}
		switch _, err := s.due(ctx, one); {
		case err == nil, errors.Is(err, ErrNoParty):
			payable = append(payable, one)
		case !errors.Is(err, ErrState) && !errors.Is(err, ErrTaken) && !errors.Is(err, ErrNothing):
			return nil, err
		}
	}
	return payable, nil
}
