package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Release gives an order out, by another person of the utility than its maker. Once
// released it is answered again. It returns [ErrNotPermitted], [ErrNotFound],
// [ErrState], [ErrSamePerson], [ErrChanged], an [*ExposureError], or
// [calendar.ErrNotCovered] when the banking day is not known; and the ledger's
// error when a partner's company does not answer: the release then goes on by
// itself.
func (s *Service) Release(ctx context.Context, checker desk.Person, id string) (*Order, error) {
	if err := utility(checker); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.o.Store.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case o.State == Released:
		return o, nil
	case o.State == Withdrawn:
		return nil, fmt.Errorf("%w: order %s is %s", ErrState, id, o.State)
	case o.Maker == checker:
		return nil, fmt.Errorf("%w: %q prepared order %s", ErrSamePerson, checker.ID, id)
	case o.State == Prepared:
		if err := s.decide(ctx, o, checker); err != nil {
			return nil, err
		}
	}
	return o, s.finish(ctx, o)
}

// decide writes down that the order is released, with the day and what the file
// will be.
func (s *Service) decide(ctx context.Context, o *Order, checker desk.Person) error {
	simulation, err := s.simulate(ctx, o.Payments)
	if err != nil {
		return err
	}
	if !simulation.OK() {
		return &ExposureError{simulation}
	}
	day := s.today() - 1
	for i := range o.Payments {
		day = max(day, o.Payments[i].Window)
	}
	if o.Execute, err = s.o.Holidays.ValueDate(day); err != nil {
		return err
	}
	o.State, o.Checker, o.ReleasedAt = Releasing, checker, s.o.Now().UnixMilli()
	file, err := s.render(o)
	if err != nil && !errors.Is(err, ErrNothing) {
		return err
	}
	if err == nil {
		o.Digest = sha256.Sum256(file)
	}
	return s.update(ctx, o, Ordered)
}

// finish tells the ledger of each settlement, and then that the files may go out.
func (s *Service) finish(ctx context.Context, o *Order) error {
	for _, id := range o.Settlements {
		if err := s.pay(ctx, o, id); err != nil {
			return fmt.Errorf("payment: order %s: settlement %s: %w", o.ID, id, err)
		}
	}
	o.State = Released
	if err := s.update(ctx, o, Ordered); err != nil {
		return err
	}
	s.o.Logger.InfoContext(ctx, "payment order released", "order", o.ID, "payments", len(o.Payments))
	return nil
}

// pay takes the step paid, unless it was taken for these payments.
func (s *Service) pay(ctx context.Context, o *Order, id string) error {
	one, err := s.o.Settlements.Settlement(ctx, id)
	if err != nil {
		return err
	}
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if err != nil {
		return err
	}
	text := o.textFor(id)
	if mark, ok := on.Mark(ledger.SettlementPaid, s.o.MSP); !ok || mark.Text != text {
		who := ledger.Identity{MSP: s.o.MSP, Subject: o.Checker.ID}
		step := &ledger.AdvanceSettlement{Partner: one.Partner, Window: one.Window, Step: ledger.SettlementPaid, Text: text}
		if err := settlement.Advance(ctx, s.o.Ledger, who, &on, step); err != nil {
			return err
		}
	}
	return s.follow(ctx, one)
}

// textFor is what the ledger keeps as the reference of a settlement's payments: the
// reference itself, or of several what they have in common with their endings.
func (o *Order) textFor(settlement string) string {
	var endings []string
	for i := range o.Payments {
		if p := &o.Payments[i]; p.Settlement == settlement {
			endings = append(endings, strings.TrimPrefix(p.Reference, settlement+"/"))
		}
	}
	return settlement + "/" + strings.Join(endings, "+")
}

// follow stores where a settlement stands on the ledger.
func (s *Service) follow(ctx context.Context, one *settlement.Settlement) error {
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if err != nil {
		return err
	}
	passed, err := one.Since(&on, s.o.Now())
	if err != nil || len(passed) == 0 {
		return err
	}
	return s.o.Settlements.SaveSettlements(ctx, passed)
}

// Resume finishes releases that were interrupted, and settles what is confirmed. It
// is run often.
func (s *Service) Resume(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	orders, err := s.o.Store.Unreleased(ctx)
	if err != nil {
		return err
	}
	var errs error
	for _, o := range orders {
		errs = errors.Join(errs, s.finish(ctx, o))
	}
	all, err := s.o.Settlements.Unsettled(ctx, unsettledMax)
	if err != nil {
		return errors.Join(errs, err)
	}
	for _, one := range all {
		if one.State == settlement.Paid {
			_, err := s.settle(ctx, one)
			errs = errors.Join(errs, err)
		}
	}
	return errs
}
