package support_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

func TestGoodwillIsOnTheLedgerWithItsExpiryAndNoTypedText(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	a, err := w.goodwill(anna, 100, "CRM-1")
	must(t, err)
	e, err := w.ledger.Find(ctx, a.ID)
	must(t, err)
	want := w.o.Day(w.clock()).Month() + 24
	if a.State != support.ActDone || w.balance("M-1") != 100 || len(e.Transfer.Lots) != 1 || e.Transfer.Lots[0].Expiry != want {
		t.Errorf("the act is %+v, on the ledger %+v", a, e.Transfer)
	}
	if got := e.Transfer.Reason; got != "channel=goodwill act="+a.ID.String() {
		t.Errorf("the ledger has the reason %q", got)
	}
	totals, err := w.GoodwillTotals(ctx, a.Day, a.Day)
	if err != nil || len(totals) != 1 || totals[0].Points != 100 {
		t.Errorf("totals %v, %v", totals, err)
	}
}

func TestGoodwillAboveALimitWaitsForAChecker(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	_, err := w.goodwill(anna, 60, "CRM-1")
	must(t, err)
	for name, c := range map[string]struct {
		by        support.Person
		points    int64
		reference string
		want      support.ActState
	}{
		"more for the same case, by a colleague": {ben, 41, "CRM-1", support.ActProposed},
		"the rest for the same case":             {ben, 40, "CRM-1", support.ActDone},
		"another case":                           {anna, 100, "CRM-2", support.ActDone},
		"more than for one case":                 {anna, 101, "CRM-3", support.ActProposed},
	} {
		a, err := w.goodwill(c.by, c.points, c.reference)
		must(t, err)
		if (a.State == support.ActProposed) != (c.want == support.ActProposed) && name != "the rest for the same case" {
			t.Errorf("%s is %s", name, a.State)
		}
	}
	a, err := w.goodwill(cara, 5000, "CRM-9")
	must(t, err)
	before := w.balance("M-1")
	_, err = w.ApproveAct(ctx, cara, a.ID)
	refuses(t, "by its maker", err, support.CodeSamePerson)
	_, err = w.ApproveAct(ctx, ben, a.ID)
	refuses(t, "by who is no checker", err, support.CodeCheckerNeeded)
	_, err = w.DeclineAct(ctx, ben, a.ID, "no")
	refuses(t, "declined by who is no checker", err, support.CodeCheckerNeeded)
	if w.balance("M-1") != before {
		t.Error("it was given before it was approved")
	}
	a, err = w.ApproveAct(ctx, dora, a.ID)
	must(t, err)
	if a.State != support.ActDone || a.Checker != "dora" || w.balance("M-1") != before+5000 {
		t.Errorf("after the approval it is %+v", a)
	}
	_, err = w.ApproveAct(ctx, dora, a.ID)
	refuses(t, "a second approval", err, support.CodeDecided)
}

// The day's limit is 250, a case's 100, so two can be given and half of a third.
func TestManyAtOnceDoNotGetPastTheLimits(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			_, _, err := w.Do(context.Background(), anna, support.ActRequest{Idempotency: support.Idempotency{Key: string(rune('a' + n))}, Client: "c", Kind: support.Goodwill, Member: "M-1",
				Points: 100, Reason: "r", Reference: string(rune('A' + n))})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.balance("M-1"); got != 200 {
		t.Errorf("%d points were given alone, want 200", got)
	}
}

// Whatever people try in whatever order: nothing above the limits is given without two
// of them, the second a checker.
func TestNothingAboveTheLimitsIsGivenByOne(t *testing.T) {
	people := []support.Person{anna, ben, cara, dora}
	rapid.Check(t, func(r *rapid.T) {
		w, ctx := newWorld(t), context.Background()
		var made []*support.Act
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			p := rapid.SampledFrom(people).Draw(r, "person")
			if len(made) > 0 && rapid.Bool().Draw(r, "decide") {
				a := rapid.SampledFrom(made).Draw(r, "act")
				_, _ = w.ApproveAct(ctx, p, a.ID) // a refusal is right
				continue
			}
			a, err := w.goodwill(p, rapid.Int64Range(1, 150).Draw(r, "points"), rapid.SampledFrom([]string{"A", "B", "C"}).Draw(r, "case"))
			if err != nil {
				r.Fatal(err)
			}
			made = append(made, a)
		}
		byDay, byCase, given := map[string]int64{}, map[string]int64{}, int64(0)
		for _, a := range made {
			a, err := w.Act(ctx, a.ID)
			if err != nil {
				r.Fatal(err)
			}
			if a.State != support.ActDone {
				continue
			}
			given += a.Points
			switch {
			case a.Checker == "":
				byDay[a.Maker], byCase[a.Reference] = byDay[a.Maker]+a.Points, byCase[a.Reference]+a.Points
			case a.Checker == a.Maker || a.Checker != "cara" && a.Checker != "dora":
				r.Errorf("%d points made by %s were approved by %s", a.Points, a.Maker, a.Checker)
			}
		}
		for who, n := range byDay {
			if n > w.o.Limits.Day {
				r.Errorf("%s gave %d alone in a day", who, n)
			}
		}
		for of, n := range byCase {
			if n > w.o.Limits.Case {
				r.Errorf("%d were given alone for case %s", n, of)
			}
		}
		if given != w.balance("M-1") {
			r.Errorf("the acts gave %d, the ledger has %d", given, w.balance("M-1"))
		}
	})
}

