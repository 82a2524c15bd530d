package rewards_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/rewards"
)

func TestWhatAnEventEarns(t *testing.T) {
	capped, campaign, gold := ladderOfSteps(), ladderOfSteps(), ladderOfSteps()
	capped.Code, capped.DayCap = "capped", 100
	campaign.Code, campaign.From, campaign.Until, campaign.Fixed = "campaign", 1000, 2000, 7
	gold.Code, gold.Tiers, gold.Segments, gold.Steps = "gold", []string{"gold"}, []string{"residential"}, []rewards.Step{{From: 0, PerYuan: ratio("3")}}
	old := ladderOfSteps()
	old.Steps = []rewards.Step{{From: 0, PerYuan: ratio("9")}}
	event := func(channel rewards.Channel, fen int64) rewards.Event {
		return rewards.Event{Kind: rewards.Prepayment, Channel: channel, Amount: fen, OccurredAt: 500}
	}
	inCampaign := event("counter", 100)
	inCampaign.OccurredAt = 1000
	atItsEnd := inCampaign
	atItsEnd.OccurredAt = 2000
	golden := event("counter", 10_00)
	golden.Segment = "residential"
	for _, c := range []struct {
		name   string
		rule   rewards.Terms
		event  rewards.Event
		tier   string
		before int64
		points int64
		step   int
		lost   string
		why    string
	}{
		{"the first step", ladderOfSteps(), event("counter", 99_99), "standard", 0, 99, 1, "0.99", ""},
		{"the second begins at its amount", ladderOfSteps(), event("counter", 100_00), "standard", 0, 120, 2, "0", ""},
		{"the highest counts for all of it", ladderOfSteps(), event("counter", 1000_00), "standard", 0, 1500, 3, "0", ""},
		{"the channel multiplies before rounding", ladderOfSteps(), event("app", 33_33), "standard", 0, 49, 1, "0.995", ""},
		{"a channel that is not named has one", ladderOfSteps(), event("bank", 50_00), "standard", 0, 50, 1, "0", ""},
		{"less than a point is nothing", ladderOfSteps(), event("counter", 99), "standard", 0, 0, 1, "0.99", rewards.NothingRounding},
		{"nothing paid is nothing", ladderOfSteps(), event("counter", 0), "standard", 0, 0, 1, "0", rewards.NothingToGive},
		{"the largest payment fits", ladderOfSteps(), event("app", 10_000_000_000), "standard", 0, 225_000_000, 3, "0", ""},
		{"below the cap", capped, event("counter", 40_00), "standard", 60, 40, 1, "0", ""},
		{"cut by the cap", capped, event("counter", 60_00), "standard", 60, 40, 1, "0", ""},
		{"at the cap", capped, event("counter", 60_00), "standard", 100, 0, 1, "0", rewards.NothingDayCap},
		{"above the cap, which was higher once", capped, event("counter", 60_00), "standard", 500, 0, 1, "0", rewards.NothingDayCap},
		{"before a campaign", campaign, event("counter", 100), "standard", 0, 0, 0, "0", rewards.NothingNoRule},
		{"a campaign adds fixed points", campaign, inCampaign, "standard", 0, 8, 1, "0", ""},
		{"the end of a campaign is not in it", campaign, atItsEnd, "standard", 0, 0, 0, "0", rewards.NothingNoRule},
		{"a tier and segment that are meant", gold, golden, "gold", 0, 30, 1, "0", ""},
		{"another tier", gold, golden, "silver", 0, 0, 0, "0", rewards.NothingNoRule},
		{"another segment", gold, event("counter", 10_00), "gold", 0, 0, 0, "0", rewards.NothingNoRule},
		{"another kind", ladderOfSteps(), rewards.Event{Kind: rewards.Feedback, Channel: "app", Amount: 9999, OccurredAt: 500}, "gold", 0, 0, 0, "0", rewards.NothingNoRule},
	} {
		t.Run(c.name, func(t *testing.T) {
			book := rewards.NewBook([]rewards.Rule{
				{Terms: old, Version: 1, State: rewards.Approved, Maker: "another version"},
				{Terms: ladderOfSteps(), Version: 3, State: rewards.Proposed},
				{Terms: c.rule, Version: 2, State: rewards.Approved}})
			if c.rule.Code != old.Code {
				book = rewards.NewBook([]rewards.Rule{{Terms: c.rule, Version: 2, State: rewards.Approved}})
			}
			x := book.Points(&c.event, c.tier, func(string) int64 { return c.before })
			if x.Points != c.points || x.Step != c.step || x.LostText() != c.lost || x.Nothing != c.why {
				t.Errorf("it earns %d by step %d, loses %s, %q; want %d by step %d, %s, %q: %+v",
					x.Points, x.Step, x.LostText(), x.Nothing, c.points, c.step, c.lost, c.why, x)
			}
			if x.Points != x.Whole-x.Cut {
				t.Errorf("%d points are not %d less %d", x.Points, x.Whole, x.Cut)
			}
			if x.Rule != "" && x.RuleID() != c.rule.Code+".2" {
				t.Errorf("it was by %s, want version 2 of %s", x.RuleID(), c.rule.Code)
			}
		})
	}
}

func TestTheRuleThatGivesMostCounts(t *testing.T) {
	small, large, capped := ladderOfSteps(), ladderOfSteps(), ladderOfSteps()
	small.Code, large.Code, capped.Code = "small", "large", "capped"
	large.Steps = []rewards.Step{{PerYuan: ratio("2")}}
	capped.Steps, capped.DayCap = []rewards.Step{{PerYuan: ratio("100")}}, 10
	book := rewards.NewBook([]rewards.Rule{{Terms: small, Version: 1, State: rewards.Approved},
		{Terms: large, Version: 1, State: rewards.Approved}, {Terms: capped, Version: 1, State: rewards.Approved}})
	e := rewards.Event{Kind: rewards.Prepayment, Channel: "counter", Amount: 100_00}
	earned := map[string]int64{"large": 400}
	if x := book.Points(&e, "standard", func(code string) int64 { return earned[code] }); x.Rule != "large" || x.Points != 200 || x.Before != 0 {
		t.Errorf("it was %+v, want 200 by the rule large", x)
	}
}

func TestARatioIsExact(t *testing.T) {
	for text, want := range map[string]rewards.Ratio{"1": 10_000, "0": 0, "1.5": 15_000, "0.0001": 1, "9999.9999": 99_999_999, "1.50": 15_000} {
		if r, err := rewards.ParseRatio(text); err != nil || r != want {
			t.Errorf("%s is %d, %v, want %d", text, int64(r), err, int64(want))
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "01", "1.00001", "10000", " 1", "1,5", "١"} {
		if r, err := rewards.ParseRatio(text); err == nil {
			t.Errorf("%q is taken for %s", text, r)
		}
	}
	for _, r := range []rewards.Ratio{0, 1, 10, 10_000, 12_345, 99_999_999} {
		if back, err := rewards.ParseRatio(r.String()); err != nil || back != r {
			t.Errorf("%d is written %s and read %d, %v", int64(r), r, int64(back), err)
		}
	}
}
