package gateway

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/mall"
)

// fulfilments are buckets in seconds, from a bill credit to goods that are sent.
var fulfilments = []float64{.01, .05, .1, .5, 1, 5, 30, 120, 900, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 14 * 86400}

// mallMetrics count orders and returns as they end, and ask the mall for the rest when
// metrics are read.
type mallMetrics struct {
	ended           *prometheus.HistogramVec
	escalated       *prometheus.CounterVec
	soldOut         *prometheus.CounterVec
	underWay, stuck *prometheus.Desc
	around          Surroundings
	mall            selling
}

// selling is what metrics ask of the mall.
type selling interface {
	UnderWay() int
	Orders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error)
}

func newMallMetrics(around Surroundings) *mallMetrics {
	m := &mallMetrics{around: around,
		ended: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_mall_seconds",
			Help: "Orders by kind of product and returns (without a kind) by how they ended, with the time since they were asked for.", Buckets: fulfilments},
			[]string{"what", "kind", "outcome"}),
		escalated: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_mall_escalated_total",
			Help: "Orders and returns that were put on the operator's list."}, []string{"what", "kind"}),
		soldOut: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_mall_sold_out_total",
			Help: "Orders that were not made because less was on stock than was asked for."}, []string{"kind"}),
		underWay: prometheus.NewDesc("pointgrid_mall_under_way", "Orders and returns in the hands of this process.", nil, nil),
		stuck:    prometheus.NewDesc("pointgrid_mall_operator_orders", "Orders on the operator's list, at most 200.", nil, nil),
	}
	for _, k := range mall.Kinds() { // so that a rate is known from the first on
		m.ended.WithLabelValues("order", string(k), string(mall.EndingFulfilled))
		m.ended.WithLabelValues("order", string(k), string(mall.EndingCancelled))
		m.escalated.WithLabelValues("order", string(k))
		if k.Stocked() {
			m.soldOut.WithLabelValues(string(k))
		}
	}
	m.ended.WithLabelValues("return", "", string(mall.EndingReturned))
	m.escalated.WithLabelValues("return", "")
	return m
}

func (m *mallMetrics) observe(o mall.Observation) {
	switch o.Ending {
	case mall.EndingEscalated:
		m.escalated.WithLabelValues(o.What, string(o.Kind)).Inc()
	case mall.EndingSoldOut:
		m.soldOut.WithLabelValues(string(o.Kind)).Inc()
	default:
		m.ended.WithLabelValues(o.What, string(o.Kind), string(o.Ending)).Observe(o.Took.Seconds())
	}
}

// Describe implements [prometheus.Collector].
func (m *mallMetrics) Describe(out chan<- *prometheus.Desc) {
	m.ended.Describe(out)
	m.escalated.Describe(out)
	m.soldOut.Describe(out)
	out <- m.underWay
	out <- m.stuck
}

// listed bounds the orders that are counted.
const listed = 200

// Collect implements [prometheus.Collector]. A store that does not answer leaves its
// part out.
func (m *mallMetrics) Collect(out chan<- prometheus.Metric) {
	m.ended.Collect(out)
	m.escalated.Collect(out)
	m.soldOut.Collect(out)
	gauge := func(d *prometheus.Desc, v float64) { out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(m.underWay, float64(m.mall.UnderWay()))
	ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
	defer cancel()
	all, err := m.mall.Orders(ctx, mall.OrderFilter{Escalated: true, Limit: listed})
	if err != nil {
		m.around.Logger.Warn("metrics of the mall could not be read", "error", err)
		return
	}
	gauge(m.stuck, float64(len(all)))
}
