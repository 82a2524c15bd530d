// Package gateway puts the parts of a gateway together, and takes them apart in
// an order in which nothing is lost.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/signing"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/access"
	"github.com/pointgrid/pointgrid/web/session"
	"github.com/pointgrid/pointgrid/web/signin"
	"go.opentelemetry.io/otel/trace"
)

// Surroundings are what a gateway takes from the machine.
type Surroundings struct {
	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	Logger *slog.Logger
	// Spans records traces; nil records none, and costs nothing. The caller ends it
	// after the gateway.
	Spans trace.TracerProvider
	// Progress, if not nil, is told how far reconciling a settlement has come.
	Progress func(settlement string, p reconcile.Progress)
}

// Gateway is the parts, opened. [Gateway.Serve] or [Gateway.Close] must follow.
type Gateway struct {
	Ledger   ledger.Ledger
	Store    *sqlstore.Store
	Exchange *exchange.Service
	Mall     *mall.Mall
	Files    *bulkfile.Service
	Rewards  *rewards.Service
	// Bonuses pays what members' tiers bring on conversions, while the gateway serves.
	Bonuses *bonus.Follower
	Support *support.Service
	Members *members.Registry
	Privacy *members.Privacy
	Night   *settlement.Night
	Clock   *Clock
	// Projection follows the ledger while the gateway serves; nil when the
	// configuration does not ask for it.
	Projection *projection.Follower
	// Counter counts what the projection has for marketing, and Insight answers from
	// it; nil without a projection.
	Counter *insight.Counter
	Insight *insight.Service
	// Statements takes in what partners send, Reconciler compares it, and Desk is
	// where what differs is resolved.
	Statements *statements.Service
	Reconciler *settlement.Reconciler
	Desk       *desk.Desk
	// Webhooks is what partners do with their endpoints.
	Webhooks *webhooks.Service
	// Signing takes settlements to signed, and Payments from there to settled.
	Signing  *signing.Service
	Payments *payment.Service
	// Papers makes spreadsheets, pages, journals and the liability report.
	Papers *papers.Service

	config   *config.Config
	around   Surroundings
	home     Home
	key      partners.SigningKey
	pair     *certificate // nil when a proxy encrypts
	registry *partners.Registry
	clients  *partners.Directory
	access   *access.Recorder
	calendar calendar.CutOff
	staff    *signin.Service
	sessions *session.Service // of members
	metrics  *metrics
	delivery *webhooks.Deliverer
	watch    *webhooks.Watch
	traces   *traces // nil when nothing is traced
	hosts    map[string]connector.Host
	ready    atomic.Bool
	member   *cluster.Member // nil for a gateway alone
	share    func(int)       // what callers may ask of all gateways

	puller         *statements.Puller
	statementWatch *statements.Watch // nil when no folder is watched
	nudge          chan struct{}     // a statement came
	closers        []func() error
}

// subject is as whom the gateway itself gives commands.
const subject = "gateway"

