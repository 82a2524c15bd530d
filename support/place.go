package support

import (
	"context"

	"github.com/pointgrid/pointgrid/members"
)

// Place is what support knows of members, for their export and erasure. While a
// dispute or an act of a member is not at its end, the member is not erased.
func (s *Service) Place() members.Place {
	return members.Place{Name: "support", UnderWay: s.memberUnderWay, Export: s.exportMember,
		Erase: func(ctx context.Context, p *members.Person) error {
			return s.o.Store.ForgetMember(ctx, p.Number, p.Token)
		}}
}

func (s *Service) memberUnderWay(ctx context.Context, m *members.Member) error {
	open, err := s.o.Store.Disputes(ctx, Filter{Member: m.Number, Unended: true, Limit: 1})
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return members.Obstruct(members.CodeUnderWay, "a dispute is open; erase the member once it is resolved")
	}
	for _, state := range []ActState{ActAwaiting, ActProposed, ActUnderWay} {
		acts, err := s.o.Store.Acts(ctx, ActFilter{Member: m.Number, State: state, Limit: 1})
		if err != nil {
			return err
		}
		if len(acts) > 0 {
			return members.Obstruct(members.CodeUnderWay, "staff have something under way for the account; erase the member once it has ended")
		}
	}
	return nil
}

// exported is a dispute as the member may have it.
type exported struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Subject  string   `json:"subject_id"`
	Reason   string   `json:"reason"`
	State    string   `json:"state"`
	OpenedAt int64    `json:"opened_at,string"` // milliseconds since 1970
	Messages []spoken `json:"messages"`
}

// spoken is what was said between the member and staff.
type spoken struct {
	At   int64  `json:"at,string"`
	Side string `json:"side"`
	Text string `json:"text"`
}

func (s *Service) exportMember(ctx context.Context, m *members.Member, d *members.Document) error {
	if err := d.List("disputes"); err != nil {
		return err
	}
	f := Filter{Member: m.Number, Limit: pageMax}
	for {
		page, err := s.o.Store.Disputes(ctx, f)
		if err != nil {
			return err
		}
		for _, one := range page {
			f.Before = one.ID
			if err := s.exportDispute(ctx, one, d); err != nil {
				return err
			}
		}
		if len(page) < pageMax {
			return nil
		}
	}
}

func (s *Service) exportDispute(ctx context.Context, one *Dispute, d *members.Document) error {
	trail, err := s.o.Store.DisputeTrail(ctx, one.ID)
	if err != nil {
		return err
	}
	out := exported{ID: one.ID.String(), Kind: string(one.Kind), Subject: one.Subject.String(), Reason: string(one.Reason), State: string(one.State), OpenedAt: one.OpenedAt, Messages: []spoken{}}
	for _, e := range trail {
		if e.Public && e.Text != "" {
			out.Messages = append(out.Messages, spoken{e.At, string(e.Side), e.Text})
		}
	}
	return d.Add(out)
}
