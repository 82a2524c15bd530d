package gateway

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/rewards"
)

// rewardMetrics count events as they end, and ask the service for what has not
// ended when metrics are read.
type rewardMetrics struct {
	events                      *prometheus.HistogramVec
	rounds                      prometheus.Histogram
	points                      *prometheus.CounterVec
	waiting, unfinished, oldest *prometheus.Desc
	around                      Surroundings
	now                         func() time.Time // the alliance's clock
	service                     earning
}

// earning is what metrics ask of the service.
type earning interface {
	Waiting() int64
	Unfinished(ctx context.Context, limit int) ([]*rewards.Record, error)
}

func newRewardMetrics(around Surroundings, now func() time.Time) *rewardMetrics {
	m := &rewardMetrics{around: around, now: now,
		events: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_reward_event_seconds",
			Help: "Events by how they ended, with the time of the call that reported or cancelled them.", Buckets: latencies}, []string{"outcome"}),
		rounds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pointgrid_reward_round_seconds",
			Help: "Rounds of events that are decided, stored and given to the ledger together.", Buckets: latencies}),
		points: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_reward_points_total",
			Help: "Points issued for events (the part that filled debts among them), that part, points taken back, and points that became a debt because they were spent."}, []string{"what"}),
		waiting:    prometheus.NewDesc("pointgrid_reward_waiting_events", "Events that wait for a round.", nil, nil),
		unfinished: prometheus.NewDesc("pointgrid_reward_unfinished_events", "Events for which the ledger has not answered, at most 10,000; those in the round under way among them.", nil, nil),
		oldest:     prometheus.NewDesc("pointgrid_reward_oldest_unfinished_seconds", "Time since the oldest of them was asked for, 0 without any.", nil, nil),
	}
	for _, e := range rewards.Endings() {
		m.events.WithLabelValues(string(e)) // so that a rate is known from the first on
	}
	for _, what := range []string{"issued", "filled", "taken_back", "debt"} {
		m.points.WithLabelValues(what)
	}
	return m
}

func (m *rewardMetrics) watch(s earning) { m.service = s }

func (m *rewardMetrics) answered(e rewards.Ending, events int, took time.Duration) {
	h := m.events.WithLabelValues(string(e))
	for range events {
		h.Observe(took.Seconds())
	}
}

func (m *rewardMetrics) rounded(r rewards.Round) {
	m.rounds.Observe(r.Took.Seconds())
	for what, points := range map[string]int64{"issued": r.Issued, "filled": r.Filled, "taken_back": r.Taken, "debt": r.Debt} {
		m.points.WithLabelValues(what).Add(float64(points))
	}
}

// Describe implements [prometheus.Collector].
func (m *rewardMetrics) Describe(out chan<- *prometheus.Desc) {
	m.events.Describe(out)
	m.rounds.Describe(out)
	m.points.Describe(out)
	for _, d := range []*prometheus.Desc{m.waiting, m.unfinished, m.oldest} {
		out <- d
	}
}

// Collect implements [prometheus.Collector]. A store that does not answer leaves
// its part out.
func (m *rewardMetrics) Collect(out chan<- prometheus.Metric) {
	m.events.Collect(out)
	m.rounds.Collect(out)
	m.points.Collect(out)
	gauge := func(d *prometheus.Desc, v float64) { out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(m.waiting, float64(m.service.Waiting()))
	ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
	defer cancel()
	all, err := m.service.Unfinished(ctx, countedMax)
	if err != nil {
		m.around.Logger.Warn("metrics of rewards could not be read", "error", err)
		return
	}
	oldest := time.Duration(0)
	for _, r := range all {
		oldest = max(oldest, m.now().Sub(time.UnixMilli(r.Asked())))
	}
	gauge(m.unfinished, float64(len(all)))
	gauge(m.oldest, oldest.Seconds())
}
