package sandbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// rulesBegan is how long before a sandbox's beginning its rules came into force.
const rulesBegan = 500 * 24 * time.Hour

// RewardRules returns the rules of a plausible utility, in force since an instant:
// channels that cost the utility little earn more.
func RewardRules(since time.Time) []rewards.Terms {
	ratio := func(s string) rewards.Ratio {
		r, err := rewards.ParseRatio(s)
		if err != nil {
			panic(err) // a constant of this package
		}
		return r
	}
	channels := map[rewards.Channel]rewards.Ratio{"app": ratio("1.5"), "mini_program": ratio("1.4"), "website": ratio("1.2"),
		"bank": ratio("1.1"), "agent": ratio("1"), "counter": ratio("1")}
	rule := func(code, name string, kind rewards.Kind) rewards.Terms {
		return rewards.Terms{Code: code, Name: name, Kind: kind, From: since.UnixMilli(), LotMonths: 24}
	}
	prepayment := rule("prepayment", "预存电费阶梯 Prepayment steps", rewards.Prepayment)
	prepayment.Channels, prepayment.DayCap = channels, 5_000
	prepayment.Steps = []rewards.Step{{From: 0, PerYuan: ratio("0.5")}, {From: 100_00, PerYuan: ratio("1")},
		{From: 500_00, PerYuan: ratio("1.2")}, {From: 1000_00, PerYuan: ratio("1.5")}}
	onTime := rule("bill-on-time", "按时缴费 Bill paid on time", rewards.BillOnTime)
	onTime.Fixed, onTime.Channels, onTime.DayCap = 20, channels, 60
	feedback := rule("feedback", "用电反馈 Feedback", rewards.Feedback)
	feedback.Fixed, feedback.DayCap = 10, 30
	goodwill := rule("goodwill", "停电致歉 Goodwill", rewards.Goodwill)
	goodwill.Fixed, goodwill.DayCap, goodwill.LotMonths = 100, 200, 12
	double := rule("summer-peak", "迎峰度夏 Saving at peak hours", rewards.Campaign)
	double.Fixed, double.DayCap, double.Segments = 50, 100, []string{"residential"}
	return []rewards.Terms{prepayment, onTime, feedback, goodwill, double}
}

// enactRules stores the rules as if they had been approved before they began.
func enactRules(ctx context.Context, store rewards.Store, now time.Time) error {
	since := now.Add(-rulesBegan)
	for _, t := range RewardRules(since) {
		at := since.Add(-time.Hour).UnixMilli()
		r := rewards.Rule{Terms: t, Version: 1, State: rewards.Approved, Maker: UtilityClient, ProposedAt: at, Checker: CheckerClient, DecidedAt: at}
		if err := t.Validate(rewards.DefaultLadder(), rewards.DefaultChannels()); err != nil {
			return err
		}
		if err := store.AddRewardRule(ctx, &r); err != nil {
			return err
		}
	}
	return nil
}

// seedRewards puts the rules in force and registers the members.
func (s *Seeding) seedRewards(ctx context.Context, store rewards.Store, day func(time.Time) ledger.Date) (*rewards.Service, error) {
	if err := enactRules(ctx, store, s.Now()); err != nil {
		return nil, err
	}
	service, err := rewards.New(ctx, rewards.Options{Ledger: s.Ledger, Identity: ledger.Identity{MSP: s.MSP, Subject: "sandbox"}, Store: store,
		Members: s.Registry, Day: day, Now: s.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	var numbers []string
	for n := 1; n <= s.Members; n++ {
		numbers = append(numbers, Member(n))
	}
	_, err = service.Register(ctx, numbers)
	return service, err
}
