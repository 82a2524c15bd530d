package support

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// ActRequest asks for an act.
type ActRequest struct {
	Idempotency
	Client string
	Kind   ActKind // [Goodwill], [Freeze] or [Unfreeze]
	Member string
	// Points is of goodwill, which has a reference: the case in another system.
	Points    int64
	Reason    string
	Reference string
}

func (r *ActRequest) check() error {
	if err := checkRequest(r.Client, r.Idempotency); err != nil {
		return err
	}
	if err := checkText("reason", r.Reason, TextMax, true); err != nil {
		return err
	}
	if err := checkText("reference", r.Reference, ReferenceMax, r.Kind == Goodwill); err != nil {
		return err
	}
	switch {
	case r.Kind != Goodwill && r.Kind != Freeze && r.Kind != Unfreeze:
		return refuse(CodeInvalid, "kind must be %s, %s or %s", Goodwill, Freeze, Unfreeze)
	case r.Member == "" || len(r.Member) > memberMax:
		return refuse(CodeInvalid, "member must be 1 to %d bytes", memberMax)
	case r.Kind == Goodwill && (r.Points < 1 || r.Points > ledger.AmountMax):
		return refuse(CodeInvalid, "points must be 1 to %d", ledger.AmountMax)
	case r.Kind != Goodwill && r.Points != 0:
		return refuse(CodeInvalid, "only goodwill has points")
	}
	return nil
}

// Do does what somebody of staff asks for, if one person may: goodwill within the
// limits, and freezing an account. The rest waits for another person. It returns a
// [*Refusal], [ErrKeyReused], and [ErrNotFound] for a member who is not known.
func (s *Service) Do(ctx context.Context, p Person, r ActRequest) (a *Act, replayed bool, err error) {
	if err := errors.Join(checkPerson(p), r.check()); err != nil {
		return nil, false, err
	}
	if a, err = s.newAct(ctx, r.Kind, r.Member); err != nil {
		return nil, false, err
	}
	a.Client, a.Request, a.Points, a.Reason, a.Reference, a.Maker = r.Client, r.Idempotency, r.Points, r.Reason, r.Reference, p.ID
	existing, err := s.begin(ctx, p, a)
	switch {
	case err != nil:
		return nil, false, err
	case existing != nil && existing.Request.Hash != r.Hash:
		return nil, false, ErrKeyReused
	case existing != nil:
		return existing, true, nil
	}
	a, err = s.perform(ctx, a)
	return a, false, err
}

// begin stores a new act, under way or proposed.
func (s *Service) begin(ctx context.Context, p Person, a *Act) (existing *Act, err error) {
	s.granting.Lock()
	defer s.granting.Unlock()
	a.State = ActUnderWay
	switch a.Kind {
	case Goodwill:
		if a.Alone, err = s.mayAlone(ctx, p, a.Case(), a.Points); err != nil {
			return nil, err
		}
		if !a.Alone {
			a.State = ActProposed
		}
	case Unfreeze:
		a.State = ActProposed
	}
	return s.o.Store.CreateAct(context.WithoutCancel(ctx), a)
}

// newAct is an act of a kind for a member.
func (s *Service) newAct(ctx context.Context, kind ActKind, member string) (*Act, error) {
	account, err := s.o.Members.AccountOf(ctx, member)
	if err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	a := &Act{ID: id, Kind: kind, Member: member, Account: account, Day: s.o.Day(now), CreatedAt: now.UnixMilli(), Version: 1}
	if kind == Goodwill {
		a.Expiry = a.Day.Month() + ledger.Month(s.o.LotMonths)
	}
	return a, nil
}

// saveAct stores a changed act.
func (s *Service) saveAct(ctx context.Context, a *Act) error {
	a.Version++
	return s.o.Store.SaveAct(ctx, a)
}

// Act returns one, or [ErrNotFound].
func (s *Service) Act(ctx context.Context, id ledger.ID) (*Act, error) { return s.o.Store.Act(ctx, id) }

// Acts returns those that a filter picks, newest first. A Limit out of range is
// brought into it.
func (s *Service) Acts(ctx context.Context, f ActFilter) ([]*Act, error) {
	f.Limit = min(max(f.Limit, 1), pageMax)
	return s.o.Store.Acts(ctx, f)
}

