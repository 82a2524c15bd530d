package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/projection/projectiontest"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/observe"
)

// exposed is what /metrics shows of a gateway that has done one of each.
func exposed(t *testing.T) string {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	m := newMetrics()
	watch, err := observe.New(observe.Options{Logger: slog.New(slog.DiscardHandler), Registerer: m.registry, Now: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	m.ledger.observe(Batch{Companies: []string{"UtilityMSP"}, Commands: 1, Queued: 1, Stages: map[string]time.Duration{"endorse": time.Second}})
	m.registry.MustRegister(&peerMetrics{func() []fabric.PeerState { return []fabric.PeerState{{Company: "UtilityMSP", Name: "peer.utility"}} }})
	several := newClusterMetrics()
	several.took(cluster.Lead, 1, true)
	several.observe(cluster.Call{})
	several.status = func() cluster.Status {
		return cluster.Status{View: &cluster.View{Lanes: 1}, Held: map[uint32]uint64{0: 1}}
	}
	m.registry.MustRegister(several.calls, several.commands, several.takeovers, several)
	copied := newProjectionMetrics()
	copied.observe(projection.Sample{Rows: 1})
	copied.register(m.registry, projection.New(projection.Options{Blocks: noBlocks{}, Store: projectiontest.NewMemory()}))
	m.observeCall(connector.Observation{Partner: "sky"})
	m.observeConversion(exchange.Observation{Kind: "conversion"})
	hooks := newWebhookMetrics(Surroundings{Now: time.Now}, func(context.Context) ([]webhooks.Standing, error) {
		return []webhooks.Standing{{Endpoint: &webhooks.Endpoint{Partner: "sky", Status: webhooks.Enabled}}}, nil
	})
	hooks.observe(webhooks.Observation{Partner: "sky", Outcome: webhooks.OutcomeDelivered})
	m.registry.MustRegister(hooks)
	m.registry.MustRegister(newSettlementMetrics(Surroundings{}, calendar.CutOff{Location: time.UTC}, time.Now, func(context.Context, int) ([]*settlement.Settlement, error) {
		return []*settlement.Settlement{{State: settlement.Paid}}, nil
	}))
	earned := newRewardMetrics(Surroundings{}, time.Now)
	earned.watch(stuck{})
	earned.rounded(rewards.Round{Events: 1})
	m.registry.MustRegister(earned)
	paid := newBonusMetrics(Surroundings{}, time.Now)
	paid.follower = behind{}
	m.registry.MustRegister(paid)
	sold := newMallMetrics(Surroundings{})
	sold.mall = oneStuck{}
	for _, e := range mall.Endings() {
		sold.observe(mall.Observation{What: "order", Kind: mall.Goods, Ending: e})
	}
	m.registry.MustRegister(sold, insightAge(insight.NewCounter(insight.Options{})))
	m.registry.MustRegister(&storeMetrics{func() sqlstore.Stats { return sqlstore.Stats{} }})
	m.observeBreaker("sky", false)
	m.watchExchange(func() exchange.UnderWay { return exchange.UnderWay{} })
	m.observeStep(exchange.Work{What: "conversion", Step: exchange.StepDebit}, time.Second, nil)
	engine := gin.New()
	engine.Use(watch.Watch)
	engine.GET("/metrics", gin.WrapH(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})))
	var body string
	for range 2 { // the second shows the first
		answer := httptest.NewRecorder()
		engine.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		body = answer.Body.String()
	}
	return body
}

// stuck is a service of rewards in which one event waits.
type stuck struct{}

func (stuck) Waiting() int64 { return 1 }
func (stuck) Unfinished(context.Context, int) ([]*rewards.Record, error) {
	return []*rewards.Record{{State: rewards.Issuing, ReceivedAt: time.Now().Add(-time.Hour).UnixMilli()}}, nil
}

// behind is a follower for which one bonus waits.
type behind struct{}

func (behind) Lag(context.Context) (uint64, error) { return 1, nil }
func (behind) Backlog(context.Context) (bonus.Backlog, error) {
	return bonus.Backlog{Moves: 1, Oldest: time.Now().Add(-time.Hour).UnixMilli()}, nil
}

// oneStuck is a mall with one order on the operator's list.
type oneStuck struct{}

func (oneStuck) UnderWay() int { return 1 }
func (oneStuck) Orders(context.Context, mall.OrderFilter) ([]*mall.Order, error) {
	return []*mall.Order{{}}, nil
}

// noBlocks is a ledger without any.
type noBlocks struct{ ledger.Blocks }

func (noBlocks) Height(context.Context) (uint64, error) { return 0, nil }

// dashboard is what the test reads of a Grafana dashboard.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

var (
	metricName = regexp.MustCompile(`\b(?:pointgrid|process|go)_[a-z_]+`)
	matcher    = regexp.MustCompile(`([a-z_]+)(?:=~|!=|=)"`)
	grouping   = regexp.MustCompile(`by \(([^)]*)\)`)
	sample     = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{([^}]*)\})? `)
)

// dashboards are those in deploy/grafana, read as one.
func dashboards(t *testing.T) (all dashboard) {
	t.Helper()
	files, err := filepath.Glob("../../../../deploy/grafana/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all.Panels = append(all.Panels, d.Panels...)
	}
	return all
}

func TestTheDashboardShowsMetricsThatThereAre(t *testing.T) {
	d := dashboards(t)
	labels := map[string][]string{} // by metric
	for _, m := range sample.FindAllStringSubmatch(exposed(t), -1) {
		labels[m[1]] = append([]string{"instance"}, names(matcher, m[2])...) // Prometheus adds the instance
	}
	used := map[string]bool{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			metrics := metricName.FindAllString(target.Expr, -1)
			if len(metrics) == 0 {
				t.Errorf("%s: %s names no metric", p.Title, target.Expr)
			}
			asked := names(matcher, target.Expr)
			for _, by := range grouping.FindAllStringSubmatch(target.Expr, -1) {
				asked = append(asked, strings.Split(by[1], ", ")...)
			}
			for _, metric := range metrics {
				used[metric] = true
				known, ok := labels[metric]
				if !ok {
					t.Errorf("%s: there is no metric %s", p.Title, metric)
				}
				for _, label := range asked {
					if ok && !slices.Contains(known, label) {
						t.Errorf("%s: %s has no label %s", p.Title, metric, label)
					}
				}
			}
		}
	}
	for metric := range labels {
		if base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(metric, "_bucket"), "_count"), "_sum"); strings.HasPrefix(base, "pointgrid_") &&
			!slices.ContainsFunc(slices.Collect(maps.Keys(used)), func(u string) bool { return strings.HasPrefix(u, base) }) {
			t.Errorf("no panel shows %s", base)
		}
	}
}

// names returns what a pattern's first group matches.
func names(pattern *regexp.Regexp, text string) (all []string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
