package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/sqlstore"
)

// storeMetrics tell of the operational state when metrics are read.
type storeMetrics struct{ stats func() sqlstore.Stats }

var (
	storeTransactions = prometheus.NewDesc("pointgrid_store_transactions_total", "Transactions of the database that were committed.", nil, nil)
	storeWrites       = prometheus.NewDesc("pointgrid_store_writes_total", "Writes that those transactions carried.", nil, nil)
	storeStatements   = prometheus.NewDesc("pointgrid_store_statements_total", "SQL statements of those writes.", nil, nil)
	storeReads        = prometheus.NewDesc("pointgrid_store_reads_total", "SQL queries that were asked beside them.", nil, nil)
	storeWaiting      = prometheus.NewDesc("pointgrid_store_waiting_writes", "Writes that wait for a transaction.", nil, nil)
	storeStopped      = prometheus.NewDesc("pointgrid_store_stopped", "1 when nothing is written any more until the gateway is started again.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m *storeMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeTransactions, storeWrites, storeStatements, storeReads, storeWaiting, storeStopped} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *storeMetrics) Collect(to chan<- prometheus.Metric) {
	s := m.stats()
	for d, n := range map[*prometheus.Desc]int64{storeTransactions: s.Transactions, storeWrites: s.Writes, storeStatements: s.Statements, storeReads: s.Reads} {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	to <- prometheus.MustNewConstMetric(storeWaiting, prometheus.GaugeValue, float64(s.Waiting))
	stopped := 0.0
	if s.Stopped {
		stopped = 1
	}
	to <- prometheus.MustNewConstMetric(storeStopped, prometheus.GaugeValue, stopped)
}
