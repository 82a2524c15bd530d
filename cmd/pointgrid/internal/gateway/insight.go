package gateway

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/web/console"
)

// buildInsight makes what counts for marketing. It reads the projection, and is
// nothing without it.
func (g *Gateway) buildInsight(context.Context) error {
	if !g.config.Projection.Enabled {
		return nil
	}
	value, err := g.config.Rewards.Value()
	if err != nil {
		return err
	}
	g.Insight = insight.NewService(g.Store, value)
	g.Counter = insight.NewCounter(insight.Options{Records: g.Store, Store: g.Store, Shop: shop.Client, Day: g.calendar.Date, Begins: g.calendar.Start,
		Now: g.Clock.Now, Timer: g.around.Now, Logger: g.around.Logger})
	g.metrics.registry.MustRegister(insightAge(g.Counter))
	return nil
}

func insightAge(c *insight.Counter) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_insight_age_seconds",
		Help: "Time since all transfers had been counted for marketing; 0 where nothing is counted."}, func() float64 { return c.Age().Seconds() })
}

// marketing is what the console's pages for marketing need; nil has none.
func (g *Gateway) marketing() *console.Marketing {
	if g.Insight == nil {
		return nil
	}
	return &console.Marketing{Insight: g.Insight, Rules: g.Rewards, Products: g.Store}
}
