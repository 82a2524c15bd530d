package support

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Dispute returns one, or [ErrNotFound].
func (s *Service) Dispute(ctx context.Context, id ledger.ID) (*Dispute, error) {
	return s.o.Store.Dispute(ctx, id)
}

// Disputes returns those that a filter picks. A Limit out of range is brought into it.
func (s *Service) Disputes(ctx context.Context, f Filter) ([]*Dispute, error) {
	f.Limit = min(max(f.Limit, 1), pageMax)
	return s.o.Store.Disputes(ctx, f)
}

// Counts returns how many disputes stand in each state.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	return s.o.Store.DisputeCounts(ctx)
}

// Story returns a dispute with its whole trail, oldest first.
func (s *Service) Story(ctx context.Context, id ledger.ID) (*Dispute, []*Entry, error) {
	d, err := s.o.Store.Dispute(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	trail, err := s.o.Store.DisputeTrail(ctx, id)
	return d, trail, err
}

// save stores a changed dispute with its entry and, perhaps, an act.
func (s *Service) save(ctx context.Context, d *Dispute, e *Entry, a *Act) error {
	if d.Version >= entriesMax && e.Side != ByMachine {
		return refuse(CodeTooMany, "the trail has %d entries, which is the most there can be; resolve the dispute", d.Version)
	}
	d.Version++
	d.UpdatedAt = s.now()
	e.Dispute, e.Number, e.At, e.State = d.ID, d.Version, d.UpdatedAt, d.State
	return s.o.Store.SaveDispute(ctx, d, e, a)
}

// step loads the dispute that somebody of staff means, at the version at which it was
// seen, and stores what the change makes of it.
func (s *Service) step(ctx context.Context, p Person, id ledger.ID, version int64, apply func(*Dispute) (*Entry, *Act, error)) (*Dispute, error) {
	if err := checkPerson(p); err != nil {
		return nil, err
	}
	d, err := s.o.Store.Dispute(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.Version != version {
		return nil, fmt.Errorf("%w: it is at version %d, you saw %d", ErrChanged, d.Version, version)
	}
	e, a, err := apply(d)
	if err != nil {
		return nil, err
	}
	e.Side, e.By = ByStaff, p.ID
	if err := s.save(ctx, d, e, a); err != nil {
		return nil, err
	}
	return d, nil
}

// Take makes somebody the one who looks after a dispute.
func (s *Service) Take(ctx context.Context, p Person, id ledger.ID, version int64) (*Dispute, error) {
	return s.step(ctx, p, id, version, func(d *Dispute) (*Entry, *Act, error) {
		if d.State == Resolved {
			return nil, nil, refuse(CodeState, "the dispute is resolved")
		}
		d.Owner = p.ID
		return &Entry{What: "taken"}, nil, nil
	})
}

// To is whom a message of staff is for.
type To string

const (
	ToMember    To = "member"     // who reads it
	AskMember   To = "ask_member" // and is waited for
	ToPartner   To = "partner"    // what the partner was asked, elsewhere; it is waited for
	FromPartner To = "answered"   // what the partner answered
	ToStaff     To = "note"       // nobody else sees it
)

// Recipients lists all.
func Recipients() []To { return []To{ToMember, AskMember, ToPartner, FromPartner, ToStaff} }

// Message adds what somebody of staff wrote. It changes whom the dispute waits for.
func (s *Service) Message(ctx context.Context, p Person, id ledger.ID, version int64, to To, text string) (*Dispute, error) {
	return s.step(ctx, p, id, version, func(d *Dispute) (*Entry, *Act, error) {
		if err := checkText("message", text, TextMax, true); err != nil {
			return nil, nil, err
		}
		if to == ToStaff {
			return &Entry{What: "note", Text: text}, nil, nil
		}
		if !d.State.Workable() {
			return nil, nil, refuse(CodeState, "the dispute is %s; it can only take notes", d.State)
		}
		e := &Entry{What: "message", Text: text, Public: to == ToMember || to == AskMember}
		switch to {
		case ToMember:
		case AskMember:
			d.State = WaitingMember
		case ToPartner:
			d.State, e.What = WaitingPartner, "partner asked"
		case FromPartner:
			d.State, e.What = Open, "partner answered"
		default:
			return nil, nil, refuse(CodeInvalid, "a message is for one of %v", Recipients())
		}
		return e, nil, nil
	})
}
