package exchange

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// stepConversion does what a conversion's step says and returns the conversion
// as it stands afterwards. Nothing is stored here: the crew stores what comes
// back before it goes on.
func (s *Service) stepConversion(ctx context.Context, j *job[Conversion], c *Conversion) (*Conversion, error) {
	p := s.patience(j.once, c.Deadline)
	switch c.Step {
	case StepReview:
		return s.stepReview(ctx, c)
	case StepDebit:
		return s.stepDebit(ctx, c, p, j.resumed)
	case StepLedger:
		return s.stepLedger(ctx, c, p)
	case StepHold:
		return s.stepHold(ctx, c, p)
	case StepCredit:
		return s.stepCredit(ctx, c, p, j.resumed)
	case StepPost:
		return s.stepPost(ctx, c, p)
	case StepCancelCredit:
		return s.stepCancelCredit(ctx, c, p)
	case StepVoid:
		return s.stepVoid(ctx, c, p)
	case StepUnwind:
		return s.stepUnwind(ctx, c, p)
	case StepRefund:
		return s.stepRefund(ctx, c, p)
	}
	return nil, fmt.Errorf("exchange: a conversion has no step %q", c.Step)
}

func (s *Service) stepDebit(ctx context.Context, c *Conversion, p *workflow.Patience, begun bool) (*Conversion, error) {
	e, err := s.errand(c.In.Partner, connector.Debit, c.debit())
	if err != nil {
		return nil, err
	}
	m := s.move(ctx, e, p, begun)
	switch {
	case m.verdict == workflow.LaidDown:
		return nil, errLaidDown
	case m.verdict == workflow.Expired:
		return s.turn(c, StepRefund, silence(c.In.Partner)), nil
	case m.failure != nil:
		return s.end(c, Failed, m.failure), nil
	}
	next := to(c, StepLedger)
	next.SourceReference = m.reference
	return next, nil
}

// stepLedger records the conversion.
func (s *Service) stepLedger(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	result, v := s.book(ctx, c.record(), p)
	if v != workflow.Settled {
		return s.stuck(c, v)
	}
	return s.recorded(ctx, c, result), nil
}

// recorded goes on once the ledger has answered. What a partner was debited for
// a conversion that the ledger refuses is given back.
func (s *Service) recorded(ctx context.Context, c *Conversion, result ledger.Result) *Conversion {
	switch {
	case result.Code != ledger.CodeOK && c.SourceMode == partners.Callback:
		return s.turn(c, StepRefund, s.refusal(ctx, c, result))
	case result.Code != ledger.CodeOK:
		return s.end(c, Failed, s.refusal(ctx, c, result))
	}
	c = c.Clone()
	c.Window = result.Entry.Transfer.Window
	if c.DestinationMode == partners.Callback {
		return s.toCredit(c)
	}
	return s.end(c, Completed, nil)
}

// toCredit gives the second partner as much time as the first had.
func (s *Service) toCredit(c *Conversion) *Conversion {
	next := to(c, StepCredit)
	next.Deadline = s.now() + s.o.Deadline.Milliseconds()
	return next
}

func (s *Service) stepHold(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	result, v := s.book(ctx, c.hold(), p)
	if v != workflow.Settled {
		return s.stuck(c, v)
	}
	return s.setAside(ctx, c, result), nil
}

// setAside goes on once the ledger has answered whether it holds the points.
func (s *Service) setAside(ctx context.Context, c *Conversion, result ledger.Result) *Conversion {
	if result.Code != ledger.CodeOK {
		return s.end(c, Failed, s.refusal(ctx, c, result))
	}
	return s.toCredit(c)
}

func (s *Service) stepCredit(ctx context.Context, c *Conversion, p *workflow.Patience, begun bool) (*Conversion, error) {
	e, err := s.errand(c.Out.Partner, connector.Credit, c.credit())
	if err != nil {
		return nil, err
	}
	e.late = c.cross()
	m := s.move(ctx, e, p, begun)
	switch {
	case m.verdict == workflow.LaidDown:
		return nil, errLaidDown
	case m.verdict == workflow.Expired:
		return s.turn(c, StepCancelCredit, silence(c.Out.Partner)), nil
	case m.failure != nil:
		return s.turn(c, withoutCredit(c), m.failure), nil
	}
	return s.credited(c, m.reference), nil
}

// credited goes on once the credit stands.
func (s *Service) credited(c *Conversion, reference string) *Conversion {
	next := to(c, StepPost)
	if !c.held() {
		next = s.end(c, Completed, nil)
	}
	next.DestinationReference = reference
	return next
}

// withoutCredit is where a conversion goes once it is certain that there is no
// credit.
func withoutCredit(c *Conversion) Step {
	if c.held() {
		return StepVoid
	}
	return StepUnwind
}

// stepPost completes a hold whose credit stands. The ledger has no reason to
// refuse that; if it does, somebody must look.
func (s *Service) stepPost(ctx context.Context, c *Conversion, p *workflow.Patience) (*Conversion, error) {
	result, v := s.book(ctx, c.post(), p)
	if v != workflow.Settled || result.Code != ledger.CodeOK {
		return s.inconsistent(c, v, result)
	}
	next := s.end(c, Completed, nil)
	next.Window = result.Entry.Transfer.Window
	return next, nil
}

func (s *Service) errand(partner string, kind connector.Kind, t connector.Transfer) (errand, error) {
	host, err := s.host(partner)
	return errand{host: host, partner: partner, kind: kind, transfer: t}, err
}

// host returns a partner's system. That one is missing is a fault of the
// configuration, which can be put right while the conversion waits.
func (s *Service) host(partner string) (connector.Host, error) {
	if host := s.o.Hosts(partner); host != nil {
		return host, nil
	}
	return nil, fmt.Errorf("exchange: partner %q has no Connector API", partner)
}

// refusal makes a failure of the ledger's refusal. One that may come from an
// outdated price makes sure that the next is not.
func (s *Service) refusal(ctx context.Context, c *Conversion, r ledger.Result) *Failure {
	if stale(r.Code) {
		if err := s.rates.renew(ctx, c.CreatedAt); err != nil {
			s.o.Logger.Warn("agreements could not be read again", "error", err)
		}
	}
	return &Failure{Code: string(r.Code), Detail: r.Message}
}

func silence(partner string) *Failure {
	return &Failure{Code: CodeOutcomeUnknown, Detail: "partner " + partner + " did not say in time what became of the transfer; it was taken back"}
}
