package gateway

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
)

// settlementMetrics ask the store when metrics are read.
type settlementMetrics struct {
	count, oldest *prometheus.Desc
	calendar      calendar.CutOff
	now           func() time.Time // the alliance's clock
	around        Surroundings
	unsettled     func(ctx context.Context, limit int) ([]*settlement.Settlement, error)
}

func newSettlementMetrics(around Surroundings, c calendar.CutOff, now func() time.Time,
	unsettled func(context.Context, int) ([]*settlement.Settlement, error)) *settlementMetrics {
	state := []string{"state"}
	return &settlementMetrics{calendar: c, now: now, around: around, unsettled: unsettled,
		count:  prometheus.NewDesc("pointgrid_settlements_unsettled", "Settlements that are not settled, by how far they have come.", state, nil),
		oldest: prometheus.NewDesc("pointgrid_settlement_oldest_seconds", "Time since the end of the oldest window that stands there, 0 without any.", state, nil)}
}

// Describe implements [prometheus.Collector].
func (m *settlementMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.count
	out <- m.oldest
}

// countedMax bounds how many settlements are counted; the oldest come first.
const countedMax = 10_000

// Collect implements [prometheus.Collector]. A store that does not answer leaves
// its part out.
func (m *settlementMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
	defer cancel()
	all, err := m.unsettled(ctx, countedMax)
	if err != nil {
		m.around.Logger.Warn("metrics of settlements could not be read", "error", err)
		return
	}
	counts, oldest := map[settlement.State]int{}, map[settlement.State]time.Duration{}
	for _, s := range all {
		counts[s.State]++
		oldest[s.State] = max(oldest[s.State], m.now().Sub(m.calendar.Start(s.Window+1)))
	}
	for _, state := range settlement.States() {
		if state != settlement.Settled {
			out <- prometheus.MustNewConstMetric(m.count, prometheus.GaugeValue, float64(counts[state]), string(state))
			out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, oldest[state].Seconds(), string(state))
		}
	}
}
