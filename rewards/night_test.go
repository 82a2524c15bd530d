package rewards_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

const oneDay = 24 * time.Hour

// nextDays closes the window and opens one so many days later, and runs the night.
func (w *world) nextDays(n int) {
	w.Helper()
	today := day(w.clock.Now())
	w.give(&ledger.CloseWindow{Window: today, Next: today + ledger.Date(n)})
	w.clock.Advance(time.Duration(n) * oneDay)
	must(w, w.RunNight(context.Background()))
}

// tier checks a member's tier, what was earned, what is missing, and until when the
// tier is kept.
func (w *world) tier(want string, earned, missing int64, inDanger bool) rewards.Way {
	w.Helper()
	way, err := w.Way(context.Background(), "M-1")
	must(w, err)
	if way.Now.Code != want || way.Earned != earned || way.Missing != missing || (way.Until != 0) != inDanger {
		w.Fatalf("the way is %s with %d earned, %d missing, kept until %d; want %s, %d, %d, in danger %t", way.Now.Code, way.Earned, way.Missing, way.Until, want, earned, missing, inDanger)
	}
	return way
}

func TestATierRisesAtOnceAndFallsAfterGrace(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.tier("standard", 0, 2000, false)
	w.ended(w.take(w.paid("PAY-1", 1000)), rewards.Issued, 2250)
	w.tier("silver", 2250, 5750, false)
	if p, err := w.Privileges(context.Background(), "M-1"); err != nil || p.ConversionBonus != 100 || p.Limits != 120 {
		t.Errorf("the privileges are %+v, %v", p, err)
	}
	w.nextDays(364)
	w.tier("silver", 2250, 5750, false)
	w.nextDays(1) // the day falls out of the twelve months
	way := w.tier("silver", 0, 8000, true)
	if want := day(w.clock.Now()) + 29; way.Until != want {
		t.Errorf("the tier is kept until %s, want %s", way.Until, want)
	}
	w.nextDays(29)
	w.tier("silver", 0, 8000, true)
	w.nextDays(1)
	w.tier("standard", 0, 2000, false)
}

func TestWhoEarnsAgainWithinGraceKeepsTheTier(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.ended(w.take(w.paid("PAY-1", 1000)), rewards.Issued, 2250)
	w.ended(w.Cancel(context.Background(), "PAY-1", "bounced"), rewards.Cancelled, 2250)
	w.tier("silver", 0, 8000, false) // down only at night, and then not at once
	w.nextDays(1)
	w.tier("silver", 0, 8000, true)
	w.ended(w.take(w.paid("PAY-2", 1000)), rewards.Issued, 2250)
	w.tier("silver", 2250, 5750, false)
	w.nextDays(40)
	w.tier("silver", 2250, 5750, false)
}

func TestTheTopHasNoNext(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.ended(w.take(w.paid("PAY-1", 10_000)), rewards.Issued, 22_500)
	if way := w.tier("platinum", 22_500, 0, false); way.Next != nil || !way.Now.Fast {
		t.Errorf("the way is %+v", way)
	}
}

func TestAnEventOfThatLongAgoCountsForNoTier(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	e := w.paid("PAY-1", 1000)
	e.OccurredAt -= (366 * oneDay).Milliseconds()
	w.ended(w.take(e), rewards.Issued, 2250)
	w.tier("standard", 0, 2000, false)
	w.nextDays(1)
	w.tier("standard", 0, 2000, false)
}

// brittle is a store whose nights break off after so many pages.
type brittle struct {
	rewards.Store
	pages int
}

var errBroken = errors.New("broken")

func (b *brittle) SaveRewardNight(ctx context.Context, n rewards.Night, all []*rewards.Standing) error {
	if b.pages--; b.pages < 0 {
		return errBroken
	}
	return b.Store.SaveRewardNight(ctx, n, all)
}

func TestANightGoesOnWhereItWasInterrupted(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, ladderOfSteps())
	var numbers []string
	for n := range 1200 {
		numbers = append(numbers, fmt.Sprintf("N-%05d", n))
	}
	_, err := w.Register(ctx, numbers)
	must(t, err)
	b := &brittle{Store: w.store}
	w.store = b
	w.start()
	w.clock.Advance(oneDay)
	for want := range 3 { // of three pages one more is done each time
		b.pages = 1
		if err := w.RunNight(ctx); want < 2 && !errors.Is(err, errBroken) {
			t.Fatalf("the night ended with %v", err)
		}
	}
	b.pages = 10
	must(t, w.RunNight(ctx))
	if n, err := b.RewardNight(ctx); err != nil || !n.Done || n.Date != day(w.clock.Now()) {
		t.Errorf("the night is %+v, %v", n, err)
	}
	if used := 10 - b.pages; used > 1 {
		t.Errorf("the last run saved %d times, want the end only", used)
	}
	b.pages = 0
	must(t, w.RunNight(ctx)) // it is done, and nothing is saved again
	all, err := b.EverybodyStanding(ctx, "", 2000)
	must(t, err)
	for _, s := range all {
		if s.AsOf != day(w.clock.Now()) {
			t.Fatalf("%s was reviewed on %s", s.Member, s.AsOf)
		}
	}
}

