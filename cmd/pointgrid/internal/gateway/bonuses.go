package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// errUnfollowed: a home of the ledger that cannot be followed.
var errUnfollowed = errors.New("bonuses: this home of the ledger does not show its blocks")

// buildBonuses makes what pays the bonuses of conversions. On a ledger on which none
// were paid yet they begin here.
func (g *Gateway) buildBonuses(ctx context.Context) (err error) {
	blocks, ok := g.Ledger.(ledger.Blocks)
	if !ok {
		return errUnfollowed
	}
	m := newBonusMetrics(g.around, g.Clock.Now)
	g.Bonuses, err = bonus.New(bonus.Options{Ledger: g.traces.ledger(g.Ledger), Blocks: blocks, Identity: ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject},
		Store: g.Store, Tiers: g.Rewards, Logger: g.around.Logger, Observe: m.observe})
	if err != nil {
		return err
	}
	m.follower = g.Bonuses
	g.metrics.registry.MustRegister(m)
	return g.Bonuses.Begin(ctx)
}

// bonusTotals are what conversions brought, for the totals of rewards: the follower
// is built after them and before anything is served.
func (g *Gateway) bonusTotals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error) {
	return g.Bonuses.Totals(ctx, from, to)
}

// runBonuses pays until the context ends. What is not paid by then is at the next
// start.
func (g *Gateway) runBonuses(ctx context.Context) {
	if err := g.Bonuses.Run(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("bonuses of conversions are no longer paid, until the gateway is started again", "error", err)
	}
}

type exportedBonus struct {
	Conversion string `json:"conversion"`
	Tier       string `json:"tier"`
	BPS        int64  `json:"bps"`
	Converted  string `json:"converted"`
	Stays      string `json:"stays"`
	Points     string `json:"points"`
	State      string `json:"state"`
	Expiry     string `json:"expiry"`
	At         string `json:"at"`
}

// exportBonuses writes what the member's tier brought on conversions.
func (g *Gateway) exportBonuses(ctx context.Context, m *members.Member, d *members.Document) error {
	if err := d.List("conversion_bonuses"); err != nil {
		return err
	}
	for before := (ledger.ID{}); ; {
		page, err := g.Bonuses.OfAccount(ctx, m.Account, before, exportPage)
		if err != nil {
			return err
		}
		for _, b := range page {
			if err := d.Add(exportedBonus{b.Conversion.Root().String(), b.Tier, b.BPS, amountText(b.Converted), amountText(b.Stays), amountText(b.Rest()),
				string(b.State()), b.Expiry.String(), timeText(b.RecordedAt)}); err != nil {
				return err
			}
			before = b.Conversion
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

// bonusMetrics count what the ledger answered, and ask the follower for the rest when
// metrics are read.
type bonusMetrics struct {
	points       *prometheus.CounterVec
	refused      prometheus.Counter
	lag          *prometheus.Desc
	due, overdue *prometheus.Desc
	around       Surroundings
	now          func() time.Time // the alliance's clock
	follower     paying
}

// paying is what metrics ask of the follower.
type paying interface {
	Lag(ctx context.Context) (uint64, error)
	Backlog(ctx context.Context) (bonus.Backlog, error)
}

func newBonusMetrics(around Surroundings, now func() time.Time) *bonusMetrics {
	m := &bonusMetrics{around: around, now: now,
		points: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pointgrid_bonus_points_total",
			Help: "Points issued as bonuses of conversions (the part that filled debts among them), that part, points taken back, and points that became a debt because they were spent."}, []string{"what"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointgrid_bonus_refused_total",
			Help: "Bonuses, and parts to be taken back, that the ledger will not have."}),
		lag:     prometheus.NewDesc("pointgrid_bonus_lag_blocks", "Blocks that the ledger has and that were not read for bonuses; -1 when the ledger does not say.", nil, nil),
		due:     prometheus.NewDesc("pointgrid_bonus_due", "Bonuses, and parts to be taken back, for which the ledger is to be asked; those of frozen accounts among them.", nil, nil),
		overdue: prometheus.NewDesc("pointgrid_bonus_oldest_due_seconds", "Time since the oldest of their conversions was recorded, 0 without any.", nil, nil),
	}
	for _, what := range []string{"issued", "filled", "taken_back", "debt"} {
		m.points.WithLabelValues(what) // so that a rate is known from the first on
	}
	return m
}

func (m *bonusMetrics) observe(s bonus.Sample) {
	for what, points := range map[string]int64{"issued": s.Issued, "filled": s.Filled, "taken_back": s.Taken, "debt": s.Debt} {
		m.points.WithLabelValues(what).Add(float64(points))
	}
	m.refused.Add(float64(s.Refused))
}

// Describe implements [prometheus.Collector].
func (m *bonusMetrics) Describe(out chan<- *prometheus.Desc) {
	m.points.Describe(out)
	m.refused.Describe(out)
	for _, d := range []*prometheus.Desc{m.lag, m.due, m.overdue} {
		out <- d
	}
}

// Collect implements [prometheus.Collector]. A store that does not answer leaves its
// part out.
func (m *bonusMetrics) Collect(out chan<- prometheus.Metric) {
	m.points.Collect(out)
	m.refused.Collect(out)
	gauge := func(d *prometheus.Desc, v float64) { out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
	defer cancel()
	behind := -1.0
	if lag, err := m.follower.Lag(ctx); err == nil {
		behind = float64(lag)
	}
	gauge(m.lag, behind)
	backlog, err := m.follower.Backlog(ctx)
	if err != nil {
		m.around.Logger.Warn("metrics of bonuses could not be read", "error", err)
		return
	}
	gauge(m.due, float64(backlog.Moves))
	age := time.Duration(0)
	if backlog.Oldest != 0 {
		age = max(m.now().Sub(time.UnixMilli(backlog.Oldest)), 0)
	}
	gauge(m.overdue, age.Seconds())
}
