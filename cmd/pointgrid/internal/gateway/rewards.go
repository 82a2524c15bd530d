package gateway

import (
	"context"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// buildRewards makes the service by which members earn.
func (g *Gateway) buildRewards(ctx context.Context) error {
	accountKey, err := g.home.AccountKey(g.around.Random)
	if err != nil {
		return err
	}
	o := rewardOptions(&g.config.Rewards)
	o.Ledger, o.Identity, o.Store = g.traces.ledger(g.Ledger), ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, g.Store
	o.AccountKey, o.Day, o.Now, o.Logger = accountKey, g.calendar.Date, g.Clock.Now, g.around.Logger
	g.Rewards, err = rewards.New(ctx, o)
	return err
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
