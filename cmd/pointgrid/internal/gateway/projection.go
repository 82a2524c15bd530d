package gateway

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

// errNoBlocks: a home of the ledger that cannot be followed.
var errNoBlocks = errors.New("projection: this home of the ledger does not show its blocks")

// buildProjection makes the follower, if there is to be one.
func (g *Gateway) buildProjection(context.Context) error {
	if !g.config.Projection.Enabled {
		return nil
	}
	blocks, ok := g.Ledger.(ledger.Blocks)
	if !ok {
		return errNoBlocks
	}
	m := newProjectionMetrics()
	g.Projection = projection.New(projection.Options{Blocks: blocks, Store: g.Store, Logger: g.around.Logger,
		Timer: g.around.Now, Observe: m.observe})
	m.register(g.metrics.registry, g.Projection)
	return nil
}

// runProjection follows the ledger until the context ends. What is not applied
// by then is at the next start.
func (g *Gateway) runProjection(ctx context.Context) {
	if err := g.Projection.Run(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("the projection ended and stays as it is until the gateway is started again", "error", err)
	}
}

type projectionMetrics struct {
	rows  prometheus.Histogram
	took  prometheus.Histogram
	total prometheus.Counter
}

func newProjectionMetrics() *projectionMetrics {
	return &projectionMetrics{
		rows: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pointgrid_projection_group_transfers",
			Help: "Transfers applied to the projection in one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 13)}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pointgrid_projection_group_seconds",
			Help: "Time until a group was durable in the projection.", Buckets: latencies}),
		total: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointgrid_projection_transfers_total",
			Help: "Transfers applied to the projection."}),
	}
}

func (m *projectionMetrics) observe(s projection.Sample) {
	m.rows.Observe(float64(s.Rows))
	m.took.Observe(s.Took.Seconds())
	m.total.Add(float64(s.Rows))
}

// register registers what is observed, and what the follower is asked for when
// metrics are read.
func (m *projectionMetrics) register(r *prometheus.Registry, f *projection.Follower) {
	r.MustRegister(m.rows, m.took, m.total,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_projection_height_blocks",
			Help: "Blocks of the ledger that the projection has."}, func() float64 {
			height, _ := f.State()
			return float64(height)
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "pointgrid_projection_faults_total",
			Help: "How often the projection stopped and was tried again."}, func() float64 {
			_, faults := f.State()
			return float64(faults)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_projection_lag_blocks",
			Help: "Blocks that the ledger has and the projection has not; -1 when the ledger does not say."}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
			defer cancel()
			lag, err := f.Lag(ctx)
			if err != nil {
				return -1
			}
			return float64(lag)
		}))
}
