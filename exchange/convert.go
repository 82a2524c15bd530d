package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Convert makes a conversion and waits until it has ended, or for as long as
// wait; it goes on without the caller. What comes back is as it stands in the
// store, and not to be changed: completed, failed (with its [Failure]) or
// reversed, or still processing. Replayed says that the client's key was used before, and the
// conversion is that of then.
//
// It returns a [*Refusal] or a [*Busy] when nothing was done and nothing is
// remembered, [ErrNotFound] for a quote that is not the client's company's,
// [ErrKeyReused], and [ErrStillRunning] while the request with this key is
// inside its wait.
func (s *Service) Convert(ctx context.Context, p Party, r ConvertRequest, wait time.Duration) (c *Conversion, replayed bool, err error) {
	o := s.ConvertMany(ctx, p, []ConvertRequest{r}, wait)[0]
	return o.Conversion, o.Replayed, o.Err
}

// draft is the conversion as it would be stored.
func (s *Service) draft(ctx context.Context, p Party, r *ConvertRequest) (*Conversion, error) {
	offer, err := s.offer(ctx, p, r)
	if err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	now := s.now()
	c := &Conversion{ID: id, Party: p, Request: r.Idempotency, Source: offer.Source, Destination: offer.Destination,
		QuoteID: r.QuoteID, In: offer.In, Out: offer.Out, From: offer.From, To: offer.To, Fee: offer.Fee, Evidence: r.Evidence,
		Status: Processing, CreatedAt: now, Deadline: now + s.o.Deadline.Milliseconds()}
	if err := s.setModes(c, r.Reference); err != nil {
		return nil, err
	}
	if err := s.setMember(ctx, c, r.LinkID); err != nil {
		return nil, err
	}
	c.Step = firstStep(c)
	return c, nil
}

// examine asks the ledger, before a partner is called, whether it would refuse
// what follows. A draft that was priced a moment too early is made again, once.
func (s *Service) examine(ctx context.Context, c *Conversion, p Party, r *ConvertRequest) (*Conversion, error) {
	if c.Step != StepDebit {
		return c, nil
	}
	refusal, err := s.check(ctx, c.record())
	if err != nil || refusal == nil {
		return c, err
	}
	if !c.QuoteID.IsZero() || !stale(ledger.Code(refusal.Code)) {
		return nil, refusal
	}
	if err := s.rates.renew(ctx, c.CreatedAt); err != nil {
		return nil, err
	}
	if c, err = s.draft(ctx, p, r); err != nil {
		return nil, err
	}
	if refusal, err = s.check(ctx, c.record()); err == nil && refusal != nil {
		err = refusal
	}
	return c, err
}

// check tells whether the ledger would refuse a command now.
func (s *Service) check(ctx context.Context, command ledger.Command) (*Refusal, error) {
	result, err := s.o.Ledger.Check(ctx, s.o.Identity, command)
	switch {
	case errors.Is(err, ledger.ErrBusy):
		return nil, &Busy{What: "the ledger's queue", RetryAfter: busyPause}
	case err != nil:
		return nil, err
	case result.Code != ledger.CodeOK:
		return &Refusal{Code: string(result.Code), Detail: result.Message}, nil
	}
	return nil, nil
}
