package support

import (
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Proposal is how somebody of staff wants a dispute resolved; see [Resolution].
type Proposal struct {
	Outcome  Outcome
	Remedy   RemedyKind
	Amount   int64
	Goodwill int64
	Text     string
}

func (p *Proposal) check(kind SubjectKind, of int64) error {
	if err := checkText("text", p.Text, TextMax, true); err != nil {
		return err
	}
	partial := p.Remedy == Reverse || p.Remedy == Return
	switch {
	case p.Outcome != Upheld && p.Outcome != Declined:
		return refuse(CodeInvalid, "a dispute is %s or %s", Upheld, Declined)
	case p.Outcome == Declined && (p.Remedy != NoRemedy || p.Goodwill != 0):
		return refuse(CodeInvalid, "a dispute that is declined has no remedy and no goodwill")
	case !slices.Contains(RemediesOf(kind), p.Remedy):
		return refuse(CodeInvalid, "a %s is remedied by one of %v", kind, RemediesOf(kind))
	case partial && (p.Amount < 1 || p.Amount > of):
		return refuse(CodeInvalid, "amount must be 1 to %d", of)
	case !partial && p.Amount != 0:
		return refuse(CodeInvalid, "only a reversal or a return has an amount")
	case p.Goodwill < 0 || p.Goodwill > ledger.AmountMax:
		return refuse(CodeInvalid, "goodwill must be 0 to %d", ledger.AmountMax)
	}
	return nil
}

// worth is what a remedy moves, in electricity points, rounded up.
func (p *Proposal) worth(subject *Subject) int64 {
	switch {
	case p.Remedy == NoRemedy:
		return 0
	case p.Remedy == Cancel || p.Amount >= subject.Of:
		return subject.Points
	}
	whole, rest, ok := ledger.MulDiv(subject.Points, p.Amount, subject.Of)
	if !ok {
		return subject.Points
	}
	if rest > 0 {
		whole++
	}
	return whole
}

// Propose says how a dispute should be resolved. What somebody may decide alone is
// carried out at once; the rest waits for a checker. What comes back is the dispute
// as it stands then.
func (s *Service) Propose(ctx context.Context, p Person, id ledger.ID, version int64, proposal Proposal) (*Dispute, error) {
	s.granting.Lock()
	d, err := s.step(ctx, p, id, version, func(d *Dispute) (*Entry, *Act, error) { return s.proposed(ctx, p, d, &proposal) })
	s.granting.Unlock()
	if err != nil || d.State != CarryingOut {
		return d, err
	}
	return s.carryOut(ctx, d)
}

func (s *Service) proposed(ctx context.Context, p Person, d *Dispute, proposal *Proposal) (*Entry, *Act, error) {
	if !d.State.Workable() {
		return nil, nil, refuse(CodeState, "the dispute is %s; a resolution is proposed while it is open", d.State)
	}
	subject, err := s.o.Subjects.Subject(ctx, d.Kind, d.Subject)
	if err != nil {
		return nil, nil, err
	}
	if err := proposal.check(d.Kind, subject.Of); err != nil {
		return nil, nil, err
	}
	key, err := s.newID()
	if err != nil {
		return nil, nil, err
	}
	d.Resolution = &Resolution{ID: key, Outcome: proposal.Outcome, Remedy: proposal.Remedy, Amount: proposal.Amount, Goodwill: proposal.Goodwill,
		Text: proposal.Text, Maker: p.ID}
	d.Owner = p.ID
	if proposal.Outcome == Declined {
		d.State = Resolved
		return &Entry{What: "declined", Text: proposal.Text, Public: true}, nil, nil
	}
	alone, err := s.mayAlone(ctx, p, d.ID.String(), proposal.Goodwill)
	if err != nil {
		return nil, nil, err
	}
	before, err := s.remediedAlone(ctx, subject, d.ID)
	if err != nil {
		return nil, nil, err
	}
	if worth := proposal.worth(subject); !alone || worth > 0 && worth > s.o.Limits.Remedy-before {
		d.State = Proposed
		return &Entry{What: "proposed", Text: proposal.Text}, nil, nil
	}
	d.State = CarryingOut
	a, err := s.actOf(ctx, d, true)
	return &Entry{What: "decided", Text: proposal.Text}, a, err
}

// remediedAlone is what remedies of the same subject without a checker were worth, in
// electricity points: a dispute for each part of an order must not get past the limit.
func (s *Service) remediedAlone(ctx context.Context, subject *Subject, but ledger.ID) (worth int64, err error) {
	all, err := s.o.Store.Disputes(ctx, Filter{Kind: subject.Kind, Subject: subject.ID, Limit: pageMax})
	for _, d := range all {
		r := d.Resolution
		if d.ID == but || r == nil || r.Remedy == NoRemedy || r.Checker != "" || d.State != Resolved && d.State != CarryingOut {
			continue
		}
		one := Proposal{Remedy: r.Remedy, Amount: r.Amount}
		sum, ok := ledger.Add(worth, one.worth(subject))
		if !ok {
			sum = ledger.AmountMax
		}
		worth = sum
	}
	if len(all) == pageMax {
		worth = ledger.AmountMax // nobody disputes one thing so often in earnest
	}
	return worth, err
}

// mayAlone reports whether somebody may give so much goodwill for a case without
// another person. The caller holds granting.
func (s *Service) mayAlone(ctx context.Context, p Person, of string, points int64) (bool, error) {
	if points == 0 {
		return true, nil
	}
	byDay, byCase, err := s.o.Store.GoodwillAlone(ctx, p.ID, s.o.Day(s.o.Now()), of)
	return err == nil && points <= s.o.Limits.Day-byDay && points <= s.o.Limits.Case-byCase, err
}

// actOf is the act that gives a resolution's goodwill, nil without any.
func (s *Service) actOf(ctx context.Context, d *Dispute, alone bool) (*Act, error) {
	r := d.Resolution
	if r.Goodwill == 0 {
		return nil, nil
	}
	a, err := s.newAct(ctx, Goodwill, d.Member)
	if err != nil {
		return nil, err
	}
	r.Act = a.ID
	a.Client, a.Request = "dispute", Idempotency{Key: r.ID.String()}
	a.Dispute, a.Points, a.Reason, a.State, a.Alone = d.ID, r.Goodwill, r.Text, ActAwaiting, alone
	a.Maker, a.Checker = r.Maker, r.Checker
	return a, nil
}

// Approve lets a proposed resolution happen. By a checker who is not its maker.
func (s *Service) Approve(ctx context.Context, p Person, id ledger.ID, version int64) (*Dispute, error) {
	d, err := s.step(ctx, p, id, version, func(d *Dispute) (*Entry, *Act, error) {
		switch {
		case d.State != Proposed:
			return nil, nil, refuse(CodeState, "the dispute is %s; nothing is proposed", d.State)
		case d.Resolution.Maker == p.ID:
			return nil, nil, refuse(CodeSamePerson, "who proposed a resolution does not approve it; ask somebody else")
		case !p.Checker:
			return nil, nil, refuse(CodeCheckerNeeded, "a resolution above the limits is approved by a checker")
		}
		d.State, d.Resolution.Checker = CarryingOut, p.ID
		a, err := s.actOf(ctx, d, false)
		return &Entry{What: "approved"}, a, err
	})
	if err != nil {
		return nil, err
	}
	return s.carryOut(ctx, d)
}

// Reject sends a proposed resolution back. By a checker, or by its maker.
func (s *Service) Reject(ctx context.Context, p Person, id ledger.ID, version int64, reason string) (*Dispute, error) {
	return s.step(ctx, p, id, version, func(d *Dispute) (*Entry, *Act, error) {
		switch {
		case d.State != Proposed:
			return nil, nil, refuse(CodeState, "the dispute is %s; nothing is proposed", d.State)
		case d.Resolution.Maker != p.ID && !p.Checker:
			return nil, nil, refuse(CodeCheckerNeeded, "a resolution is sent back by a checker, or by who proposed it")
		}
		d.State, d.Resolution = Open, nil
		return &Entry{What: "rejected", Text: reason}, nil, checkText("reason", reason, TextMax, true)
	})
}
