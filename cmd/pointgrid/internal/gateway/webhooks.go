package gateway

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// watchEvery is how often the ledger is looked at for what is not in the
// database: agreements and exposure.
const watchEvery = 2 * time.Second

// buildWebhooks makes what serves endpoints, what delivers to them, and what
// watches the ledger.
func (g *Gateway) buildWebhooks(context.Context) error {
	key, err := g.home.WebhookKey(g.around.Random)
	if err != nil {
		return err
	}
	sealer, err := webhooks.NewSealer(key, g.around.Random)
	if err != nil {
		return err
	}
	o := g.config.Webhooks
	guard := webhooks.Guard{AllowHTTP: o.AllowHTTP}
	for _, network := range o.AllowNetworks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("configuration: webhooks.allow_networks: %w", err)
		}
		guard.Allow = append(guard.Allow, prefix)
	}
	m := newWebhookMetrics(g.around, func(ctx context.Context) ([]webhooks.Standing, error) { return webhooks.Survey(ctx, g.Store) })
	g.metrics.registry.MustRegister(m)
	g.delivery, err = webhooks.NewDeliverer(webhooks.DelivererOptions{Store: g.Store, Sealer: sealer, Guard: guard, Timeout: o.Timeout,
		Concurrency: o.Concurrency, DisableAfter: o.DisableAfter, NumberEvery: g.numberEvery(), Now: g.around.Now, Rand: randomBelow, Logger: g.around.Logger, Observe: m.observe})
	if err != nil {
		return err
	}
	g.watch = webhooks.NewWatch(webhooks.WatchOptions{Ledger: g.Ledger, Store: g.Store, Now: g.Clock.Now, Every: watchEvery, Logger: g.around.Logger})
	g.Webhooks, err = webhooks.NewService(webhooks.ServiceOptions{Store: g.Store, Sealer: sealer, Guard: guard, Now: g.around.Now,
		Random: g.around.Random, Wake: g.delivery.Wake})
	return err
}

// backlogPatience bounds what reading metrics waits for the store.
const backlogPatience = 2 * time.Second

// webhookMetrics count attempts as they end, and ask the store for the rest when
// metrics are read.
type webhookMetrics struct {
	attempts *prometheus.HistogramVec
	lag      prometheus.Histogram
	pending  *prometheus.Desc
	oldest   *prometheus.Desc
	state    *prometheus.Desc
	around   Surroundings
	survey   func(context.Context) ([]webhooks.Standing, error)
}

func newWebhookMetrics(around Surroundings, survey func(context.Context) ([]webhooks.Standing, error)) *webhookMetrics {
	endpoint := []string{"partner", "endpoint"}
	return &webhookMetrics{around: around, survey: survey,
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointgrid_webhook_attempt_seconds",
			Help: "Attempts to deliver a webhook, by how they ended.", Buckets: latencies}, []string{"partner", "outcome"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pointgrid_webhook_delivery_lag_seconds",
			Help: "From when a message was stored until it was delivered.", Buckets: append(latencies, 60, 300, 3600, 86400)}),
		pending: prometheus.NewDesc("pointgrid_webhook_pending_messages", "Messages that are to be delivered.", endpoint, nil),
		oldest:  prometheus.NewDesc("pointgrid_webhook_oldest_pending_seconds", "Age of the oldest message that is to be delivered.", endpoint, nil),
		state: prometheus.NewDesc("pointgrid_webhook_endpoint_state", "1 for the state that an endpoint is in: enabled, failing or disabled.",
			append(endpoint, "state"), nil),
	}
}

func (m *webhookMetrics) observe(o webhooks.Observation) {
	m.attempts.WithLabelValues(o.Partner, o.Outcome).Observe(o.Took.Seconds())
	if o.Outcome == webhooks.OutcomeDelivered {
		m.lag.Observe(o.Lag.Seconds())
	}
}

// Describe implements [prometheus.Collector].
func (m *webhookMetrics) Describe(out chan<- *prometheus.Desc) {
	m.attempts.Describe(out)
	m.lag.Describe(out)
	out <- m.pending
	out <- m.oldest
	out <- m.state
}

// Collect implements [prometheus.Collector]. A store that does not answer leaves
// its part out.
func (m *webhookMetrics) Collect(out chan<- prometheus.Metric) {
	m.attempts.Collect(out)
	m.lag.Collect(out)
	ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
	defer cancel()
	standings, err := m.survey(ctx)
	if err != nil {
		m.around.Logger.Warn("metrics of webhooks could not be read", "error", err)
		return
	}
	now := m.around.Now()
	for _, s := range standings {
		gauge := func(d *prometheus.Desc, v float64, more ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{s.Endpoint.Partner, s.Endpoint.ID.String()}, more...)...)
		}
		gauge(m.state, 1, s.State())
		gauge(m.pending, float64(s.Pending))
		gauge(m.oldest, s.Age(now).Seconds())
	}
}

// numberEvery is how often messages of all gateways of a cluster are numbered; one
// alone numbers them as it writes them.
func (g *Gateway) numberEvery() time.Duration {
	if g.member == nil {
		return 0
	}
	return 100 * time.Millisecond
}
