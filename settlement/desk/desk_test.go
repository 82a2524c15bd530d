package desk_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
)

func TestMemory(t *testing.T) {
	desktest.Run(t, func(*testing.T) desk.Store { return desktest.NewMemory() })
}

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "SkyMSP", Subject: "finance"}
	maker   = desk.Person{ID: "u1"}
	checker = desk.Person{ID: "u2"}
	partner = desk.Person{Company: "sky", ID: "p1"}
	other   = desk.Person{Company: "mart", ID: "p2"}
)

const today ledger.Date = 20_000

const yuan = 1_000_000

// stand is a desk over a ledger in memory.
type stand struct {
	*testing.T
	*desk.Desk
	ledger *interrupted
	store  *desktest.Memory
	now    time.Time
}

// interrupted is a ledger that can be made to fail.
type interrupted struct {
	*ledgertest.Memory
	fail error
}

func (l *interrupted) Submit(ctx context.Context, who ledger.Identity, c ...ledger.Command) ([]ledger.Result, error) {
	if l.fail != nil {
		return nil, l.fail
	}
	return l.Memory.Submit(ctx, who, c...)
}

func newStand(t *testing.T) *stand {
	s := &stand{T: t, store: desktest.NewMemory(), now: today.In(time.UTC).Add(9 * time.Hour)}
	s.ledger = &interrupted{Memory: ledgertest.NewMemory(func() time.Time { return s.now })}
	s.Desk = desk.New(desk.Options{Store: s.store, Ledger: s.ledger, MSP: utility.MSP, WriteOffMax: 5 * yuan, DueDays: 3,
		Now: func() time.Time { return s.now }, Random: rand.Reader})
	s.give(utility, &ledger.Initialise{Hub: "EPT", Window: today})
	s.give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP})
	return s
}

func (s *stand) give(who ledger.Identity, body ledger.Body) {
	s.Helper()
	var random [10]byte
	_, _ = rand.Read(random[:])
	r, err := s.ledger.Memory.Submit(context.Background(), who, ledger.Command{ID: ledger.NewID(s.now, random), Body: body})
	if err != nil || r[0].Code != ledger.CodeOK {
		s.Fatalf("%s: %v %+v", body.Kind(), err, r)
	}
}

func finding(n byte) desk.Finding {
	f := desktest.Sample(int(n)).Finding
	f.Tolerated, f.Window, f.Value = false, today, 3*yuan
	return f
}

// open reports one finding and returns its case.
func (s *stand) open() *desk.Case {
	s.Helper()
	f := finding(1)
	s.check(s.Report(context.Background(), today, []desk.Finding{f}))
	return s.at(f.ID)
}

func (s *stand) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stand) at(id string) *desk.Case {
	s.Helper()
	c, err := s.Case(context.Background(), maker, id)
	s.check(err)
	return c
}

func (s *stand) wants(c *desk.Case, err error, state desk.State) *desk.Case {
	s.Helper()
	s.check(err)
	if c.State != state {
		s.Fatalf("the case is %s, want %s", c.State, state)
	}
	return c
}

func (s *stand) refuses(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("returned %v, want %v", err, want)
	}
}

func TestAResolutionTakesTwoPeople(t *testing.T) {
	for action, end := range map[desk.Action]desk.State{desk.Accept: desk.Resolved, desk.WriteOff: desk.Resolved,
		desk.Return: desk.Returned, desk.MoveOn: desk.MovedOn} {
		t.Run(string(action), func(t *testing.T) {
			s, ctx := newStand(t), context.Background()
			c := s.open()
			p := desk.Proposal{Action: action, Reason: "because"}
			if action == desk.WriteOff {
				p.Value = 5 * yuan
			}
			_, err := s.Propose(ctx, partner, c.ID, c.Version, p)
			s.refuses(err, desk.ErrForbidden)
			c, err = s.Propose(ctx, maker, c.ID, c.Version, p)
			c = s.wants(c, err, desk.Proposed)
			_, err = s.Approve(ctx, maker, c.ID, c.Version)
			s.refuses(err, desk.ErrSamePerson)
			_, err = s.Approve(ctx, partner, c.ID, c.Version)
			s.refuses(err, desk.ErrForbidden)
			c, err = s.Approve(ctx, checker, c.ID, c.Version)
			s.wants(c, err, end)
			blocking, err := s.Blocking(ctx, "sky", today)
			s.check(err)
			if (blocking == 1) != (end == desk.Returned) {
				t.Errorf("%d cases keep the window from being signed", blocking)
			}
		})
	}
}

