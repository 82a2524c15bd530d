package gateway

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/cluster"
)

// clusterMetrics tell of a gateway that is one of several.
type clusterMetrics struct {
	calls     *prometheus.HistogramVec
	commands  prometheus.Counter
	takeovers *prometheus.CounterVec
	status    func() cluster.Status
}

func newClusterMetrics() *clusterMetrics {
	return &clusterMetrics{
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_cluster_call_seconds",
			Help: "Calls to other gateways for commands in lanes that they own, until the answer.", Buckets: latencies}, []string{"lane", "result"}),
		commands: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointgrid_cluster_commands_total",
			Help: "Commands that were given to other gateways."}),
		takeovers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_cluster_taken_total",
			Help: "Duties that this gateway took: free ones, or those of a gateway that died."}, []string{"duty", "from"}),
	}
}

func (m *clusterMetrics) observe(c cluster.Call) {
	result := "done"
	if c.Err != nil {
		result = "failed"
	}
	m.calls.WithLabelValues(strconv.FormatUint(uint64(c.Lane), 10), result).Observe(c.Took.Seconds())
	m.commands.Add(float64(c.Commands))
}

func (m *clusterMetrics) took(duty string, _ uint64, dead bool) {
	from := "free"
	if dead {
		from = "dead"
	}
	m.takeovers.WithLabelValues(duty, from).Inc()
}

func (m *clusterMetrics) register(r *prometheus.Registry, member *cluster.Member) {
	m.status = member.Status
	r.MustRegister(m.calls, m.commands, m.takeovers, m)
}

var (
	clusterSlot  = prometheus.NewDesc("pointgrid_cluster_slot", "Number of the slot that this gateway leases.", nil, nil)
	clusterLeads = prometheus.NewDesc("pointgrid_cluster_leads", "Whether this gateway leads: 1 or 0.", nil, nil)
	clusterAlive = prometheus.NewDesc("pointgrid_cluster_gateways_alive", "Gateways whose leases have not run out, as this one saw last.", nil, nil)
	clusterDead  = prometheus.NewDesc("pointgrid_cluster_gateways_dead", "Gateways that died or left and whose work is still being carried on.", nil, nil)
	clusterAge   = prometheus.NewDesc("pointgrid_cluster_view_age_seconds", "How old that is.", nil, nil)
	clusterEpoch = prometheus.NewDesc("pointgrid_cluster_lane_epoch", "Epoch under which this gateway serves a lane.", []string{"lane"}, nil)
	clusterLanes = prometheus.NewDesc("pointgrid_cluster_lanes_unserved", "Lanes of which no gateway that is alive is the owner.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m *clusterMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{clusterSlot, clusterLeads, clusterAlive, clusterDead, clusterAge, clusterEpoch, clusterLanes} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *clusterMetrics) Collect(to chan<- prometheus.Metric) {
	s := m.status()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	leads := 0.0
	if s.Leads {
		leads = 1
	}
	alive := len(s.View.Alive())
	gauge(clusterSlot, float64(s.Slot.Number))
	gauge(clusterLeads, leads)
	gauge(clusterAlive, float64(alive))
	gauge(clusterDead, float64(len(s.View.Gateways)-alive))
	gauge(clusterAge, s.Age.Seconds())
	gauge(clusterLanes, float64(s.View.Unserved()))
	for lane, epoch := range s.Held {
		gauge(clusterEpoch, float64(epoch), strconv.FormatUint(uint64(lane), 10))
	}
}
