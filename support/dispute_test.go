package support_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

var upheld = support.Proposal{Outcome: support.Upheld, Remedy: support.Reverse, Amount: 3000, Text: "我们已为您退回"}

func TestADisputeIsOpenedTalkedAboutAndResolved(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	d := w.disputed("M-1")
	if d.State != support.Open || d.Due != w.o.Day(w.clock())+3 {
		t.Errorf("it is %s, due %s", d.State, d.Due)
	}
	d, err := w.Message(ctx, anna, d.ID, d.Version, support.AskMember, "哪一天？")
	must(t, err)
	d, err = w.Message(ctx, anna, d.ID, d.Version, support.ToStaff, "asked before")
	must(t, err)
	if d.State != support.WaitingMember {
		t.Errorf("it is %s", d.State)
	}
	d, err = w.Say(ctx, "M-1", d.ID, "昨天")
	must(t, err)
	d, err = w.Message(ctx, anna, d.ID, d.Version, support.ToPartner, "asked by mail")
	must(t, err)
	d, err = w.Message(ctx, anna, d.ID, d.Version, support.FromPartner, "they see no credit")
	must(t, err)
	d, err = w.Propose(ctx, anna, d.ID, d.Version, upheld)
	must(t, err)
	if d.State != support.Resolved || d.Resolution.Reference != "REF" || len(w.remedies) != 1 || w.remedies[0].Key != d.Resolution.ID || w.remedies[0].Amount != 3000 {
		t.Errorf("it is %+v, %+v", d, w.remedies)
	}
	_, seen, err := w.MemberDispute(ctx, "M-1", d.ID)
	must(t, err)
	var what []string
	for _, e := range seen {
		what = append(what, string(e.Side)+" "+e.What)
	}
	if got := strings.Join(what, ", "); got != "member opened, staff message, member message, machine resolved" {
		t.Errorf("the member sees %s", got)
	}
	_, err = w.Say(ctx, "M-1", d.ID, "thanks")
	refuses(t, "a message to a resolved dispute", err, support.CodeState)
}

func TestADisputeIsRefused(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	mine, old := w.conversion("M-1"), w.conversion("M-1")
	w.subjects[old].At -= (91 * 24 * time.Hour).Milliseconds()
	for name, c := range map[string]struct {
		change func(*support.OpenRequest)
		want   any
	}{
		"of somebody else's conversion": {func(r *support.OpenRequest) { r.Member = "M-2" }, support.ErrNotFound},
		"of what is not there":          {func(r *support.OpenRequest) { r.Subject = ledger.ID{1} }, support.ErrNotFound},
		"of a conversion as an order":   {func(r *support.OpenRequest) { r.Kind, r.Reason = support.Order, support.Faulty }, support.ErrNotFound},
		"for a reason that is no word":  {func(r *support.OpenRequest) { r.Reason = "because" }, support.CodeInvalid},
		"for an order's reason":         {func(r *support.OpenRequest) { r.Reason = support.Faulty }, support.CodeInvalid},
		"without a text":                {func(r *support.OpenRequest) { r.Text = "" }, support.CodeInvalid},
		"with a text too long":          {func(r *support.OpenRequest) { r.Text = strings.Repeat("长", 2001) }, support.CodeInvalid},
		"with a text that is no text":   {func(r *support.OpenRequest) { r.Text = "a\xff" }, support.CodeInvalid},
		"with a control character":      {func(r *support.OpenRequest) { r.Text = "a\x00" }, support.CodeInvalid},
		"without a key":                 {func(r *support.OpenRequest) { r.Key = "" }, support.CodeInvalid},
		"without a member":              {func(r *support.OpenRequest) { r.Member = "" }, support.CodeInvalid},
		"after the time limit":          {func(r *support.OpenRequest) { r.Subject = old }, support.CodeTooLate},
	} {
		r := w.opening("M-1", mine)
		c.change(&r)
		_, _, err := w.Open(ctx, r)
		refuses(t, name, err, c.want)
	}
}

