package signing

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// unsettledMax bounds how many settlements are followed in one run; the oldest
// come first.
const unsettledMax = 10_000

// Follow brings all settlements that are not settled up to what stands on the
// ledger, and settles those that are signed and have nothing to pay. It is run
// often. One whose company does not answer keeps none of the others waiting.
func (s *Service) Follow(ctx context.Context) error {
	all, err := s.o.Store.Unsettled(ctx, unsettledMax)
	if err != nil {
		return err
	}
	var errs error
	for _, one := range all {
		if err := s.follow(ctx, one); err != nil {
			errs = errors.Join(errs, fmt.Errorf("signing: settlement %s: %w", one.ID, err))
		}
	}
	return errs
}

// follow looks again in the partner's turn, because a step may have been taken
// since the list was read.
func (s *Service) follow(ctx context.Context, one *settlement.Settlement) error {
	defer s.turn(one.Partner)()
	one, err := s.o.Store.Settlement(ctx, one.ID)
	if err != nil {
		return err
	}
	_, err = s.arrive(ctx, one)
	return err
}

// arrive stores where a settlement stands now, and settles it when it is signed
// and nothing is to be paid.
func (s *Service) arrive(ctx context.Context, one *settlement.Settlement) (*settlement.Settlement, error) {
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if errors.Is(err, ledger.ErrNotFound) { // closed, and the night has not netted it
		return one, nil
	}
	if err != nil {
		return nil, err
	}
	if one, err = s.bring(ctx, one, &on); err != nil {
		return nil, err
	}
	if on.Step != ledger.SettlementSigned || on.Figures.Pay != 0 || on.Figures.Receive != 0 {
		return one, nil
	}
	machine := ledger.Identity{MSP: s.o.MSP, Subject: s.o.Subject}
	if err := s.advance(ctx, machine, &on, &ledger.AdvanceSettlement{Step: ledger.SettlementSettled}); err != nil {
		s.o.Logger.WarnContext(ctx, "a settlement without payment will be settled later", "settlement", one.ID, "error", err)
		return one, nil
	}
	if on, err = s.o.Ledger.Settlement(ctx, one.Partner, one.Window); err != nil {
		return nil, err
	}
	return s.bring(ctx, one, &on)
}

// bring stores each state that the settlement passed on the ledger, so that each
// is told of.
func (s *Service) bring(ctx context.Context, one *settlement.Settlement, on *ledger.Settlement) (*settlement.Settlement, error) {
	passed, err := one.Since(on, s.o.Now())
	if err != nil || len(passed) == 0 {
		return one, err
	}
	if err := s.o.Store.SaveSettlements(ctx, passed); err != nil {
		return nil, err
	}
	return &passed[len(passed)-1], nil
}
