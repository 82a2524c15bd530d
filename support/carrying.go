package support

import (
	"context"
	"errors"
	"fmt"
)

// carryOut does what was decided about a dispute: first the remedy, then the goodwill.
// Each can be done again; what is not finished is left to [Service.Follow].
func (s *Service) carryOut(ctx context.Context, d *Dispute) (*Dispute, error) {
	if !s.busy.take(d.ID) {
		return d, nil
	}
	defer s.busy.leave(d.ID)
	ctx = context.WithoutCancel(ctx)
	d, err := s.o.Store.Dispute(ctx, d.ID) // as it stands: somebody may have been here before
	if err != nil {
		return nil, err
	}
	for d.State == CarryingOut {
		next, err := s.advance(ctx, d.Clone())
		switch {
		case errors.Is(err, ErrChanged): // a note, or a message of the member
			if d, err = s.o.Store.Dispute(ctx, d.ID); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, fmt.Errorf("support: dispute %s: %w", d.ID, err)
		case next == nil:
			return d, nil
		default:
			d = next
		}
	}
	return d, nil
}

// advance takes one step, and returns nil when it has to wait.
func (s *Service) advance(ctx context.Context, d *Dispute) (*Dispute, error) {
	r := d.Resolution
	switch {
	case r.Remedy != NoRemedy && !r.Remedied:
		return s.remedy(ctx, d)
	case !r.Act.IsZero():
		return s.give(ctx, d)
	}
	return s.resolved(ctx, d)
}

func (s *Service) resolved(ctx context.Context, d *Dispute) (*Dispute, error) {
	d.State = Resolved
	return d, s.save(ctx, d, &Entry{Side: ByMachine, What: "resolved", Text: d.Resolution.Text, Public: true}, nil)
}

func (s *Service) remedy(ctx context.Context, d *Dispute) (*Dispute, error) {
	r := d.Resolution
	answer, err := s.o.Subjects.Remedy(ctx, Remedy{Kind: r.Remedy, Subject: d.Subject, Amount: r.Amount, Key: r.ID, Reason: "dispute " + d.ID.String()})
	if err != nil {
		return nil, err
	}
	switch answer.Done {
	case RemedyDone:
		r.Remedied, r.Reference = true, answer.Reference
		return d, s.save(ctx, d, &Entry{Side: ByMachine, What: "remedied " + string(r.Remedy), Text: answer.Reference}, nil)
	case RemedyDeclined:
		if err := s.drop(ctx, d); err != nil {
			return nil, err
		}
		d.State, d.Resolution = Open, nil
		return d, s.save(ctx, d, &Entry{Side: ByMachine, What: "remedy not possible", Text: said(answer.Code, answer.Detail)}, nil)
	}
	return nil, nil
}

func said(code, detail string) string {
	if detail == "" {
		return code
	}
	return code + ": " + detail
}

// drop declines the goodwill that belonged to a remedy which is not possible.
func (s *Service) drop(ctx context.Context, d *Dispute) error {
	if d.Resolution.Act.IsZero() {
		return nil
	}
	a, err := s.o.Store.Act(ctx, d.Resolution.Act)
	if err != nil || a.State != ActAwaiting {
		return err
	}
	a.State, a.Detail = ActDeclined, "the remedy it belonged to was not possible"
	return s.saveAct(ctx, a)
}

// give books the goodwill. What the ledger refuses puts the dispute before staff again.
func (s *Service) give(ctx context.Context, d *Dispute) (*Dispute, error) {
	a, err := s.o.Store.Act(ctx, d.Resolution.Act)
	if err != nil {
		return nil, err
	}
	if a.State == ActAwaiting {
		a.State = ActUnderWay
		if err := s.saveAct(ctx, a); err != nil {
			return nil, err
		}
	}
	if a, err = s.perform(ctx, a); err != nil {
		return nil, err
	}
	switch a.State {
	case ActDone:
		return s.resolved(ctx, d)
	case ActRefused:
		d.State, d.Resolution = Open, nil
		return d, s.save(ctx, d, &Entry{Side: ByMachine, What: "goodwill not possible", Text: said(a.Code, a.Detail)}, nil)
	}
	return nil, nil
}
