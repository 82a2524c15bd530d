package exchange

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// record is the command that records a reversal.
func (r *Reversal) record(c *Conversion) ledger.Command {
	reference := r.DestinationReference
	if c.Out == nil || reference == "" {
		reference = ""
		if c.SourceMode == partners.Push {
			reference = r.SourceReference
		}
	}
	return ledger.Command{ID: r.ID.Step(numReverse), Evidence: r.Evidence,
		Body: &ledger.Reverse{Original: c.recordID(), Account: c.Account, Amount: r.Amount, Reference: reference}}
}

// stepReversal does what a reversal's step says; see [Service.stepConversion].
func (s *Service) stepReversal(ctx context.Context, j *job[Reversal], r *Reversal) (*Reversal, error) {
	c, err := s.o.Store.Conversion(ctx, r.Conversion)
	if err != nil {
		return nil, err
	}
	p := s.patience(j.once, r.Deadline)
	switch r.Step {
	case StepTakeBack:
		return s.stepTakeBack(ctx, c, r, p, j.resumed)
	case StepReverse:
		return s.stepReverse(ctx, c, r, p)
	case StepCredit:
		return s.stepReCredit(ctx, c, r, p, j.resumed)
	case StepGiveBack:
		return s.stepGiveBack(ctx, c, r, p)
	}
	return nil, fmt.Errorf("exchange: a reversal has no step %q", r.Step)
}

// stepTakeBack has the destination partner take back what it credited. There is
// no way back from a reversal, so one whose outcome is unknown is asked for
// until it is known.
func (s *Service) stepTakeBack(ctx context.Context, c *Conversion, r *Reversal, p *workflow.Patience, begun bool) (*Reversal, error) {
	host, err := s.host(c.Out.Partner)
	if err != nil {
		return nil, err
	}
	rest, err := s.stands(ctx, c, c.From-r.Before-r.Amount)
	if err != nil {
		return nil, err
	}
	u := undoing{host: host, partner: c.Out.Partner, original: c.credit().ID, owner: r.ID, first: numTakeBack, last: numTakeBack,
		amount: r.OutTo, total: c.Out.To - rest.outTo, occurredAt: r.CreatedAt}
	undo := s.undoOrNot
	if begun {
		undo = s.undo
	}
	done := undo(ctx, u, p)
	if done.verdict != workflow.Settled {
		return s.stuckReversal(r, done.verdict)
	}
	if done.refused {
		return s.endReversal(r, Failed, done.failure), nil
	}
	next := r.Clone()
	next.Step, next.DestinationReference = StepReverse, done.reference
	return next, nil
}

// stepReverse records the reversal. If the ledger refuses, although it was
// asked before, what the destination took back is credited again.
func (s *Service) stepReverse(ctx context.Context, c *Conversion, r *Reversal, p *workflow.Patience) (*Reversal, error) {
	result, v := s.book(ctx, r.record(c), p)
	switch {
	case v != workflow.Settled:
		return s.stuckReversal(r, v)
	case result.Code != ledger.CodeOK && c.DestinationMode == partners.Callback && r.OutTo > 0:
		next := r.Clone()
		next.Step, next.Failure = StepCredit, s.refusal(ctx, c, result)
		return next, nil
	case result.Code != ledger.CodeOK:
		return s.endReversal(r, Failed, s.refusal(ctx, c, result)), nil
	}
	next := r.Clone()
	next.Window = result.Entry.Transfer.Window
	if c.SourceMode == partners.Callback {
		next.Step = StepGiveBack
		return next, nil
	}
	return s.endReversal(next, Completed, nil), nil
}

// stepReCredit makes good what was taken back for a reversal that the ledger
// refused.
func (s *Service) stepReCredit(ctx context.Context, c *Conversion, r *Reversal, p *workflow.Patience, begun bool) (*Reversal, error) {
	credit := c.credit()
	credit.ID, credit.Amount, credit.OccurredAt = connector.ID(r.ID.Step(numReCredit)), r.OutTo, time.UnixMilli(r.CreatedAt)
	e, err := s.errand(c.Out.Partner, connector.Credit, credit)
	if err != nil {
		return nil, err
	}
	m := s.move(ctx, e, p, begun)
	if m.verdict != workflow.Settled {
		return s.stuckReversal(r, m.verdict)
	}
	if m.failure != nil {
		return s.stuckReversal(r, workflow.Expired)
	}
	return s.endReversal(r, Failed, r.Failure), nil
}

// stepGiveBack has the source partner give back what it debited.
func (s *Service) stepGiveBack(ctx context.Context, c *Conversion, r *Reversal, p *workflow.Patience) (*Reversal, error) {
	host, err := s.host(c.In.Partner)
	if err != nil {
		return nil, err
	}
	last := min(numGiveBack+attemptOf(r.CreatedAt, s.now(), s.o.Deadline), numLast)
	u := undoing{host: host, partner: c.In.Partner, original: connector.ID(c.ID), owner: r.ID, first: numGiveBack, last: last,
		amount: r.Amount, total: r.Before + r.Amount, occurredAt: r.CreatedAt}
	done := s.undo(ctx, u, p)
	switch {
	case done.verdict != workflow.Settled:
		return s.stuckReversal(r, done.verdict)
	case done.refused:
		return s.stuckReversal(r, workflow.Expired)
	}
	next := s.endReversal(r, Completed, nil)
	next.SourceReference = done.reference
	return next, nil
}

func (s *Service) endReversal(r *Reversal, status Status, why *Failure) *Reversal {
	next := r.Clone()
	next.Step, next.Status, next.Failure = StepDone, status, why
	next.FinishedAt, next.EscalatedAt = s.now(), 0
	return next
}

// stuckReversal is as [Service.stuck].
func (s *Service) stuckReversal(r *Reversal, v workflow.Verdict) (*Reversal, error) {
	if v == workflow.LaidDown || r.EscalatedAt != 0 {
		return nil, errLaidDown
	}
	s.o.Logger.Warn("a reversal needs the operator", "id", r.ID.String(), "step", string(r.Step))
	next := r.Clone()
	next.EscalatedAt = s.now()
	s.observeReversal(next)
	return next, errLaidDown
}