func TestAnAdjustmentIsResolvedWhenThePartnerAcceptsItOnTheLedger(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	c, err := s.Propose(ctx, maker, c.ID, c.Version, desk.Proposal{Action: desk.Adjust, Value: 3 * yuan, Reason: "their statement is right"})
	s.check(err)
	s.ledger.fail = ledger.ErrOutcomeUnknown
	_, err = s.Approve(ctx, checker, c.ID, c.Version)
	s.refuses(err, ledger.ErrOutcomeUnknown)
	s.wants(s.at(c.ID), nil, desk.Adjusting)
	s.ledger.fail = nil
	s.check(s.Follow(ctx)) // proposes it
	s.check(s.Follow(ctx)) // and not again
	all, err := s.ledger.Adjustments(ctx)
	s.check(err)
	if len(all) != 1 || all[0].Value != 3*yuan || all[0].Reference != c.ID || all[0].ProposedBy.Subject != checker.ID {
		t.Fatalf("on the ledger: %+v", all)
	}
	s.wants(s.at(c.ID), nil, desk.Adjusting)
	s.give(airline, &ledger.AcceptAdjustment{Adjustment: all[0].ID, Partner: "sky", Value: 3 * yuan})
	s.check(s.Follow(ctx))
	s.wants(s.at(c.ID), nil, desk.Resolved)
	trail, err := s.Trail(ctx, maker, c.ID)
	s.check(err)
	var what []string
	for _, e := range trail {
		what = append(what, e.What)
	}
	if want := []string{"opened", "proposed adjust", "approved adjust", "accepted on the ledger"}; !slices.Equal(what, want) {
		t.Errorf("the trail is %q, want %q", what, want)
	}
}

func TestARejectedAdjustmentOpensTheCaseAgain(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	c, err := s.Propose(ctx, maker, c.ID, c.Version, desk.Proposal{Action: desk.Adjust, Value: yuan, Reason: "half"})
	s.check(err)
	c, err = s.Approve(ctx, checker, c.ID, c.Version)
	s.wants(c, err, desk.Adjusting)
	s.give(airline, &ledger.RejectAdjustment{Adjustment: c.Resolution.Adjustment, Partner: "sky", Reason: "all or nothing"})
	s.check(s.Follow(ctx))
	s.wants(s.at(c.ID), nil, desk.Open)
}

func TestTheMachineOpensOnceAndClears(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	s.check(s.Report(ctx, today, []desk.Finding{finding(1)}))
	if again := s.at(c.ID); again.Version != c.Version || again.Due != today+3 {
		t.Errorf("reported twice: %+v", again)
	}
	s.check(s.Report(ctx, today+1, []desk.Finding{finding(1), finding(2)}))
	if later := s.at(c.ID); later.Seen != today+1 || later.Window != today {
		t.Errorf("found again the next day: %+v", later)
	}
	s.check(s.Clear(ctx, today+2, []string{c.ID, "not there"}))
	s.check(s.Clear(ctx, today+2, []string{c.ID}))
	s.wants(s.at(c.ID), nil, desk.Cleared)
	s.check(s.Report(ctx, today+3, []desk.Finding{finding(1)}))
	s.wants(s.at(c.ID), nil, desk.Open)
}

func TestWhatAPersonResolvedStaysResolved(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	c, err := s.Propose(ctx, maker, c.ID, c.Version, desk.Proposal{Action: desk.Accept, Reason: "their typing error"})
	s.check(err)
	c, err = s.Approve(ctx, checker, c.ID, c.Version)
	s.check(err)
	s.check(s.Report(ctx, today+1, []desk.Finding{finding(1)}))
	s.check(s.Clear(ctx, today+1, []string{c.ID}))
	s.wants(s.at(c.ID), nil, desk.Resolved)
}

