package bonus_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

func testWorld(t *testing.T) *world {
	t.Helper()
	w, done := newWorld(t, t.TempDir())
	t.Cleanup(done)
	return w
}

func TestAConversionBringsTheBonusOfTheTierThatWasHeld(t *testing.T) {
	w := testWorld(t)
	before := w.convert(0, 1000)
	w.rise(0, "silver")
	silver := w.convert(0, 1050)
	w.rise(0, "gold")
	gold := w.convert(0, 1000)
	w.rise(0, "standard")
	after := w.convert(0, 1000)
	w.catchUp()
	w.rests(before, 0)
	w.rests(silver, 10) // ⌊1050 × 1 %⌋
	w.rests(gold, 20)
	w.rests(after, 0)
	b, err := w.f.Of(context.Background(), gold.ID)
	must(t, err)
	if b.Tier != "gold" || b.BPS != 200 || b.Converted != 1000 || b.Rest() != 20 || b.Moves[0].State != bonus.Done {
		t.Errorf("the bonus is %+v", b)
	}
	if _, err := w.f.Of(context.Background(), before.ID); !errors.Is(err, bonus.ErrNotFound) {
		t.Errorf("a conversion without a bonus: %v", err)
	}
	issued, err := w.ledger.Find(context.Background(), b.Moves[0].Command)
	must(t, err)
	month := ledger.DateOf(w.clock.Now()).Month()
	if want := "conversion bonus tier=gold bps=200 conversion=" + gold.ID.String(); issued.Transfer.Reason != want ||
		!reflect.DeepEqual(issued.Transfer.Lots, []ledger.Lot{{Expiry: month + 24, Amount: 20}}) {
		t.Errorf("the ledger has %+v, want the reason %q", issued.Transfer, want)
	}
	if s := w.samples[len(w.samples)-1]; s.Issued == 0 {
		t.Errorf("nothing was observed: %+v", w.samples)
	}
}

func TestAReversalTakesTheBonusBackInProportion(t *testing.T) {
	w := testWorld(t)
	w.rise(1, "gold")
	c := w.convert(1, 1000)
	w.catchUp()
	for _, step := range []struct{ from, rest int64 }{{300, 16}, {1, 15}, {1, 15}, {450, 9}, {748, 0}} {
		if r := w.reverse(c, step.from); r.Code != ledger.CodeOK {
			t.Fatalf("reversal of %d: %s %s", step.from, r.Code, r.Message)
		}
		w.catchUp()
		w.rests(c, step.rest)
	}
	if a := w.account(1); a.Available() != 0 || a.Debt != 0 {
		t.Errorf("the account has %+v", a)
	}
}

func TestWhatWasReversedBeforeItWasFollowedComesToTheSame(t *testing.T) {
	w := testWorld(t)
	w.rise(1, "gold")
	c := w.convert(1, 1000)
	w.reverse(c, 300)
	whole := w.convert(1, 500)
	w.reverse(whole, 750)
	w.catchUp()
	w.rests(c, 16)
	w.rests(whole, 0)
}

func TestASpentBonusBecomesADebt(t *testing.T) {
	w := testWorld(t)
	w.rise(1, "platinum")
	c := w.convert(1, 1000)
	w.catchUp()
	w.spend(1, 30) // the bonus and no more, which expires later: it takes of the conversion
	if r := w.reverse(c, 1455); r.Code != ledger.CodeOK {
		t.Fatalf("the reversal ended with %s %s", r.Code, r.Message)
	}
	w.spend(1, 30) // what is left of both
	w.catchUp()
	a := w.account(1)
	if a.Available() != 0 || a.Debt != 30-bonus.At(1000-970, 300) {
		t.Errorf("the account has %d and owes %d", a.Available(), a.Debt)
	}
	w.rests(c, 0)
	if s := w.samples[len(w.samples)-1]; s.Debt != a.Debt || s.Taken != 0 {
		t.Errorf("observed was %+v", s)
	}
}

func TestConversionsBetweenPartnersAndOutOfElectricityPointsBringNone(t *testing.T) {
	w := testWorld(t)
	w.rise(2, "platinum")
	source := w.terms(w.in["sky"], 1500)
	cross := w.give(utility, &ledger.CrossConvert{Account: w.member(2), Source: source, Destination: w.terms(w.out["tel"], source.To)})
	w.give(utility, &ledger.Issue{Account: w.member(2), Amount: 300, Expiry: cross.Window.Month() + 1})
	out := w.give(utility, &ledger.ConvertOut{Account: w.member(2), Leg: w.terms(w.out["sky"], 300)})
	w.reverse(out, 150)
	w.reverse(cross, 150)
	w.catchUp()
	if _, entries := w.onLedger(); entries != 0 {
		t.Errorf("the ledger has %d entries of bonuses", entries)
	}
}