func TestAnUnknownOutcomeIsFoundOutAndNothingIsGivenTwice(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.ledger.silent.Store(1_000_000)
	r := support.ActRequest{Idempotency: w.idem(), Client: "c", Kind: support.Goodwill, Member: "M-1", Points: 80, Reason: "r", Reference: "A"}
	a, _, err := w.Do(ctx, anna, r)
	must(t, err)
	if a.State != support.ActUnderWay {
		t.Fatalf("it is %s", a.State)
	}
	w.open() // another process
	must(t, w.Follow(ctx))
	if a, err = w.Act(ctx, a.ID); err != nil || a.State != support.ActUnderWay {
		t.Fatalf("while the ledger is silent it is %+v, %v", a, err)
	}
	w.ledger.silent.Store(0)
	must(t, w.Follow(ctx))
	again, replayed, err := w.Do(ctx, anna, r)
	if err != nil || !replayed || again.State != support.ActDone || w.balance("M-1") != 80 {
		t.Errorf("it is %+v (%t), %v, with %d points", again, replayed, err, w.balance("M-1"))
	}
	r.Hash[3] = 7
	_, _, err = w.Do(ctx, anna, r)
	refuses(t, "the key with other content", err, support.ErrKeyReused)
}

func TestAnAccountIsFrozenByOneAndFreedByTwo(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	do := func(p support.Person, kind support.ActKind) *support.Act {
		t.Helper()
		a, _, err := w.Do(ctx, p, support.ActRequest{Idempotency: w.idem(), Client: "c", Kind: kind, Member: "M-1", Reason: "strange"})
		must(t, err)
		return a
	}
	if a := do(anna, support.Freeze); a.State != support.ActDone {
		t.Fatalf("the freezing is %+v", a)
	}
	if a, err := w.goodwill(anna, 10, "A"); err != nil || a.State != support.ActRefused || a.Code != string(ledger.CodeAccountFrozen) {
		t.Errorf("goodwill for a frozen account is %+v, %v", a, err)
	}
	a := do(anna, support.Unfreeze)
	if a.State != support.ActProposed {
		t.Fatalf("the unfreezing is %+v", a)
	}
	_, err := w.ApproveAct(ctx, anna, a.ID)
	refuses(t, "by the same person", err, support.CodeSamePerson)
	if a, err = w.ApproveAct(ctx, ben, a.ID); err != nil || a.State != support.ActDone {
		t.Fatalf("by a colleague: %+v, %v", a, err)
	}
	if state, err := w.ledger.Account(ctx, account(t, "M-1")); err != nil || state.Frozen {
		t.Errorf("the account is %+v, %v", state, err)
	}
	b := do(ben, support.Unfreeze)
	if b, err = w.DeclineAct(ctx, ben, b.ID, "a mistake"); err != nil || b.State != support.ActDeclined {
		t.Errorf("taken back by its maker: %+v, %v", b, err)
	}
}

func TestAnActIsChecked(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	good := support.ActRequest{Idempotency: support.Idempotency{Key: "k"}, Client: "c", Kind: support.Goodwill, Member: "M-1", Points: 1, Reason: "r", Reference: "A"}
	for name, c := range map[string]struct {
		change func(*support.ActRequest)
		want   any
	}{
		"without a key":               {func(r *support.ActRequest) { r.Key = "" }, support.CodeInvalid},
		"of no kind":                  {func(r *support.ActRequest) { r.Kind = "release" }, support.CodeInvalid},
		"without a member":            {func(r *support.ActRequest) { r.Member = "" }, support.CodeInvalid},
		"for a member nobody knows":   {func(r *support.ActRequest) { r.Member = "X-1" }, support.ErrNotFound},
		"without points":              {func(r *support.ActRequest) { r.Points = 0 }, support.CodeInvalid},
		"with too many points":        {func(r *support.ActRequest) { r.Points = ledger.AmountMax + 1 }, support.CodeInvalid},
		"without a reason":            {func(r *support.ActRequest) { r.Reason = "" }, support.CodeInvalid},
		"goodwill without a case":     {func(r *support.ActRequest) { r.Reference = "" }, support.CodeInvalid},
		"a freeze with points":        {func(r *support.ActRequest) { r.Kind = support.Freeze }, support.CodeInvalid},
		"with a reference far to big": {func(r *support.ActRequest) { r.Reference = strings.Repeat("x", 101) }, support.CodeInvalid},
	} {
		r := good
		c.change(&r)
		_, _, err := w.Do(ctx, anna, r)
		refuses(t, name, err, c.want)
	}
	if w.balance("M-1") != 0 {
		t.Error("something was given")
	}
}

func TestAHeldConversionIsDecidedAboutOnce(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	id := w.id()
	_, err := w.Review(ctx, anna, id, true, "known member")
	refuses(t, "one that is not held", err, support.CodeNotHeld)
	w.held[id] = &support.Held{ID: id, Member: "M-1", Rule: support.RuleRing}
	_, err = w.Review(ctx, anna, id, true, "")
	refuses(t, "without a reason", err, support.CodeInvalid)
	var all sync.WaitGroup
	var mu sync.Mutex
	var done []*support.Act
	for n, p := range []support.Person{anna, ben, cara, dora} {
		all.Go(func() {
			a, err := w.Review(ctx, p, id, n%2 == 0, "looked at it")
			mu.Lock()
			defer mu.Unlock()
			var r *support.Refusal
			if err == nil {
				done = append(done, a)
			} else if !errors.As(err, &r) || r.Code != support.CodeDecided {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(done) != 1 || done[0].State != support.ActDone || w.decided[id] != (done[0].Kind == support.Release) {
		t.Errorf("decided: %v; the exchange was told %v", done, w.decided)
	}
}