func TestAPartnerSeesAndAnswersItsOwnCases(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	_, err := s.Case(ctx, other, c.ID)
	s.refuses(err, desk.ErrNotFound)
	if all, err := s.Cases(ctx, other, desk.Filter{Partner: "sky"}, desk.ByWindow, nil, 9); err != nil || len(all) != 0 {
		t.Errorf("another partner lists %v, %v", all, err)
	}
	c, err = s.Propose(ctx, maker, c.ID, c.Version, desk.Proposal{Action: desk.Return, Reason: "what is line 12?"})
	s.check(err)
	c, err = s.Approve(ctx, checker, c.ID, c.Version)
	s.check(err)
	c, err = s.Comment(ctx, partner, c.ID, c.Version, "a test of ours")
	c = s.wants(c, err, desk.Open)
	c, err = s.Attach(ctx, partner, c.ID, c.Version, "proof.txt", []byte("proof"))
	s.check(err)
	trail, err := s.Trail(ctx, partner, c.ID)
	s.check(err)
	file, name, err := s.Attachment(ctx, maker, c.ID, trail[len(trail)-1].Attachment)
	if err != nil || string(file) != "proof" || name != "proof.txt" {
		t.Errorf("the attachment is %q %q, %v", name, file, err)
	}
	_, _, err = s.Attachment(ctx, other, c.ID, trail[len(trail)-1].Attachment)
	s.refuses(err, desk.ErrNotFound)
}

func TestMistakesAreRefusedAndLeaveNoTrace(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	for name, p := range map[string]struct {
		proposal desk.Proposal
		want     error
	}{
		"an unknown action":                {desk.Proposal{Action: "shrug", Reason: "r"}, desk.ErrInvalid},
		"no reason":                        {desk.Proposal{Action: desk.Accept}, desk.ErrInvalid},
		"a reason that is too long":        {desk.Proposal{Action: desk.Accept, Reason: string(make([]byte, desk.TextMax+1))}, desk.ErrInvalid},
		"an adjustment of nothing":         {desk.Proposal{Action: desk.Adjust, Reason: "r"}, desk.ErrInvalid},
		"a value without money":            {desk.Proposal{Action: desk.Accept, Value: 1, Reason: "r"}, desk.ErrInvalid},
		"a write-off above the limit":      {desk.Proposal{Action: desk.WriteOff, Value: 5*yuan + 1, Reason: "r"}, desk.ErrLimit},
		"a write-off for them above it":    {desk.Proposal{Action: desk.WriteOff, Value: -5*yuan - 1, Reason: "r"}, desk.ErrLimit},
		"an adjustment beyond all reason":  {desk.Proposal{Action: desk.Adjust, Value: ledger.ValueMax + 1, Reason: "r"}, desk.ErrInvalid},
		"a reason too long for the ledger": {desk.Proposal{Action: desk.Adjust, Value: 1, Reason: string(make([]byte, ledger.ReasonMax+1))}, desk.ErrInvalid},
	} {
		if _, err := s.Propose(ctx, maker, c.ID, c.Version, p.proposal); !errors.Is(err, p.want) {
			t.Errorf("%s: %v, want %v", name, err, p.want)
		}
	}
	_, err := s.Comment(ctx, maker, c.ID, c.Version+1, "from the future")
	s.refuses(err, desk.ErrChanged)
	_, err = s.Comment(ctx, maker, c.ID, c.Version, "")
	s.refuses(err, desk.ErrInvalid)
	_, err = s.Approve(ctx, checker, c.ID, c.Version)
	s.refuses(err, desk.ErrState)
	_, err = s.Decline(ctx, checker, c.ID, c.Version, "no")
	s.refuses(err, desk.ErrState)
	_, err = s.Assign(ctx, partner, c.ID, c.Version, partner, 0)
	s.refuses(err, desk.ErrForbidden)
	_, err = s.Attach(ctx, maker, c.ID, c.Version, "", []byte("x"))
	s.refuses(err, desk.ErrInvalid)
	if trail, err := s.Trail(ctx, maker, c.ID); err != nil || len(trail) != 1 {
		t.Errorf("the trail is %+v, %v", trail, err)
	}
}

func TestADeclinedProposalIsOpenAgain(t *testing.T) {
	s, ctx := newStand(t), context.Background()
	c := s.open()
	c, err := s.Assign(ctx, maker, c.ID, c.Version, maker, today+9)
	s.check(err)
	c, err = s.Propose(ctx, maker, c.ID, c.Version, desk.Proposal{Action: desk.WriteOff, Value: yuan, Reason: "small"})
	s.check(err)
	c, err = s.Decline(ctx, checker, c.ID, c.Version, "not small")
	c = s.wants(c, err, desk.Open)
	if c.Resolution != nil || c.Owner != maker || c.Due != today+9 {
		t.Errorf("the case is %+v", c)
	}
}