func TestAFrozenAccountGetsItsBonusOnceItIsFree(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	c := w.convert(0, 1000)
	w.give(utility, &ledger.Freeze{Account: w.member(0), Frozen: true, Reason: "asked for"})
	w.reverse(c, 150)
	w.catchUp()
	w.rests(c, 0)
	if backlog, err := w.f.Backlog(context.Background()); err != nil || backlog.Moves != 2 || backlog.Oldest != c.At {
		t.Errorf("the backlog is %+v, %v", backlog, err)
	}
	w.give(utility, &ledger.Freeze{Account: w.member(0), Reason: "free"})
	w.catchUp()
	w.rests(c, 18)
	if backlog, err := w.f.Backlog(context.Background()); err != nil || backlog.Moves != 0 {
		t.Errorf("the backlog at the end is %+v, %v", backlog, err)
	}
}

func TestABonusThatExpiredIsNotTakenBack(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	c := w.convert(0, 1000)
	w.catchUp()
	w.give(utility, &ledger.CloseWindow{Window: c.Window, Next: c.Window + 3*365})
	w.reverse(c, 750)
	w.catchUp()
	b, err := w.f.Of(context.Background(), c.ID)
	must(t, err)
	if m := b.Moves[1]; m.State != bonus.Refused || m.Code != string(ledger.CodeLotExpired) || b.Rest() != 20 {
		t.Errorf("the bonus is %+v", b)
	}
}

func TestWhatWasConvertedBeforeItBeganBringsNone(t *testing.T) {
	dir := t.TempDir()
	w, _ := newWorld(t, dir) // which is closed by hand
	w.rise(0, "gold")
	old := w.convert(0, 1000)
	must(t, w.store.Close())
	must(t, w.ledger.Close())

	l, err := openLedger(dir, w.clock)
	must(t, err)
	defer l.Close()
	s, err := openStore(t.TempDir()) // of a gateway that pays none yet
	must(t, err)
	defer s.Close()
	w.ledger, w.store = &faulty{home: l}, &forgetful{Store: s}
	tiers := w.rewardOptions()
	must(t, registered(tiers))
	w.rise(0, "gold")
	w.start()
	w.reverse(old, 150)
	fresh := w.convert(0, 1000)
	w.catchUp()
	w.rests(old, 0)
	w.rests(fresh, 20)
}

func TestFollowingPaysSoonAndItsLagComesToNothing(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.f.Run(ctx) }()
	c := w.convert(0, 1000)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		lag, err := w.f.Lag(ctx)
		must(t, err)
		b, err := w.f.Of(ctx, c.ID)
		if err == nil && b.Moves[0].State == bonus.Done && lag == 0 {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("lag %d, %+v, %v", lag, b, err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("following ended with %v", err)
	}
	w.rests(c, 20)
}

func TestWhoIsForgottenIsOwedNothingMore(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	w.convert(0, 1000)
	w.give(utility, &ledger.Freeze{Account: w.member(0), Frozen: true, Reason: "erasure"})
	w.catchUp()
	must(t, w.f.Erase(context.Background(), &members.Person{Member: members.Member{Number: "M-0", Account: w.member(0)}, Token: "token"}))
	if backlog, err := w.f.Backlog(context.Background()); err != nil || backlog.Moves != 0 {
		t.Errorf("the backlog is %+v, %v", backlog, err)
	}
	w.catchUp()
	if _, entries := w.onLedger(); entries != 0 {
		t.Errorf("the ledger has %d entries of bonuses", entries)
	}
}

// What the utility gives is the utility's: neither position nor what is owed knows.
func TestABonusChangesNothingBetweenCompanies(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "platinum")
	c := w.convert(0, 1000)
	w.reverse(c, 300)
	stand := func() (all []any) {
		alliance, err := w.ledger.Alliance(context.Background())
		must(t, err)
		position, err := w.ledger.Position(context.Background(), "sky", alliance.Window)
		must(t, err)
		partners, err := w.ledger.Partners(context.Background())
		must(t, err)
		return append(all, position, partners)
	}
	before := stand()
	w.catchUp()
	w.rests(c, 24)
	if after := stand(); !reflect.DeepEqual(before, after) {
		t.Errorf("between the companies stands\n%+v, stood\n%+v", after, before)
	}
	sum := int64(0)
	must(t, w.ledger.Balances(context.Background(), "EPT", func(b ledger.Balance) error { sum += b.Amount; return nil }))
	if sum != 0 {
		t.Errorf("all accounts come to %d", sum)
	}
}