// GoodwillTotals adds up the goodwill that was given; see [Store.GoodwillTotals].
func (s *Service) GoodwillTotals(ctx context.Context, from, to ledger.Date) ([]GoodwillTotal, error) {
	return s.o.Store.GoodwillTotals(ctx, from, to)
}

// ApproveAct lets a proposed act happen, by another person than its maker; see
// [Act.Needs].
func (s *Service) ApproveAct(ctx context.Context, p Person, id ledger.ID) (*Act, error) {
	a, err := s.decideAct(ctx, p, id, func(a *Act) error {
		switch {
		case a.Maker == p.ID:
			return refuse(CodeSamePerson, "who proposed it does not approve it; ask somebody else")
		case !a.Needs(p):
			return refuse(CodeCheckerNeeded, "goodwill above the limits is approved by a checker")
		}
		a.State = ActUnderWay
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.perform(ctx, a)
}

// DeclineAct ends a proposed act, by who might approve it, or by its maker.
func (s *Service) DeclineAct(ctx context.Context, p Person, id ledger.ID, reason string) (*Act, error) {
	return s.decideAct(ctx, p, id, func(a *Act) error {
		if a.Maker != p.ID && !a.Needs(p) {
			return refuse(CodeCheckerNeeded, "goodwill above the limits is declined by a checker, or by who proposed it")
		}
		a.State, a.Detail, a.FinishedAt = ActDeclined, reason, s.now()
		return checkText("reason", reason, TextMax, true)
	})
}

func (s *Service) decideAct(ctx context.Context, p Person, id ledger.ID, decide func(*Act) error) (*Act, error) {
	if err := checkPerson(p); err != nil {
		return nil, err
	}
	a, err := s.o.Store.Act(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.State != ActProposed {
		return nil, refuse(CodeDecided, "it is %s", a.State)
	}
	if err := decide(a); err != nil {
		return nil, err
	}
	a.Checker, a.DecidedAt = p.ID, s.now()
	return a, s.saveAct(context.WithoutCancel(ctx), a)
}

// command is what an act gives to the ledger, if it does. It names the case and
// nothing that people typed.
func (a *Act) command() ledger.Body {
	of := "act=" + a.ID.String()
	if !a.Dispute.IsZero() {
		of = "dispute=" + a.Dispute.String()
	}
	switch a.Kind {
	case Goodwill:
		return &ledger.Issue{Account: a.Account, Amount: a.Points, Expiry: a.Expiry, Reason: "channel=goodwill " + of}
	case Freeze, Unfreeze:
		return &ledger.Freeze{Account: a.Account, Frozen: a.Kind == Freeze, Reason: of}
	}
	return nil
}

// perform does an act that is under way, and returns it as it stands then. While its
// outcome is not known it stays under way.
func (s *Service) perform(ctx context.Context, a *Act) (*Act, error) {
	if a.State != ActUnderWay || !s.busy.take(a.ID) {
		return a, nil
	}
	defer s.busy.leave(a.ID)
	ctx = context.WithoutCancel(ctx)
	next := *a
	if body := a.command(); body != nil {
		if result, v := s.book(ctx, ledger.Command{ID: a.ID, Body: body}); v != workflow.Settled {
			return a, nil
		} else if next.State = ActDone; result.Code != ledger.CodeOK {
			next.State, next.Code, next.Detail = ActRefused, string(result.Code), result.Message
		}
	} else if err := s.o.Reviews.Decide(ctx, a.Subject, a.Kind == Release); err != nil {
		s.o.Logger.Warn("a review is decided, and will be tried again", "conversion", a.Subject.String(), "error", err)
		return a, nil
	} else {
		next.State = ActDone
	}
	next.FinishedAt = s.now()
	if err := s.saveAct(ctx, &next); errors.Is(err, ErrChanged) {
		return s.o.Store.Act(ctx, a.ID) // somebody else did the same
	} else if err != nil {
		return a, err
	}
	return &next, nil
}

// book gives a command to the ledger until its outcome is known, or patience ends.
func (s *Service) book(ctx context.Context, c ledger.Command) (ledger.Result, workflow.Verdict) {
	began := s.o.Now()
	p := &workflow.Patience{Backoff: workflow.Backoff{Bound: retryFirst, Longest: retryMax}, Now: s.now, Deadline: began.Add(s.o.Patience).UnixMilli()}
	return workflow.Book(ctx, s.o.Ledger, s.o.Identity, c, p, s.o.Logger)
}
