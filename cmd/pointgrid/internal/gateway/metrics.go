package gateway

import (
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are those of the parts below the API, which has its own.
type metrics struct {
	registry    *prometheus.Registry
	ledger      *ledgerMetrics
	calls       *prometheus.HistogramVec
	conversions *prometheus.HistogramVec
	steps       *prometheus.HistogramVec
	breakers    *prometheus.GaugeVec
}

// latencies are buckets in seconds, from a fast fsync to a partner's time-out.
var latencies = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// runtimeMetrics are what Go's own collector leaves out: what the program waits for
// locks, and what collecting garbage costs.
var runtimeMetrics = collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/sync/mutex/wait/total:seconds$|^/cpu/classes/gc/total:cpu-seconds$|^/gc/heap/allocs:(bytes|objects)$`)}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		ledger:   newLedgerMetrics(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_connector_call_seconds",
			Help: "Calls to partners, with the time spent waiting for a free slot.", Buckets: latencies},
			[]string{"partner", "verb", "result"}),
		conversions: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_workflow_seconds",
			Help: "Conversions and reversals by how they ended; status processing: put on the operator's list.", Buckets: latencies},
			[]string{"kind", "source", "destination", "status"}),
	}
	m.steps = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_workflow_step_seconds",
		Help: "Steps of conversions and reversals, with all waiting for partners, ledger and store.", Buckets: latencies},
		[]string{"what", "step", "result"})
	m.breakers = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pointgrid_connector_breaker_open",
		Help: "1 while the circuit breaker of a partner lets no calls through, or tries the first again."}, []string{"partner"})
	m.registry.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(runtimeMetrics)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.calls, m.conversions, m.steps, m.breakers)
	m.registry.MustRegister(m.ledger.all()...)
	return m
}

func (m *metrics) observeCall(o connector.Observation) {
	m.calls.WithLabelValues(o.Partner, string(o.Verb), string(o.Result)).Observe(o.Duration.Seconds())
}

func (m *metrics) observeConversion(o exchange.Observation) {
	m.conversions.WithLabelValues(o.Kind, o.Source, o.Destination, string(o.Status)).Observe(o.Took.Seconds())
}

func (m *metrics) observeStep(w exchange.Work, took time.Duration, err error) {
	result := "done"
	if err != nil {
		result = "laid_down"
	}
	m.steps.WithLabelValues(w.What, string(w.Step), result).Observe(took.Seconds())
}

func (m *metrics) observeBreaker(partner string, open bool) {
	value := 0.0
	if open {
		value = 1
	}
	m.breakers.WithLabelValues(partner).Set(value)
}

// watchExchange shows how much the exchange has in its hands.
func (m *metrics) watchExchange(underWay func() exchange.UnderWay) {
	for what, count := range map[string]func() int{
		"conversion": func() int { return underWay().Conversions }, "reversal": func() int { return underWay().Reversals },
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_workflows_under_way",
			Help:        "Workflows in the hands of this process, those that wait for a partner's word included.",
			ConstLabels: prometheus.Labels{"what": what}}, func() float64 { return float64(count()) }))
	}
}

// randomBelow spreads retries; it need not be secret.
func randomBelow(n int64) int64 { return rand.Int64N(n) }
