package exchange

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// stepCancelCredit makes sure that a credit whose outcome is unknown does not
// stand; or, when the member has spent it, finds that it does.
func (s *Service) stepCancelCredit(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	host, err := s.host(c.Out.Partner)
	if err != nil {
		return nil, err
	}
	u := undoing{host: host, partner: c.Out.Partner, original: c.credit().ID, owner: c.ID, first: numCancel, last: numCancel,
		amount: c.Out.To, total: c.Out.To, occurredAt: c.TurnedAt}
	r := s.undo(ctx, u, p)
	switch {
	case r.verdict != workflow.Settled:
		return s.stuck(c, r.verdict)
	case r.refused:
		next := s.credited(c, r.reference)
		next.Failure, next.TurnedAt = nil, 0
		return next, nil
	}
	return to(c, withoutCredit(c)), nil
}

func (s *Service) stepVoid(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	result, v := s.book(ctx, c.void(), p)
	if v != workflow.Settled || result.Code != ledger.CodeOK {
		return s.inconsistent(c, v, result)
	}
	return s.end(c, Failed, c.Failure), nil
}

func (s *Service) stepUnwind(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	result, v := s.book(ctx, c.unwind(), p)
	switch {
	case v != workflow.Settled || result.Code != ledger.CodeOK:
		return s.inconsistent(c, v, result)
	case c.SourceMode == partners.Callback:
		return to(c, StepRefund), nil
	}
	return s.end(c, Reversed, c.Failure), nil
}

// stepRefund gives a debit back, or, where it is not known whether there was
// one, makes sure that there is none. A partner that declines has the
// conversion put on the operator's list, and is asked again.
func (s *Service) stepRefund(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	host, err := s.host(c.In.Partner)
	if err != nil {
		return nil, err
	}
	last := min(numRefund+attemptOf(c.TurnedAt, s.now(), s.o.Deadline), numLast)
	u := undoing{host: host, partner: c.In.Partner, original: connector.ID(c.ID), owner: c.ID, first: numRefund, last: last,
		amount: c.In.From, total: c.In.From, occurredAt: c.TurnedAt}
	r := s.undo(ctx, u, p)
	switch {
	case r.verdict != workflow.Settled:
		return s.stuck(c, r.verdict)
	case r.refused:
		return s.stuck(c, workflow.Expired)
	}
	status, err := s.afterRefund(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.end(c, status, c.Failure), nil
}

// afterRefund tells a conversion that was on the ledger from one that never
// came to it.
func (s *Service) afterRefund(ctx context.Context, c *Conversion) (Status, error) {
	if !c.cross() {
		return Failed, nil
	}
	_, err := s.o.Ledger.Find(ctx, c.ID)
	if errors.Is(err, ledger.ErrNotFound) {
		return Failed, nil
	}
	return Reversed, err
}

// to returns the conversion at another step. It shares with c what never
// changes.
func to(c *Conversion, step Step) *Conversion {
	next := *c
	next.Step = step
	return &next
}

// turn returns the conversion on its way back.
func (s *Service) turn(c *Conversion, step Step, why *Failure) *Conversion {
	next := to(c, step)
	next.Failure, next.TurnedAt = why, s.now()
	return next
}

// end returns the conversion at its end, which takes it off the operator's list.
func (s *Service) end(c *Conversion, status Status, why *Failure) *Conversion {
	next := to(c, StepDone)
	next.Status, next.Outcome, next.Failure = status, status, why
	next.FinishedAt, next.EscalatedAt = s.now(), 0
	return next
}

// stuck lays the conversion down. When the deadline has passed somebody should
// know of it.
func (s *Service) stuck(c *Conversion, v workflow.Verdict) (*Conversion, error) {
	if v == workflow.LaidDown || c.EscalatedAt != 0 {
		return nil, errLaidDown
	}
	s.o.Logger.Warn("a conversion needs the operator", "id", c.ID.String(), "step", string(c.Step), "kind", c.kind())
	next := to(c, c.Step)
	next.EscalatedAt = s.now()
	s.observeConversion(next)
	return next, errLaidDown
}

// inconsistent is stuck for a command that the ledger has no reason to refuse.
func (s *Service) inconsistent(c *Conversion, v workflow.Verdict, result ledger.Result) (*Conversion, error) {
	if v == workflow.Settled {
		s.o.Logger.Error("the ledger refused what must not be refused", "id", c.ID.String(), "step", string(c.Step),
			"code", string(result.Code), "message", result.Message)
		v = workflow.Expired
	}
	return s.stuck(c, v)
}