func TestExpiryIsAnnouncedTwiceAndThenHappens(t *testing.T) {
	ctx := context.Background()
	short := ladderOfSteps()
	short.LotMonths = 1 // to the end of April
	w := newWorld(t, short)
	w.ended(w.take(w.paid("PAY-1", 100)), rewards.Issued, 180)
	announced := func(want ...int) {
		t.Helper()
		all, err := w.Announcements(ctx, "M-1", 0, 10)
		must(t, err)
		var days []int
		for _, a := range all {
			days = append(days, a.Days)
			if a.Amount != 180 || a.Expiry.String() != "2026-04" {
				t.Errorf("announced is %+v", a)
			}
		}
		if fmt.Sprint(days) != fmt.Sprint(want) {
			t.Errorf("on %s announced are %v, want %v", day(w.clock.Now()), days, want)
		}
	}
	w.nextDays(20) // March 30
	announced()
	w.nextDays(1)
	announced(30)
	w.nextDays(1)
	announced(30)
	w.nextDays(22) // April 23
	announced(30, 7)
	w.nextDays(7) // April 30, the last day
	announced(30, 7)
	if got := w.account("M-1").Available(); got != 180 {
		t.Errorf("on the last day there are %d points", got)
	}
	w.nextDays(1)
	if a := w.account("M-1"); len(a.Lots) != 0 {
		t.Errorf("after the month there is %+v", a.Lots)
	}
	announced(30, 7)
	w.nextDays(1) // nothing is left to expire
	if o := w.Cancel(ctx, "PAY-1", "long after"); o.Err != nil || o.Record.Debt != 0 {
		t.Errorf("a cancellation after expiry ended with %+v", o)
	}
}

func TestAnExpiryThatWasMissedIsAnnouncedLate(t *testing.T) {
	short := ladderOfSteps()
	short.LotMonths = 1
	w := newWorld(t, short)
	w.ended(w.take(w.paid("PAY-1", 100)), rewards.Issued, 180)
	w.nextDays(45) // April 24: both were due and no night was run
	all, err := w.Announcements(context.Background(), "M-1", 0, 10)
	must(t, err)
	if len(all) != 1 || all[0].Days != 7 {
		t.Errorf("announced is %+v, want the later one", all)
	}
}

func TestALadderThatMakesNoSenseIsRefused(t *testing.T) {
	for name, change := range map[string]func(rewards.Ladder) rewards.Ladder{
		"no tier":              func(rewards.Ladder) rewards.Ladder { return rewards.Ladder{} },
		"nobody at the bottom": func(l rewards.Ladder) rewards.Ladder { l[0].From = 1; return l },
		"one code twice":       func(l rewards.Ladder) rewards.Ladder { l[1].Code = l[0].Code; return l },
		"out of order":         func(l rewards.Ladder) rewards.Ladder { l[2].From = l[1].From; return l },
		"lower limits":         func(l rewards.Ladder) rewards.Ladder { l[1].Limits = 99; return l },
	} {
		if err := change(rewards.DefaultLadder()).Validate(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	must(t, rewards.DefaultLadder().Validate())
}

// More accounts than one page, on a ledger that is read and written at once.
func TestEverybodysPointsExpire(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	l, err := openEmbedded(dir)
	must(t, err)
	defer l.Close()
	w := newWorld(t)
	w.Close()
	w.clock.Set(time.Now())
	w.ledger = &faulty{Ledger: l}
	today := day(time.Now())
	w.give(&ledger.Initialise{Hub: "EPT", Window: today})
	const accounts = 1100
	commands := make([]ledger.Command, accounts)
	for i := range commands {
		account := ledger.Account{byte(i >> 8), byte(i), 1}
		commands[i] = ledger.Command{ID: ledger.NewID(time.Now(), [10]byte{byte(i >> 8), byte(i), 9}), Body: &ledger.Issue{Account: account, Amount: 7, Expiry: today.Month()}}
	}
	_, err = w.ledger.Submit(ctx, utility, commands...)
	must(t, err)
	w.start()
	w.nextDays(40)
	balances := map[string]int64{}
	must(t, l.Balances(ctx, "EPT", func(b ledger.Balance) error { balances[b.Account] = b.Amount; return nil }))
	if balances["expired"] != 7*accounts || balances["issued"] != -7*accounts || len(balances) != accounts+2 {
		t.Errorf("%d accounts; %d issued, %d expired, want all %d", len(balances), balances["issued"], balances["expired"], 7*accounts)
	}
}
