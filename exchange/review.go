package exchange

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Screening looks at conversions before anything has moved. It is asked for each new
// one, and must be quick.
type Screening interface {
	// Screen returns the code of the rule by which a conversion is to be reviewed by
	// staff first, "" when it may go on. It counts the conversion at once, so that
	// those asked for together count for each other.
	Screen(ctx context.Context, c *Conversion) (rule string, err error)
	// Drop takes back what Screen counted, because the conversion was not made.
	Drop(c *Conversion)
}

// screenAll sends what is suspicious to review instead of its first step. When that
// cannot be said nothing is made.
func (s *Service) screenAll(ctx context.Context, all []undertaking) {
	if s.o.Screening == nil {
		return
	}
	for i := range all {
		u := &all[i]
		if !u.entered || u.err != nil {
			continue
		}
		rule, err := s.o.Screening.Screen(ctx, u.row)
		if err != nil {
			u.err = fmt.Errorf("exchange: screening: %w", err)
			u.allotment.release()
			continue
		}
		if u.screened = true; rule != "" {
			u.row.Step, u.row.Deadline = StepReview, u.row.CreatedAt+s.o.ReviewWithin.Milliseconds()
			u.row.Failure = &Failure{Code: rule, Detail: "held for review"}
		}
	}
}

// unscreen forgets a draft that became no conversion.
func (s *Service) unscreen(u *undertaking) {
	if u.screened {
		s.o.Screening.Drop(u.row)
		u.screened = false
	}
}

// Review returns the code of the rule by which the conversion is held, and until when
// (milliseconds since 1970) staff may release it; "" when it is not held.
func (c *Conversion) Review() (rule string, until int64) {
	if c.Step != StepReview {
		return "", 0
	}
	return codeOf(c.Failure), c.Deadline
}

// stepReview waits for people, and ends what they did not look at in time. Another
// gateway may be deciding it at the same moment; the store says who was first.
func (s *Service) stepReview(ctx context.Context, c *Conversion) (*Conversion, error) {
	if s.now() < c.Deadline {
		return nil, errLaidDown
	}
	next := s.end(c, Failed, &Failure{Code: CodeReviewExpired, Detail: "the conversion was held for review and not released in time; nothing was moved here"})
	err := s.o.Store.DecideReview(ctx, next)
	if errors.Is(err, ErrNotFound) {
		return nil, errLaidDown
	}
	return next, err
}

// Release lets a conversion go on that is held for review, at the rates at which it
// was asked for while they are in force. It returns the conversion as it stands then;
// releasing it again, or one that has ended, changes nothing. It returns
// [ErrNotFound], or a [*Busy].
func (s *Service) Release(ctx context.Context, id ledger.ID) (*Conversion, error) {
	return s.decideReview(ctx, id, s.released)
}

// Refuse ends a conversion that is held for review. As with any that failed, a partner
// that pushes has to give back what it moved. Otherwise as [Service.Release].
func (s *Service) Refuse(ctx context.Context, id ledger.ID) (*Conversion, error) {
	return s.decideReview(ctx, id, func(_ context.Context, c *Conversion) (*Conversion, error) {
		return s.end(c, Failed, &Failure{Code: CodeReviewRefused, Detail: "the conversion was held for review and refused; nothing was moved here"}), nil
	})
}

// decideReview stores what a decision makes of a conversion and carries it on from
// there. The job keeps the recovery away meanwhile.
func (s *Service) decideReview(ctx context.Context, id ledger.ID, decide func(context.Context, *Conversion) (*Conversion, error)) (*Conversion, error) {
	j, mine := s.conversions.take(id)
	if !mine {
		return s.atWork(ctx, j, id)
	}
	c, err := s.o.Store.Conversion(ctx, id)
	if err != nil || c.Step != StepReview {
		s.conversions.drop(j)
		return c, err
	}
	next, err := decide(ctx, c)
	if err == nil && next.Step != StepDone {
		next, j.places.allotment, err = s.allowRelease(ctx, next)
	}
	if err == nil {
		err = s.o.Store.DecideReview(context.WithoutCancel(ctx), next)
	}
	switch {
	case err != nil:
		s.conversions.drop(j)
		return nil, err
	case next.Step == StepDone:
		s.conversions.kept(j, next)
		s.conversions.drop(j)
		return next, nil
	}
	if !s.slots.have(id) { // its own gateway carries it on
		s.conversions.drop(j)
		return next, nil
	}
	s.conversions.begin(j, next)
	return next, nil
}

// atWork is the conversion that somebody is at, once they have put it down.
func (s *Service) atWork(ctx context.Context, j *job[Conversion], id ledger.ID) (*Conversion, error) {
	if j == nil {
		return nil, &Busy{What: "a service that is closing", RetryAfter: busyPause}
	}
	if j.await(ctx); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	c, err := s.o.Store.Conversion(ctx, id)
	if err == nil && c.Step == StepReview {
		err = &Busy{What: "the review", RetryAfter: busyPause}
	}
	return c, err
}

// released is a held conversion at its first step. What the ledger would refuse now
// ends here, before a partner is called for nothing.
func (s *Service) released(ctx context.Context, held *Conversion) (*Conversion, error) {
	c := held.Clone()
	c.Step, c.Failure, c.Deadline = firstStep(c), nil, s.now()+s.o.Deadline.Milliseconds()
	cards, err := s.rates.get(ctx)
	if err != nil {
		return nil, err
	}
	s.lockAgain(cards, c.In, ledger.In)
	s.lockAgain(cards, c.Out, ledger.Out)
	if c.Step != StepDebit {
		return c, nil
	}
	refusal, err := s.check(ctx, c.record())
	if err == nil && refusal != nil {
		return s.end(c, Failed, &Failure{Code: refusal.Code, Detail: refusal.Detail}), nil
	}
	return c, err
}

// allowRelease asks for the member's allowance again: while a conversion was held it
// took none, so that many that were held could together be more than one day allows.
func (s *Service) allowRelease(ctx context.Context, c *Conversion) (*Conversion, *allotment, error) {
	if s.o.Allowances == nil {
		return c, nil, nil
	}
	a, err := s.allot(ctx, c)
	if err == nil && a != nil {
		if err = s.withinAllowance(ctx, c.Account, a); err != nil {
			a.release()
		}
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return s.end(c, Failed, &Failure{Code: refusal.Code, Detail: refusal.Detail}), nil, nil
	}
	return c, a, err
}

// lockAgain locks a leg's rate anew: the review is not the member's fault. An agreement
// that is no longer in force keeps its lock for as long as it is good for.
func (s *Service) lockAgain(cards *rateCards, l *ledger.LegTerms, dir ledger.Direction) {
	if l == nil {
		return
	}
	now := s.now()
	if a, refusal := cards.inForce(l.Partner, dir, now); refusal == nil && a.ID == l.Agreement {
		l.LockedAt = now
	}
}

// Held returns conversions that are held for review, newest first, before an ID, at
// most limit.
func (s *Service) Held(ctx context.Context, before ledger.ID, limit int) ([]*Conversion, error) {
	return s.o.Store.Conversions(ctx, Filter{InReview: true, Before: before, Limit: min(max(limit, 1), pageMax)})
}
