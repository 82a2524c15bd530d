package rewards_test

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"pgregory.net/rapid"
)

// drawTerms draws terms of a rule that are valid.
func drawTerms(t *rapid.T, code string) rewards.Terms {
	terms := rewards.Terms{Code: code, Name: "n", Kind: rewards.Prepayment, LotMonths: rapid.IntRange(1, 120).Draw(t, "months"),
		Fixed: rapid.Int64Range(0, 50).Draw(t, "fixed"), DayCap: rapid.SampledFrom([]int64{0, 1, 40, 500}).Draw(t, "cap")}
	from, rate := int64(0), rewards.Ratio(0)
	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		rate += rewards.Ratio(rapid.IntRange(0, 30_000).Draw(t, "rate"))
		terms.Steps = append(terms.Steps, rewards.Step{From: from, PerYuan: rate})
		from += rapid.Int64Range(1, 100_00).Draw(t, "from")
	}
	if rapid.Bool().Draw(t, "channels") {
		terms.Channels = map[rewards.Channel]rewards.Ratio{"app": rewards.Ratio(rapid.IntRange(0, 50_000).Draw(t, "factor"))}
	}
	return terms
}

// Points are worked out again with rational numbers: what is given, what is lost
// and what is cut make up exactly what the rule says.
func TestPointsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t, "rule")
		e := rewards.Event{Kind: rewards.Prepayment, Channel: rapid.SampledFrom(rewards.DefaultChannels()).Draw(t, "channel"),
			Amount: rapid.OneOf(rapid.Int64Range(0, 2000_00), rapid.Int64Range(0, 10_000_000_000)).Draw(t, "amount")}
		before := rapid.Int64Range(0, 600).Draw(t, "before")
		x := rewards.NewBook([]rewards.Rule{{Terms: terms, Version: 1, State: rewards.Approved}}).Points(&e, "", func(string) int64 { return before })
		rate := new(big.Rat)
		for _, s := range terms.Steps {
			if s.From <= e.Amount {
				rate.SetFrac64(int64(s.PerYuan), 10_000)
			}
		}
		exact := new(big.Rat).Mul(rate, big.NewRat(e.Amount, 100))
		exact.Add(exact, big.NewRat(terms.Fixed, 1))
		if f, ok := terms.Channels[e.Channel]; ok {
			exact.Mul(exact, big.NewRat(int64(f), 10_000))
		}
		explained := new(big.Rat).Add(big.NewRat(x.Whole, 1), big.NewRat(x.Lost, 10_000_000_000))
		if exact.Cmp(explained) != 0 || x.Points+x.Cut != x.Whole || x.Points < 0 || x.Cut < 0 {
			t.Fatalf("the rule gives %s; explained are %+v", exact.FloatString(12), x)
		}
		if terms.DayCap > 0 && x.Points > max(terms.DayCap-before, 0) {
			t.Fatalf("%d after %d exceeds the cap of %d", x.Points, before, terms.DayCap)
		}
		if (x.Points == 0) != (x.Nothing != "") {
			t.Fatalf("%d points and the reason %q for none", x.Points, x.Nothing)
		}
	})
}

// A history of events, cancellations and spending keeps the laws of money: what is
// on the ledger is what the explanations say, no cap is exceeded, no balance is
// negative, and when everything is cancelled what was not spent is as it was.
func TestMoneyLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := []rewards.Terms{drawTerms(t, "one"), drawTerms(t, "two")}
		w := newWorld(t, terms...)
		defer w.Close()
		h := &earning{T: t, world: w, spent: map[string]int64{}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			h.step()
			h.check(terms)
		}
		h.cancelAll()
	})
}

type earning struct {
	*rapid.T
	world  *world
	events []rewards.Event
	spent  map[string]int64
}

func (h *earning) step() {
	member := fmt.Sprintf("M-%d", rapid.IntRange(1, 2).Draw(h.T, "member"))
	switch rapid.IntRange(0, 9).Draw(h.T, "what") {
	case 0, 1:
		h.spend(member)
	case 2, 3:
		id := name(rapid.IntRange(0, len(h.events)+1).Draw(h.T, "cancelled"))
		if o := h.world.Cancel(context.Background(), id, "law"); o.Err != nil || o.Record.State != rewards.Cancelled {
			h.Fatalf("cancelling %s ended with %+v", id, o)
		}
	default:
		var batch []rewards.Event
		for range rapid.IntRange(1, 4).Draw(h.T, "batch") {
			e := h.world.paid(name(len(h.events)), 0)
			e.Member, e.Amount = member, rapid.Int64Range(0, 300_00).Draw(h.T, "amount")
			e.OccurredAt -= 86_400_000 * rapid.Int64Range(0, 1).Draw(h.T, "days ago")
			h.events, batch = append(h.events, e), append(batch, e)
		}
		for _, o := range h.world.Take(context.Background(), batch) {
			if o.Err != nil {
				h.Fatalf("taking ended with %v", o.Err)
			}
		}
	}
}