// Open opens the gateway's home, makes what is not there yet, and brings the
// ledger's register of partners up to the configuration. Nothing is served and
// nothing resumed before [Gateway.Serve]. It returns [ledger.ErrInUse] when
// another process has the home open.
func Open(ctx context.Context, c *config.Config, around Surroundings) (*Gateway, error) {
	g := &Gateway{config: c, around: around, home: Home(c.DataDir), metrics: newMetrics(), traces: newTraces(around.Spans, around.Now)}
	for _, part := range []func(context.Context) error{
		g.readKeys,
		g.openLedger,
		g.joinCluster,
		g.openStore,
		g.openClients,
		g.admitPartners,
		g.buildHosts,
		g.openMembers,
		g.buildServices,
		g.buildFiles,
		g.buildRewards,
		g.buildBonuses,
		g.buildMall,
		g.buildSupport,
		g.buildReconciliation,
		g.buildSigning,
		g.buildProjection,
		g.buildInsight,
		g.buildWebhooks,
		g.buildStaff,
		g.buildSessions,
		g.buildPrivacy,
	} {
		if err := part(ctx); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

func (g *Gateway) readKeys(context.Context) (err error) {
	if err := g.home.Whole(); err != nil {
		return err
	}
	if g.registry, err = registry(g.config); err != nil {
		return err
	}
	if g.pair, err = openCertificate(g.config.TLS); err != nil {
		return err
	}
	if g.calendar, err = calendar.Parse(g.config.Alliance.TimeZone, g.config.Alliance.CutOff); err != nil {
		return err
	}
	g.key, err = g.home.SigningKey(g.around.Random)
	return err
}

// openLedger comes before the store: the embedded ledger holds the lock of the
// whole home. The clock needs the store, so the ledger asks for the time
// through g.
func (g *Gateway) openLedger(ctx context.Context) error {
	g.Clock = &Clock{system: g.around.Now}
	l, err := OpenLedger(ctx, g.config, LedgerOptions{Home: g.home, Key: g.key, Now: g.Clock.Now, Timer: g.around.Now,
		Logger: g.around.Logger, Observe: g.observeBatch, Failed: g.metrics.ledger.failed})
	if err != nil {
		return err
	}
	g.Ledger = l
	if network, ok := l.(interface{ Peers() []fabric.PeerState }); ok {
		g.metrics.registry.MustRegister(&peerMetrics{network.Peers})
	}
	g.closers = append(g.closers, l.Close)
	return nil
}

// OpenStore opens the operational state that is configured.
func OpenStore(ctx context.Context, c *config.Config, now func() time.Time, logger *slog.Logger) (*sqlstore.Store, error) {
	return openStore(ctx, c, sqlstore.Options{URL: c.DatabaseURL, Now: now, Logger: logger})
}

func openStore(ctx context.Context, c *config.Config, o sqlstore.Options) (*sqlstore.Store, error) {
	if o.URL == "" {
		o.Path = Home(c.DataDir).Database()
	}
	return sqlstore.Open(ctx, o)
}

func (g *Gateway) openStore(ctx context.Context) error {
	o := sqlstore.Options{URL: g.config.DatabaseURL, Now: g.around.Now, Logger: g.around.Logger}
	if g.member != nil {
		o.Slot = g.member.Slot()
	}
	store, err := openStore(ctx, g.config, o)
	if err != nil {
		return err
	}
	g.Store = store
	g.closers = append(g.closers, store.Close)
	g.metrics.registry.MustRegister(&storeMetrics{store.Stats})
	g.Clock.settings = store
	if g.config.Sandbox {
		return g.Clock.restore(ctx)
	}
	return nil
}

func (g *Gateway) buildHosts(context.Context) error {
	g.hosts = map[string]connector.Host{}
	signer, err := signature.NewSigner(g.key.ID, g.key.Private, g.around.Now, g.around.Random)
	if err != nil {
		return err
	}
	for _, p := range g.registry.All() {
		if p.Connector.URL == "" {
			continue
		}
		host, err := connector.New(connector.Options{BaseURL: p.Connector.URL, Partner: p.Code, Signer: g.traces.signer(signer),
			Timeout: p.Connector.Timeout, MaxInFlight: p.Connector.MaxInFlight, MaxQueue: p.Connector.MaxQueue,
			Clock: g.around.Now, Rand: randomBelow, Logger: g.around.Logger, Observe: g.metrics.observeCall, ObserveBreaker: g.metrics.observeBreaker})
		if err != nil {
			return fmt.Errorf("configuration: partner %q: %w", p.Code, err)
		}
		g.metrics.observeBreaker(p.Code, false)
		g.hosts[p.Code] = g.traces.host(p.Code, host)
	}
	return nil
}

func (g *Gateway) buildServices(ctx context.Context) (err error) {
	identity := ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}
	screening, err := g.screening(ctx)
	if err != nil {
		return err
	}
	g.Exchange, err = exchange.New(exchange.Options{Ledger: g.traces.ledger(g.Ledger), Identity: identity, Store: g.traces.store(g.Store), Registry: g.registry,
		Hosts: func(code string) connector.Host { return g.hosts[code] }, Hub: g.config.Alliance.Hub, Members: g.Members, Allowances: g.allowances(),
		Screening: screening, ReviewWithin: g.config.Support.ReviewWithin,
		TurnsMax: g.config.Limits.InFlight, TurnPatience: g.config.Limits.Patience, TurnTarget: g.turnTarget(), Timer: g.around.Now, QuoteTTL: g.config.Exchange.QuoteTTL, Deadline: g.config.Exchange.Deadline,
		Slot: g.slot(), Now: g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger, Observe: g.metrics.observeConversion, Around: g.aroundStep})
	if err != nil {
		return err
	}
	g.metrics.watchExchange(g.Exchange.UnderWay)
	policies, err := g.config.Policies()
	if err != nil {
		return err
	}
	g.Night = settlement.New(settlement.Options{Ledger: g.Ledger, Identity: identity, Store: g.Store, Dir: g.home.Statements(),
		Calendar: g.calendar, Policies: policies, Liability: g.Store, Now: g.Clock.Now, Logger: g.around.Logger})
	return nil
}

// turnTarget is how long a conversion may take that waits for no partner's system: on
// Fabric about twice what it takes there with many together.
func (g *Gateway) turnTarget() time.Duration {
	if g.config.Limits.Target == 0 && g.config.Ledger.Home == config.Fabric {
		return 400 * time.Millisecond
	}
	return g.config.Limits.Target
}

// Close releases what is open, last opened first.
func (g *Gateway) Close() error {
	var errs []error
	for i := len(g.closers) - 1; i >= 0; i-- {
		errs = append(errs, g.closers[i]())
	}
	g.closers = nil
	return errors.Join(errs...)
}
