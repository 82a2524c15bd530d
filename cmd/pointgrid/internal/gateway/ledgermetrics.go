package gateway

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger/fabric"
)

// ledgerMetrics are those of the ledger's lane. The label companies names, by MSP
// ID, those that must endorse a batch; it is empty on the embedded ledger.
type ledgerMetrics struct {
	size    *prometheus.HistogramVec
	written *prometheus.CounterVec
	took    *prometheus.HistogramVec
	queued  *prometheus.GaugeVec
	retries *prometheus.CounterVec
	givenUp *prometheus.CounterVec
}

func newLedgerMetrics() *ledgerMetrics {
	by := []string{"lane", "companies"}
	return &ledgerMetrics{
		size: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_ledger_batch_commands",
			Help: "Commands in a batch of the ledger.", Buckets: prometheus.ExponentialBuckets(1, 2, 13)}, by),
		written: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_ledger_block_bytes_total",
			Help: "Bytes of blocks that the embedded ledger wrote."}, by[:1]),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_ledger_batch_seconds",
			Help:    "Time of a batch by stage: execute, sync, commit on the embedded ledger; endorse, order, commit on Fabric.",
			Buckets: latencies}, append(by, "stage")),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pointgrid_ledger_queued_commands",
			Help: "Commands that waited when the last batch was taken."}, by[:1]),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_ledger_retries_total",
			Help: "Attempts at a batch that did not succeed and were followed by another, by reason."}, append(by, "reason")),
		givenUp: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_ledger_given_up_total",
			Help: "Batches of which the callers were told an error, by reason."}, append(by, "reason")),
	}
}

func (m *ledgerMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.size, m.written, m.took, m.queued, m.retries, m.givenUp}
}

// labels names a lane and companies, in whatever order these are.
func labels(lane uint32, companies []string) (string, string) {
	return strconv.FormatUint(uint64(lane), 10), strings.Join(slices.Sorted(slices.Values(companies)), " ")
}

func (m *ledgerMetrics) observe(b Batch) {
	lane, companies := labels(b.Lane, b.Companies)
	m.size.WithLabelValues(lane, companies).Observe(float64(b.Commands))
	m.written.WithLabelValues(lane).Add(float64(b.Bytes))
	m.queued.WithLabelValues(lane).Set(float64(b.Queued))
	for stage, took := range b.Stages {
		m.took.WithLabelValues(lane, companies, stage).Observe(took.Seconds())
	}
	m.begin(lane, companies)
}

// begin has the counters of failures begin at zero, without which the first
// failure would not show as an increase.
func (m *ledgerMetrics) begin(lane, companies string) {
	for _, r := range fabric.Reasons() {
		m.retries.WithLabelValues(lane, companies, string(r))
		m.givenUp.WithLabelValues(lane, companies, string(r))
	}
}

func (m *ledgerMetrics) failed(f fabric.Failure) {
	lane, companies := labels(f.Lane, f.Concerned)
	counter := m.givenUp
	if f.Again {
		counter = m.retries
	}
	counter.WithLabelValues(lane, companies, string(f.Reason)).Inc()
}

// peerMetrics tell of the companies' peers when metrics are read.
type peerMetrics struct{ peers func() []fabric.PeerState }

var (
	peerLabels = []string{"company", "peer"}
	peerUp     = prometheus.NewDesc("pointgrid_ledger_peer_up", "Whether the peer's events are heard: 1 or 0.", peerLabels, nil)
	peerHeight = prometheus.NewDesc("pointgrid_ledger_peer_height_blocks", "Blocks that the peer was heard to have.", peerLabels, nil)
	peerLag    = prometheus.NewDesc("pointgrid_ledger_peer_lag_blocks", "Blocks with what this gateway wrote that the peer lacks.", peerLabels, nil)
)

// Describe implements [prometheus.Collector].
func (m *peerMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- peerUp
	to <- peerHeight
	to <- peerLag
}

// Collect implements [prometheus.Collector].
func (m *peerMetrics) Collect(to chan<- prometheus.Metric) {
	for _, p := range m.peers() {
		up := 0.0
		if p.Up {
			up = 1
		}
		to <- prometheus.MustNewConstMetric(peerUp, prometheus.GaugeValue, up, p.Company, p.Name)
		to <- prometheus.MustNewConstMetric(peerHeight, prometheus.GaugeValue, float64(p.Height), p.Company, p.Name)
		to <- prometheus.MustNewConstMetric(peerLag, prometheus.GaugeValue, float64(p.Behind), p.Company, p.Name)
	}
}
