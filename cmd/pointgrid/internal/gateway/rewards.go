package gateway

import (
	"context"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// buildRewards makes the service by which members earn.
func (g *Gateway) buildRewards(ctx context.Context) (err error) {
	o := rewardOptions(&g.config.Rewards)
	o.Ledger, o.Identity, o.Store = g.traces.ledger(g.Ledger), ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, g.Store
	o.Members, o.Day, o.Now, o.Logger = g.Members, g.calendar.Date, g.Clock.Now, g.around.Logger
	o.Besides = g.bonusTotals
	m := newRewardMetrics(g.around, g.Clock.Now)
	o.Timer, o.Answered, o.Rounded = g.around.Now, m.answered, m.rounded
	if g.Rewards, err = rewards.New(ctx, o); err != nil {
		return err
	}
	m.watch(g.Rewards)
	g.metrics.registry.MustRegister(m)
	return nil
}

// rewardOptions are those that are configured; what is not has its default.
func rewardOptions(c *config.Rewards) (o rewards.Options) {
	o.GraceDays = c.GraceDays
	for _, name := range c.Channels {
		o.Channels = append(o.Channels, rewards.Channel(name))
	}
	for _, t := range c.Tiers {
		o.Ladder = append(o.Ladder, rewards.Tier{Code: t.Code, Name: t.Name, NameZH: t.NameZH, From: t.From,
			Privileges: rewards.Privileges{ConversionBonus: t.ConversionBonus, Limits: t.Limits, Shelf: t.Shelf, Fast: t.Fast}})
	}
	return o
}

// runRewardsNight reviews tiers and expires points, once for each business day,
// after its window has been opened. A failure is tried again.
func (g *Gateway) runRewardsNight(ctx context.Context) {
	if err := g.Rewards.RunNight(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("the night of the rewards failed and will be tried again", "error", err)
	}
}

// allowances are those of members by their tier; nil, which costs nothing, when
// everybody may use the whole of what agreements allow.
func (g *Gateway) allowances() exchange.Allowances {
	if g.config.Exchange.DayShare >= 100 {
		return nil
	}
	return &tierAllowances{base: g.config.Exchange.DayShare, privileges: func(ctx context.Context, member string) (rewards.Privileges, error) {
		return g.Rewards.Privileges(ctx, member) // which is built after the exchange, and before anything is served
	}}
}

// tierAllowances raises a share of the daily caps by the limits of a member's tier.
type tierAllowances struct {
	base       int64 // percent, of somebody whose limits are 100 %
	privileges func(ctx context.Context, member string) (rewards.Privileges, error)
}

// DayShare implements [exchange.Allowances]. Percent of percent are
// ten-thousandths, so nothing is rounded.
func (a *tierAllowances) DayShare(ctx context.Context, member string) (int64, error) {
	p, err := a.privileges(ctx, member)
	return min(a.base*p.Limits, exchange.WholeShare), err
}
