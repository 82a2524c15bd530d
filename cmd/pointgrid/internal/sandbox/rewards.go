package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// rulesBegan is how long before a sandbox's beginning its rules came into force.
const rulesBegan = 400 * 24 * time.Hour

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

// seedRewards puts the rules in force, registers the members, and lets them earn
// by so many events of the last six months.
func (s *Seeding) seedRewards(ctx context.Context, store rewards.Store, day func(time.Time) ledger.Date, events int) error {
	if err := enactRules(ctx, store, s.Now()); err != nil {
		return err
	}
	service, err := rewards.New(ctx, rewards.Options{Ledger: s.Ledger, Identity: ledger.Identity{MSP: s.MSP, Subject: "sandbox"}, Store: store,
		Members: s.Registry, Day: day, Now: s.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	var numbers []string
	for n := 1; n <= s.Members; n++ {
		numbers = append(numbers, Member(n))
	}
	if _, err := service.Register(ctx, numbers); err != nil || events == 0 || s.Members == 0 {
		return err
	}
	if err := service.Start(ctx); err != nil {
		return err
	}
	defer service.Close()
	return s.earn(ctx, service, events)
}

// earn reports events, a thousand at a time. One in fifty is cancelled.
func (s *Seeding) earn(ctx context.Context, service *rewards.Service, events int) error {
	source := NewEvents(2026, s.Now(), s.Members)
	for events > 0 {
		batch := make([]rewards.Event, min(events, 1000))
		for i := range batch {
			batch[i] = source.Next()
		}
		for i, o := range service.Take(ctx, batch) {
			if o.Err != nil {
				return fmt.Errorf("event %s: %w", batch[i].ID, o.Err)
			}
			if i%50 != 49 {
				continue
			}
			if o := service.Cancel(ctx, batch[i].ID, "payment returned by the bank"); o.Err != nil {
				return fmt.Errorf("cancel event %s: %w", batch[i].ID, o.Err)
			}
		}
		events -= len(batch)
	}
	return nil
}

// Events makes events of a plausible half year: the same ones for the same seed,
// time and number of members.
type Events struct {
	random  *rand.Rand
	now     time.Time
	members int
	serial  int
}

// NewEvents returns a generator of events before an instant.
func NewEvents(seed uint64, now time.Time, members int) *Events {
	return &Events{random: rand.New(rand.NewPCG(seed, uint64(members))), now: now, members: members}
}

// Next returns the next event.
func (e *Events) Next() rewards.Event {
	e.serial++
	kind, amount := e.kind()
	back := time.Duration(e.random.Int64N(int64(180 * 24 * time.Hour)))
	return rewards.Event{ID: fmt.Sprintf("SEED-%06d", e.serial), Member: Member(1 + e.random.IntN(e.members)), Kind: kind, Channel: e.channel(),
		Contract: fmt.Sprintf("3301-%05d", e.random.IntN(100_000)), Segment: e.segment(), OccurredAt: e.now.Add(-back).UnixMilli(), Amount: amount}
}

// kind draws what happened and how much was paid, in fen: mostly round prepayments.
func (e *Events) kind() (rewards.Kind, int64) {
	switch n := e.random.IntN(100); {
	case n < 55:
		return rewards.Prepayment, []int64{50_00, 100_00, 100_00, 200_00, 300_00, 500_00, 1000_00, 88_88}[e.random.IntN(8)]
	case n < 85:
		return rewards.BillOnTime, 40_00 + e.random.Int64N(260_00)
	case n < 93:
		return rewards.Feedback, 0
	case n < 95:
		return rewards.Goodwill, 0
	}
	return rewards.Campaign, 0
}

func (e *Events) channel() rewards.Channel {
	return []rewards.Channel{"app", "app", "app", "app", "mini_program", "mini_program", "website", "bank", "agent", "counter"}[e.random.IntN(10)]
}

func (e *Events) segment() string {
	return []string{"residential", "residential", "residential", "residential", "small_business"}[e.random.IntN(5)]
}
