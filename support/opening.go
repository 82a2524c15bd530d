package support

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// OpenRequest is what a member says.
type OpenRequest struct {
	Idempotency
	Client  string
	Member  string
	Kind    SubjectKind
	Subject ledger.ID
	Reason  Reason
	Text    string
}

// Open opens a dispute of a member's own conversion or order. Replayed says that the
// client's key was used before, and the dispute is that of then. It returns a
// [*Refusal], [ErrNotFound] for what is not the member's, and [ErrKeyReused].
func (s *Service) Open(ctx context.Context, r OpenRequest) (d *Dispute, replayed bool, err error) {
	if err := r.check(); err != nil {
		return nil, false, err
	}
	subject, err := s.own(ctx, &r)
	if err != nil {
		return nil, false, err
	}
	if d, err = s.draft(&r); err != nil {
		return nil, false, err
	}
	late := s.now()-subject.At > s.o.Within.Milliseconds()
	if late {
		return nil, false, refuse(CodeTooLate, "it can be disputed for %d days", s.o.Within/(24*time.Hour))
	}
	if err := s.notTooMany(ctx, r.Member); err != nil {
		return nil, false, err
	}
	existing, err := s.o.Store.CreateDispute(ctx, d, &Entry{Dispute: d.ID, Number: 1, At: d.OpenedAt, Side: ByMember, What: "opened", State: Open, Text: r.Text, Public: true})
	switch {
	case errors.Is(err, ErrTaken):
		return nil, false, refuse(CodeDisputed, "there is an open dispute about it already")
	case err != nil:
		return nil, false, err
	case existing != nil && (existing.Request.Hash != r.Hash || existing.Member != r.Member):
		return nil, false, ErrKeyReused
	case existing != nil:
		return existing, true, nil
	}
	return d, false, nil
}

func (r *OpenRequest) check() error {
	if err := checkRequest(r.Client, r.Idempotency); err != nil {
		return err
	}
	if r.Member == "" || len(r.Member) > memberMax {
		return refuse(CodeInvalid, "member must be 1 to %d bytes", memberMax)
	}
	if r.Kind != Conversion && r.Kind != Order {
		return refuse(CodeInvalid, "what is disputed is a %s or an %s", Conversion, Order)
	}
	if !slices.Contains(Reasons(r.Kind), r.Reason) {
		return refuse(CodeInvalid, "reason must be one of %v", Reasons(r.Kind))
	}
	return checkText("text", r.Text, TextMax, true)
}

func (s *Service) own(ctx context.Context, r *OpenRequest) (*Subject, error) {
	subject, err := s.o.Subjects.Subject(ctx, r.Kind, r.Subject)
	if err == nil && subject.Member != r.Member {
		err = ErrNotFound
	}
	return subject, err
}

func (s *Service) draft(r *OpenRequest) (*Dispute, error) {
	id, err := s.newID()
	now := s.o.Now()
	return &Dispute{ID: id, Client: r.Client, Request: r.Idempotency, Member: r.Member, Kind: r.Kind, Subject: r.Subject, Reason: r.Reason, State: Open,
		Due: s.o.Due(s.o.Day(now)), Version: 1, OpenedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}, err
}

func (s *Service) notTooMany(ctx context.Context, member string) error {
	all, err := s.o.Store.Disputes(ctx, Filter{Member: member, Unended: true, Limit: openMax})
	if err == nil && len(all) == openMax {
		err = refuse(CodeTooMany, "%d disputes are open; wait for one of them", openMax)
	}
	return err
}

// MemberDisputes returns a member's disputes, newest first, those before an ID.
func (s *Service) MemberDisputes(ctx context.Context, member string, before ledger.ID, limit int) ([]*Dispute, error) {
	if member == "" {
		return nil, ErrNotFound
	}
	return s.o.Store.Disputes(ctx, Filter{Member: member, Before: before, Limit: min(max(limit, 1), pageMax)})
}

const pageMax = 200

// MemberDispute returns a dispute of a member with what the member may see of its
// trail, or [ErrNotFound].
func (s *Service) MemberDispute(ctx context.Context, member string, id ledger.ID) (*Dispute, []*Entry, error) {
	d, trail, err := s.Story(ctx, id)
	if err == nil && (member == "" || d.Member != member) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	return d, slices.DeleteFunc(trail, func(e *Entry) bool { return !e.Public }), nil
}

// Say adds a message of the member. One that staff waited for puts the dispute before
// them again.
func (s *Service) Say(ctx context.Context, member string, id ledger.ID, text string) (*Dispute, error) {
	if err := checkText("message", text, TextMax, true); err != nil {
		return nil, err
	}
	return s.again(func() (*Dispute, error) {
		d, _, err := s.MemberDispute(ctx, member, id)
		if err != nil {
			return nil, err
		}
		if d.State == Resolved {
			return nil, refuse(CodeState, "the dispute is resolved")
		}
		if d.State == WaitingMember {
			d.State = Open
		}
		return d, s.save(ctx, d, &Entry{Side: ByMember, What: "message", Text: text, Public: true}, nil)
	})
}

// attempts bounds how often a step is tried that depends on no version.
const attempts = 5

func (s *Service) again(step func() (*Dispute, error)) (d *Dispute, err error) {
	for range attempts {
		if d, err = step(); !errors.Is(err, ErrChanged) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}
