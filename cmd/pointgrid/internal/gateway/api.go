package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/api"
)

// server builds the API for the address that is listened on.
func (g *Gateway) server(address string) (*http.Server, error) {
	issuer := g.config.URL
	if issuer == "" {
		issuer = g.config.Scheme() + "://" + address
	}
	origins, err := origins(g.config)
	if err != nil {
		return nil, err
	}
	scrapers, err := networks(g.config.Metrics.Networks)
	if err != nil {
		return nil, err
	}
	o := api.Options{
		Exchange: g.Exchange, Files: g.Files,
		Rewards: g.Rewards, Bonuses: g.Bonuses,
		Mall:    g.Mall,
		Support: g.Support, Held: g.Exchange,
		Privacy: g.Privacy,
		Quotes:  g.Store, Settlements: g.Store, Answers: g.Store, Assertions: g.Store, Webhooks: g.Webhooks,
		Registry: g.clients, Access: g.access, Signed: g.Store, Origin: origins, Limits: g.limits(), Issuer: issuer, Keys: []partners.SigningKey{g.key}, TokenLife: g.config.Tokens.TTL, FAPI: g.config.Tokens.FAPI,
		Statements: func(s *settlement.Settlement) (io.ReadCloser, error) {
			return settlement.OpenStatement(g.home.Statements(), s)
		},
		Signing: g.Signing, Payments: g.Payments, Papers: g.Papers,
		Received: g.Statements, Breaks: g.Desk, Reconciler: g.Reconciler, MSP: g.mspOf,
		SettleDue: g.Night.RunDue, Ready: g.isReady, LogEvery: g.config.Log.Every, Span: g.traces.request(), Metrics: g.metrics.registry, Scrapers: scrapers,
		Now: g.around.Now, Random: g.around.Random, Logger: g.around.Logger}
	if g.config.Sandbox {
		o.Clock = sandboxClock{g}
	}
	if g.member != nil {
		o.Standing = g.standing
	}
	if g.Insight != nil { // an interface with a nil pointer in it would not be nil
		o.Insight = g.Insight
	}
	if o.Pages, err = g.pages(issuer, origins); err != nil {
		return nil, err
	}
	a, err := api.New(o)
	if err != nil {
		return nil, err
	}
	g.share = a.Share
	server := api.NewServer(address, a.Handler(), g.around.Logger)
	server.TLSConfig = encryption(&g.config.TLS, g.pair)
	return server, nil
}

var errNotServing = errors.New("the gateway is starting or ending")

// isReady reports whether ledger and store answer.
func (g *Gateway) isReady(ctx context.Context) error {
	if !g.ready.Load() {
		return errNotServing
	}
	if g.member != nil && g.member.Err() != nil {
		return g.member.Err()
	}
	if _, err := g.Ledger.Alliance(ctx); err != nil {
		return err
	}
	if _, err := g.Store.Setting(ctx, offsetSetting); !errors.Is(err, sqlstore.ErrNoSetting) {
		return err
	}
	return nil
}

// sandboxClock moves the clock of a sandbox and does what falls due.
type sandboxClock struct{ g *Gateway }

func (c sandboxClock) Now() time.Time { return c.g.Clock.Now() }

func (c sandboxClock) Window(ctx context.Context) (ledger.Date, error) {
	alliance, err := c.g.Ledger.Alliance(ctx)
	return alliance.Window, err
}

func (c sandboxClock) AdvanceTo(ctx context.Context, to time.Time) ([]settlement.Settlement, error) {
	if err := c.g.Clock.AdvanceTo(ctx, to); err != nil {
		return nil, err
	}
	made, err := c.g.Night.RunDue(ctx)
	if err != nil {
		return nil, err
	}
	c.g.runRewardsNight(ctx)
	return c.g.reconcileNow(context.WithoutCancel(ctx), made), nil
}