func (h *earning) spend(member string) {
	a := h.world.account(member)
	if a.Available() == 0 {
		return
	}
	n := rapid.Int64Range(1, a.Available()).Draw(h.T, "spent")
	hold := h.world.give(&ledger.Hold{Account: a.Account, Amount: n, To: "mall"})
	h.world.give(&ledger.Post{Account: a.Account, Hold: hold.ID})
	h.spent[member] += n
}

// check compares ledger, records and standings.
func (h *earning) check(terms []rewards.Terms) {
	for _, member := range []string{"M-1", "M-2"} {
		records, err := h.world.History(context.Background(), member, nil, 1000)
		if err != nil {
			h.Fatal(err)
		}
		var sum int64
		byDay := map[rewards.Earned]int64{}
		for _, r := range records {
			if r.State == rewards.Issued {
				if r.Points != r.Explanation.Points {
					h.Fatalf("%d points are explained as %+v", r.Points, r.Explanation)
				}
				sum += r.Points
				byDay[rewards.Earned{Day: r.Day, Code: r.Explanation.Rule}] += r.Points
			}
		}
		for key, points := range byDay {
			for _, rule := range terms {
				if key.Code == rule.Code && rule.DayCap > 0 && points > rule.DayCap {
					h.Fatalf("%d points by %s on %s exceed the cap of %d", points, key.Code, key.Day, rule.DayCap)
				}
			}
		}
		a := h.world.account(member)
		if a.Debt < 0 || a.Available() < 0 || a.Available() > 0 && a.Debt > 0 {
			h.Fatalf("the account has %d and owes %d", a.Available(), a.Debt)
		}
		if a.Available()-a.Debt != sum-h.spent[member] {
			h.Fatalf("the account has %d and owes %d; %d stand and %d were spent", a.Available(), a.Debt, sum, h.spent[member])
		}
		way, err := h.world.Way(context.Background(), member)
		if err != nil || way.Earned != sum {
			h.Fatalf("the standing says %d, %v; the events say %d", way.Earned, err, sum)
		}
	}
	var total int64
	err := h.world.ledger.Balances(context.Background(), "EPT", func(b ledger.Balance) error { total += b.Amount; return nil })
	if err != nil || total != 0 {
		h.Fatalf("all accounts add up to %d, %v", total, err)
	}
}

// cancelAll takes everything back: what was spent is owed, and nothing else is left.
func (h *earning) cancelAll() {
	for _, e := range h.events {
		if o := h.world.Cancel(context.Background(), e.ID, "all"); o.Err != nil {
			h.Fatal(o.Err)
		}
	}
	for member, spent := range map[string]int64{"M-1": h.spent["M-1"], "M-2": h.spent["M-2"]} {
		if a := h.world.account(member); a.Available() != 0 || a.Debt != spent {
			h.Fatalf("after everything was cancelled there are %d points and %d are owed, want 0 and the %d that were spent", a.Available(), a.Debt, spent)
		}
	}
}

func TestCapsHoldWhateverComesTogether(t *testing.T) {
	capped := ladderOfSteps()
	capped.DayCap = 1000
	w := newWorld(t, capped)
	var callers sync.WaitGroup
	for c := range 16 {
		callers.Go(func() {
			var batch []rewards.Event
			for i := range 20 {
				batch = append(batch, w.paid(fmt.Sprintf("PAY-%d-%d", c, i), 10))
			}
			for i, o := range w.Take(context.Background(), batch) {
				if o.Err != nil {
					t.Error(o.Err)
				}
				if i%7 == 3 {
					w.Cancel(context.Background(), batch[i].ID, "some")
				}
			}
		})
	}
	callers.Wait()
	records, err := w.History(context.Background(), "M-1", nil, 1000)
	must(t, err)
	var sum int64
	for _, r := range records {
		if r.State == rewards.Issued {
			sum += r.Points
		}
	}
	if got := w.account("M-1").Available(); sum > 1000 || got != sum || len(records) != 320 {
		t.Errorf("%d events stand for %d points, the account has %d; the cap is 1000", len(records), sum, got)
	}
}
