package payment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// File returns the utility's file of a released order for its bank, pain.001; the
// same bytes each time. By the utility. It returns [ErrState] before the order is
// released, and [ErrNothing] when the utility pays nothing by it.
func (s *Service) File(ctx context.Context, by desk.Person, order string) ([]byte, error) {
	o, err := s.Order(ctx, by, order)
	if err != nil {
		return nil, err
	}
	if o.State != Released {
		return nil, fmt.Errorf("%w: order %s is %s", ErrState, order, o.State)
	}
	file, err := s.render(o)
	if err != nil {
		return nil, err
	}
	if digest := ledger.Hash(sha256.Sum256(file)); digest != o.Digest {
		return nil, fmt.Errorf("payment: order %s has a file with the digest %s, %s was released", o.ID, digest, o.Digest)
	}
	return file, nil
}

// render writes the utility's file of an order whose day is set.
func (s *Service) render(o *Order) ([]byte, error) {
	var own []bank.Payment
	for i := range o.Payments {
		if p := &o.Payments[i]; p.Payer == "" {
			own = append(own, p.instruct())
		}
	}
	return s.write(o.ID, o, own)
}

func (s *Service) write(id string, o *Order, payments []bank.Payment) ([]byte, error) {
	if len(payments) == 0 {
		return nil, fmt.Errorf("%w by %s", ErrNothing, id)
	}
	var out bytes.Buffer
	err := bank.WriteOrder(&out, &bank.Order{ID: id, At: time.UnixMilli(o.ReleasedAt).In(s.o.Zone), Execute: o.Execute,
		Initiator: payments[0].Payer.Name, Payments: payments})
	return out.Bytes(), err
}

// Instruction returns a partner's file for its bank, pain.001, with what it pays
// for a settlement, once that is released. By the partner, or the utility. It
// returns [ErrNotFound], [ErrState] before the release, and [ErrNothing] when the
// partner pays nothing.
func (s *Service) Instruction(ctx context.Context, by desk.Person, settlement string) ([]byte, error) {
	one, err := s.settlement(ctx, by, settlement)
	if err != nil {
		return nil, err
	}
	if one.Figures.Pay == 0 {
		return nil, fmt.Errorf("%w by %s for settlement %s", ErrNothing, one.Partner, settlement)
	}
	payments, err := s.o.Store.PaymentsOf(ctx, settlement)
	if err != nil {
		return nil, err
	}
	latest := map[netting.Channel]*Payment{}
	for _, p := range payments {
		if p.Payer != "" && (p.State == Ordered || p.State == Confirmed) {
			latest[p.Channel] = p
		}
	}
	return s.instruction(ctx, settlement, latest)
}

// instruction writes the newest payments of each channel.
func (s *Service) instruction(ctx context.Context, settlement string, latest map[netting.Channel]*Payment) ([]byte, error) {
	var theirs []bank.Payment
	var attempt int64
	order := ""
	for _, c := range []netting.Channel{netting.Bilateral, netting.GrossIn, netting.GrossOut, netting.Clearing} {
		if p := latest[c]; p != nil && p.Attempt >= attempt {
			if p.Attempt > attempt { // what was returned is paid again by itself
				theirs, attempt, order = nil, p.Attempt, p.Order
			}
			theirs = append(theirs, p.instruct())
		}
	}
	if order == "" {
		return nil, fmt.Errorf("%w: settlement %s is not released for payment", ErrState, settlement)
	}
	o, err := s.o.Store.Order(ctx, order)
	if err != nil {
		return nil, err
	}
	if o.State != Released {
		return nil, fmt.Errorf("%w: order %s is %s", ErrState, order, o.State)
	}
	return s.write(fmt.Sprintf("P%d-%s", attempt, settlement), o, theirs)
}