func TestAnOpeningIsIdempotentAndOneForASubject(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	r := w.opening("M-1", w.conversion("M-1"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := w.Open(ctx, r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d, replayed, err := w.Open(ctx, r)
	if err != nil || !replayed {
		t.Fatalf("a repeat: %v, %v", replayed, err)
	}
	changed := r
	changed.Hash[1] = 9
	_, _, err = w.Open(ctx, changed)
	refuses(t, "the key with other content", err, support.ErrKeyReused)
	_, _, err = w.Open(ctx, w.opening("M-1", r.Subject))
	refuses(t, "a second one", err, support.CodeDisputed)
	_, err = w.Propose(ctx, anna, d.ID, 1, support.Proposal{Outcome: support.Declined, Text: "it arrived"})
	must(t, err)
	if _, _, err = w.Open(ctx, w.opening("M-1", r.Subject)); err != nil {
		t.Errorf("after the first was resolved: %v", err)
	}
}

func TestAnotherMemberSeesNothing(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	d := w.disputed("M-1")
	for _, member := range []string{"M-2", ""} {
		_, _, err := w.MemberDispute(ctx, member, d.ID)
		refuses(t, "the dispute", err, support.ErrNotFound)
		_, err = w.Say(ctx, member, d.ID, "hello")
		refuses(t, "a message", err, support.ErrNotFound)
		if all, _ := w.MemberDisputes(ctx, member, ledger.ID{}, 10); len(all) != 0 {
			t.Errorf("%q sees %d", member, len(all))
		}
	}
}

func TestWhatIsAboveALimitNeedsAChecker(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.o.Limits.Remedy = 500
	w.open()
	small := support.Proposal{Outcome: support.Upheld, Remedy: support.Reverse, Amount: 1500, Text: "half"}
	d := w.disputed("M-1")
	if d, err := w.Propose(ctx, anna, d.ID, 1, small); err != nil || d.State != support.Resolved {
		t.Fatalf("what is worth 500: %+v, %v", d, err)
	}
	for name, p := range map[string]support.Proposal{"a reversal worth 501": {Outcome: support.Upheld, Remedy: support.Reverse, Amount: 1501, Text: "t"},
		"goodwill of 101": {Outcome: support.Upheld, Goodwill: 101, Text: "t"}} {
		d, before := w.disputed("M-1"), w.balance("M-1")
		d, err := w.Propose(ctx, cara, d.ID, d.Version, p) // a checker has the same limits alone
		must(t, err)
		remedies := len(w.remedies)
		if d.State != support.Proposed {
			t.Fatalf("%s is %s", name, d.State)
		}
		_, err = w.Approve(ctx, cara, d.ID, d.Version)
		refuses(t, name+" approved by its maker", err, support.CodeSamePerson)
		_, err = w.Approve(ctx, ben, d.ID, d.Version)
		refuses(t, name+" approved by who is no checker", err, support.CodeCheckerNeeded)
		_, err = w.Reject(ctx, ben, d.ID, d.Version, "no")
		refuses(t, name+" sent back by who is no checker", err, support.CodeCheckerNeeded)
		_, err = w.Propose(ctx, anna, d.ID, d.Version, small)
		refuses(t, "a second proposal", err, support.CodeState)
		if len(w.remedies) != remedies || w.balance("M-1") != before {
			t.Errorf("%s: something was done before it was approved", name)
		}
		d, err = w.Reject(ctx, dora, d.ID, d.Version, "too much")
		must(t, err)
		d, err = w.Propose(ctx, cara, d.ID, d.Version, p)
		must(t, err)
		if d, err = w.Approve(ctx, dora, d.ID, d.Version); err != nil || d.State != support.Resolved || d.Resolution.Checker != "dora" {
			t.Errorf("%s approved by another checker: %+v, %v", name, d, err)
		}
		if got := w.balance("M-1") - before; got != p.Goodwill {
			t.Errorf("%s gave %d points of goodwill", name, got)
		}
	}
}

func TestAProposalIsChecked(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	d := w.disputed("M-1")
	for name, p := range map[string]support.Proposal{
		"without an outcome":         {Text: "t"},
		"without a text":             {Outcome: support.Declined},
		"declined with goodwill":     {Outcome: support.Declined, Goodwill: 1, Text: "t"},
		"a conversion cancelled":     {Outcome: support.Upheld, Remedy: support.Cancel, Text: "t"},
		"more than was converted":    {Outcome: support.Upheld, Remedy: support.Reverse, Amount: 3001, Text: "t"},
		"a reversal of nothing":      {Outcome: support.Upheld, Remedy: support.Reverse, Text: "t"},
		"an amount without a remedy": {Outcome: support.Upheld, Amount: 1, Text: "t"},
		"goodwill below zero":        {Outcome: support.Upheld, Goodwill: -1, Text: "t"},
	} {
		_, err := w.Propose(ctx, anna, d.ID, 1, p)
		refuses(t, name, err, support.CodeInvalid)
	}
	_, err := w.Propose(ctx, anna, d.ID, 7, upheld)
	refuses(t, "a version from the future", err, support.ErrChanged)
	_, err = w.Propose(ctx, support.Person{}, d.ID, 1, upheld)
	refuses(t, "by nobody", err, support.CodeInvalid)
}

func TestOfTwoStaffAtOnceOneDecides(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	d := w.disputed("M-1")
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for _, p := range []support.Person{anna, ben, cara, dora} {
		all.Go(func() {
			_, err := w.Propose(ctx, p, d.ID, d.Version, support.Proposal{Outcome: support.Upheld, Remedy: support.Reverse, Amount: 3000, Goodwill: 50, Text: "t"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else if !errors.Is(err, support.ErrChanged) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done != 1 || len(w.remedies) != 1 || w.balance("M-1") != 50 {
		t.Errorf("%d decided, %d remedies, %d points", done, len(w.remedies), w.balance("M-1"))
	}
}

func TestARemedyIsAskedForUntilItIsDone(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	down := errors.New("the exchange does not answer")
	answers := []support.Answer{{}, {Done: support.RemedyPending}, {Done: support.RemedyDone, Reference: "R-9"}}
	w.answer = func(support.Remedy) (support.Answer, error) {
		a := answers[0]
		if answers = answers[1:]; a.Done == "" {
			return a, down
		}
		return a, nil
	}
	d := w.disputed("M-1")
	p := upheld
	p.Goodwill = 40
	_, err := w.Propose(ctx, anna, d.ID, d.Version, p)
	refuses(t, "a remedy whose outcome is unknown", err, down)
	w.open() // another process
	must(t, w.Follow(ctx))
	if got, err := w.Say(ctx, "M-1", d.ID, "still waiting"); err != nil || got.State != support.CarryingOut {
		t.Fatalf("meanwhile: %+v, %v", got, err)
	}
	must(t, w.Follow(ctx))
	got, err := w.Dispute(ctx, d.ID)
	must(t, err)
	if got.State != support.Resolved || got.Resolution.Reference != "R-9" || w.balance("M-1") != 40 {
		t.Errorf("it is %+v with %d points", got, w.balance("M-1"))
	}
	for _, r := range w.remedies {
		if r != w.remedies[0] {
			t.Errorf("asked for %+v and for %+v", w.remedies[0], r)
		}
	}
}

func TestARemedyThatIsNotPossibleComesBackToStaff(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.answer = func(support.Remedy) (support.Answer, error) {
		return support.Answer{Done: support.RemedyDeclined, Code: "insufficient_points"}, nil
	}
	d := w.disputed("M-1")
	p := upheld
	p.Goodwill = 40
	d, err := w.Propose(ctx, anna, d.ID, d.Version, p)
	must(t, err)
	if d.State != support.Open || d.Resolution != nil || w.balance("M-1") != 0 {
		t.Errorf("it is %+v with %d points", d, w.balance("M-1"))
	}
	acts, err := w.Acts(ctx, support.ActFilter{})
	must(t, err)
	if len(acts) != 1 || acts[0].State != support.ActDeclined {
		t.Errorf("the goodwill is %+v", acts)
	}
}

// Somebody who may give back so much alone must not give back more in parts.
func TestPartsOfOneConversionTogetherNeedAChecker(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.o.Limits.Remedy = 500
	w.open()
	subject := w.conversion("M-1")
	for i, want := range []support.State{support.Resolved, support.Proposed} {
		d, _, err := w.Open(ctx, w.opening("M-1", subject))
		must(t, err)
		d, err = w.Propose(ctx, anna, d.ID, d.Version, support.Proposal{Outcome: support.Upheld, Remedy: support.Reverse, Amount: 1200, Text: "a part worth 400"})
		if err != nil || d.State != want {
			t.Errorf("part %d: %+v, %v; want %s", i+1, d, err, want)
		}
	}
}
