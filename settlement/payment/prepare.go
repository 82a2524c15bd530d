package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Prepare puts settlements into an order. By the utility's maker. The same
// settlements prepared again by the same person, before anything else is done with
// them, are the same order. It returns [ErrNotPermitted], [ErrNotFound],
// [ErrState], [ErrTaken], [ErrNothing], [ErrNoParty] or [ErrInvalid].
func (s *Service) Prepare(ctx context.Context, maker desk.Person, settlements []string) (*Order, error) {
	if err := utility(maker); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.compose(ctx, settlements)
	if errors.Is(err, ErrTaken) {
		if same := s.prepared(ctx, maker, settlements); same != nil {
			return same, nil
		}
	}
	if err != nil {
		return nil, err
	}
	o.Maker, o.PreparedAt = maker, s.o.Now().UnixMilli()
	o.ID = s.orderID(o)
	for i := range o.Payments {
		o.Payments[i].Order = o.ID
		if err := o.Payments[i].valid(); err != nil {
			return nil, fmt.Errorf("%w: payment %s: %w", ErrInvalid, o.Payments[i].Reference, err)
		}
	}
	if err := s.o.Store.CreateOrder(ctx, o); err != nil {
		return nil, err
	}
	s.o.Logger.InfoContext(ctx, "payment order prepared", "order", o.ID, "payments", len(o.Payments))
	return o, nil
}

// compose gathers what is due.
func (s *Service) compose(ctx context.Context, settlements []string) (*Order, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(settlements)))
	if len(ids) == 0 || len(ids) > bank.PaymentsMax/len(codes) {
		return nil, fmt.Errorf("%w: an order has 1 to %d settlements", ErrInvalid, bank.PaymentsMax/len(codes))
	}
	o := &Order{State: Prepared, Settlements: ids, Version: 1}
	for _, id := range ids {
		one, err := s.o.Settlements.Settlement(ctx, id)
		if err != nil {
			return nil, err
		}
		due, err := s.due(ctx, one)
		if err != nil {
			return nil, err
		}
		o.Payments = append(o.Payments, due...)
	}
	return o, nil
}

// prepared returns the order that the person prepared of just these settlements.
func (s *Service) prepared(ctx context.Context, maker desk.Person, settlements []string) *Order {
	ids := slices.Compact(slices.Sorted(slices.Values(settlements)))
	payments, err := s.o.Store.PaymentsOf(ctx, ids[0])
	if err != nil || len(payments) == 0 {
		return nil
	}
	o, err := s.o.Store.Order(ctx, payments[len(payments)-1].Order)
	if err != nil || o.State != Prepared || o.Maker != maker || !slices.Equal(o.Settlements, ids) {
		return nil
	}
	return o
}

// orderID follows from the day and the references.
func (s *Service) orderID(o *Order) string {
	h := sha256.New()
	for i := range o.Payments {
		fmt.Fprintf(h, "%s\n", o.Payments[i].Reference)
	}
	return fmt.Sprintf("PG-%s-%x", strings.ReplaceAll(s.today().String(), "-", ""), h.Sum(nil)[:6])
}

// instruct is the payment as a bank is told of it.
func (p *Payment) instruct() bank.Payment {
	return bank.Payment{Reference: p.Reference, Payer: p.From, Payee: p.To, Cents: p.Cents,
		Text: fmt.Sprintf("积分清算 points settlement %s %s", p.Window, p.Partner)}
}

func (p *Payment) valid() error {
	told := p.instruct()
	return told.Validate()
}

// Withdraw drops an order that was not released, with a reason of at most
// [ledger.ReasonMax] bytes; its settlements can be put into another. By the
// utility. It returns [ErrNotPermitted], [ErrNotFound], [ErrState], [ErrInvalid] or
// [ErrChanged].
func (s *Service) Withdraw(ctx context.Context, by desk.Person, id, reason string) (*Order, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	if reason == "" || len(reason) > ledger.ReasonMax || !utf8.ValidString(reason) {
		return nil, fmt.Errorf("%w: a reason has 1 to %d bytes of UTF-8", ErrInvalid, ledger.ReasonMax)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.o.Store.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	if o.State != Prepared {
		return nil, fmt.Errorf("%w: order %s is %s", ErrState, id, o.State)
	}
	o.State, o.Checker, o.Reason = Withdrawn, by, reason
	return o, s.update(ctx, o, Dropped)
}

// update stores a changed order, with its payments in a state.
func (s *Service) update(ctx context.Context, o *Order, to PaymentState) error {
	o.Version++
	for i := range o.Payments {
		if p := &o.Payments[i]; p.State != to {
			p.State = to
			p.Version++
		}
	}
	return s.o.Store.UpdateOrder(ctx, o)
}
