package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/partners"
)

// Reverse takes back part or all of a completed conversion, at its own
// agreement: afterwards everything stands as if only the rest had been
// converted. It waits and answers as [Service.Convert] does, and returns
// [ErrReversalUnderWay] while another reversal of the conversion is not done.
func (s *Service) Reverse(ctx context.Context, p Party, r ReverseRequest, wait time.Duration) (rev *Reversal, replayed bool, err error) {
	if err := checkIdempotency(r.Idempotency); err != nil {
		return nil, false, err
	}
	who := caller{"reversal", p.Client, r.Key}
	if err := s.callers.enter(who, r.Hash); err != nil {
		return nil, false, err
	}
	defer s.callers.leave(who)
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	c, err := s.Conversion(ctx, p, r.Conversion)
	if err != nil {
		return nil, false, err
	}
	if members.Erased(c.Member) {
		return nil, false, refuse(CodeMemberErased, "the member of the conversion was erased, and there is nobody to give anything back to")
	}
	in, err := s.turns.enter(ctx, p.Partner, 1)
	if err != nil {
		return nil, false, err
	}
	j, existing, err := s.createReversal(ctx, p, c, &r)
	in.leave(1)
	if err != nil && existing == nil {
		existing, err = s.earlierReversal(ctx, p, &r, err)
	}
	switch {
	case err != nil:
		return nil, false, err
	case existing != nil:
		return s.replayReversal(ctx, waiting, c, existing, r.Hash)
	}
	return j.await(waiting), false, nil
}

// earlierReversal finds the reversal that the client made with the same key, if
// there is one; otherwise the request stays refused.
func (s *Service) earlierReversal(ctx context.Context, p Party, r *ReverseRequest, refused error) (*Reversal, error) {
	all, err := s.o.Store.Reversals(ctx, r.Conversion)
	if err != nil {
		return nil, errors.Join(refused, err)
	}
	for _, rev := range all {
		if rev.Party.Client == p.Client && rev.Request.Key == r.Key {
			return rev, nil
		}
	}
	return nil, refused
}

func (s *Service) replayReversal(ctx, waiting context.Context, c *Conversion, existing *Reversal, hash ledger.Hash) (*Reversal, bool, error) {
	switch {
	case existing.Request.Hash != hash:
		return nil, false, ErrKeyReused
	case existing.Step == StepDone:
		return existing, true, nil
	case !s.slots.have(existing.ID):
		return awaitElsewhere(waiting, s, &s.reversals.craft, existing.ID, existing), true, nil
	}
	j := s.reversals.join(ctx, existing.ID, func() (places, error) { return s.gates.admit(c) })
	return orElse(j.await(waiting), existing), true, nil
}

func (s *Service) createReversal(ctx context.Context, p Party, c *Conversion, r *ReverseRequest) (j *job[Reversal], existing *Reversal, err error) {
	rev, err := s.draftReversal(ctx, p, c, r)
	if err != nil {
		return nil, nil, err
	}
	if rev.Step == StepTakeBack {
		refusal, err := s.check(ctx, rev.record(c))
		if err == nil && refusal != nil {
			err = refusal
		}
		if err != nil {
			return nil, nil, err
		}
	}
	taken, err := s.gates.admit(c)
	if err != nil {
		return nil, nil, err
	}
	j, mine := s.reversals.take(rev.ID)
	if !mine {
		taken.release()
		return nil, nil, &Busy{What: "a service that is closing", RetryAfter: busyPause}
	}
	j.places = taken
	if s.o.Around != nil {
		j.origin = ctx
	}
	existing, err = s.o.Store.CreateReversal(context.WithoutCancel(ctx), rev)
	if err != nil || existing != nil {
		s.reversals.drop(j)
		return nil, existing, err
	}
	s.reversals.begin(j, rev)
	return j, nil, nil
}

// draftReversal is the reversal as it would be stored.
func (s *Service) draftReversal(ctx context.Context, p Party, c *Conversion, r *ReverseRequest) (*Reversal, error) {
	if err := checkReversal(p, c, r); err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	now := s.now()
	rev := &Reversal{ID: id, Conversion: c.ID, Party: p, Request: r.Idempotency, Source: c.Source, Amount: r.Amount,
		Before: c.Reversed, Reason: r.Reason, Evidence: r.Evidence, Status: Processing, CreatedAt: now, Deadline: now + s.o.Deadline.Milliseconds()}
	if c.SourceMode == partners.Push {
		rev.SourceReference = r.Reference
	}
	if c.DestinationMode == partners.Push {
		rev.DestinationReference = r.Reference
	}
	back, err := s.goesBack(ctx, c, r.Amount)
	if err != nil {
		return nil, err
	}
	rev.InTo, rev.OutFrom, rev.OutTo = back.inTo, back.outFrom, back.outTo
	rev.Step = StepReverse
	if c.DestinationMode == partners.Callback && rev.OutTo > 0 {
		rev.Step = StepTakeBack
	}
	return rev, nil
}

func checkReversal(p Party, c *Conversion, r *ReverseRequest) error {
	left := c.From - c.Reversed
	switch {
	case c.Status != Completed:
		return refuse(CodeNotCompleted, "the conversion is %s; only a completed one can be reversed", c.Status)
	case r.Amount < 1:
		return refuse(string(ledger.CodeAmountOutOfRange), "amount must be 1 to %d, in %s", left, c.Source)
	case r.Amount > left:
		return refuse(string(ledger.CodeAboveOriginal), "%d of %d can still be reversed, not %d", left, c.From, r.Amount)
	case !text(r.Reason, reasonMax):
		return refuse(CodeInvalid, "reason must be at most %d bytes without control characters", reasonMax)
	}
	if err := checkModes(c, p); err != nil {
		return err
	}
	return checkReference(r.Reference, c.SourceMode == partners.Push || c.DestinationMode == partners.Push)
}
