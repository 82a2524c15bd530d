package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/problem"
)

// joinCluster leases a slot, if this gateway is one of several. From then on the
// ledger brings each command to the owner of its lane.
func (g *Gateway) joinCluster(ctx context.Context) error {
	if !g.config.Cluster.Enabled() {
		return nil
	}
	laned, ok := g.Ledger.(ledger.Laned)
	if !ok {
		return errors.New("cluster: this home of the ledger has no lanes that gateways could share")
	}
	secret, err := g.home.ClusterKey(g.around.Random)
	if err != nil {
		return err
	}
	leases, err := sqlstore.OpenLeases(ctx, sqlstore.Options{URL: g.config.DatabaseURL, Now: g.around.Now, Logger: g.around.Logger})
	if err != nil {
		return err
	}
	g.closers = append(g.closers, leases.Close)
	m := newClusterMetrics()
	g.member, err = cluster.Join(ctx, cluster.Options{Leases: leases, Ledger: laned, Listen: g.config.Cluster.Listen, Address: g.config.Cluster.Address,
		Secret: secret, Now: g.around.Now, Random: g.around.Random, Logger: g.around.Logger,
		Observe: m.observe, Took: m.took})
	if err != nil {
		return err
	}
	m.register(g.metrics.registry, g.member)
	g.closers = append(g.closers, func() error { return g.member.Leave(context.WithoutCancel(ctx)) })
	g.Ledger = g.member.Ledger()
	return nil
}

// slot is the number that what this gateway makes bears; nil for one alone.
func (g *Gateway) slot() *uint8 {
	if g.member == nil {
		return nil
	}
	number := g.member.Slot().Number
	return &number
}

// stand has this gateway lead: at once when it is alone, otherwise as soon as nobody
// else does; requests that are the leader's are then forwarded. It returns what ends
// leading in order.
func (g *Gateway) stand(ctx context.Context, server *http.Server, failed func(error)) (down func() error, err error) {
	if g.member == nil {
		return g.lead(ctx)
	}
	var end func() error
	var ended error
	here := server.Handler
	server.Handler = g.member.Forward(here, everywhere, http.HandlerFunc(unavailable))
	context.AfterFunc(ctx, g.member.StandDown)
	g.member.Stand(cluster.Leading{Handler: here, Left: g.Exchange.Unfinished, Adopt: g.Exchange.Adopt, Failed: func(err error) { failed(fmt.Errorf("lead: %w", err)) },
		Start: func(ctx context.Context) (err error) { end, err = g.lead(ctx); return err },
		Stop:  func() { ended = end() }})
	return func() error { g.member.StandDown(); return ended }, nil
}

// converting are the paths that every gateway answers by itself, beside those of
// [everywhere]: what a partner's programs call for each conversion.
var converting = regexp.MustCompile(`^/v1/(quotes|conversions|programmes)(/|$)`)

// everywhere reports whether a request is answered by whichever gateway it came to.
func everywhere(r *http.Request) bool {
	switch path := r.URL.Path; path {
	case "/oauth2/token", "/.well-known/jwks.json", "/healthz", "/readyz", "/metrics":
		return true
	case "/v1/agreements":
		return r.Method == http.MethodGet || r.Method == http.MethodHead
	default:
		return path == "/docs" || strings.HasPrefix(path, "/docs/") || converting.MatchString(path)
	}
}

// unavailable answers what only a leader can, while there is none.
func unavailable(w http.ResponseWriter, _ *http.Request) {
	p := problem.New(http.StatusServiceUnavailable, "busy", "the gateway that answers this is being replaced; try again in a moment")
	p.RetryAfter = time.Second
	p.Write(w)
}

// standing is what /readyz says of a gateway that is one of several: nothing by which
// the others could be reached.
func (g *Gateway) standing() api.Standing {
	s := g.member.Status()
	out := api.Standing{Slot: int(s.Slot.Number), Role: api.StandingRoleFollower, Lanes: []int{}}
	if s.Leads {
		out.Role = api.StandingRoleLeader
	}
	for _, lane := range slices.Sorted(maps.Keys(s.Held)) {
		out.Lanes = append(out.Lanes, int(lane))
	}
	return out
}

// lost is closed when another gateway has taken this one for dead; nil, which never
// is, when this one is alone.
func (g *Gateway) lost() <-chan struct{} {
	if g.member == nil {
		return nil
	}
	return g.member.Lost()
}

func (g *Gateway) lostError() error {
	return fmt.Errorf("this gateway did not renew its lease in time, and others have taken over what it did; nothing is lost, start it again: %w", g.member.Err())
}

// neighbourEvery is how late what another gateway did is seen, within what those who
// do it wait for (see [members.Registry.Refresh]).
const neighbourEvery = time.Second

// neighbours takes up what the gateways beside this one do.
func (g *Gateway) neighbours(ctx context.Context) {
	s := g.member.Status()
	g.share(len(s.View.Alive()))
	if !s.Leads {
		if err := g.Members.Refresh(ctx); err != nil && ctx.Err() == nil {
			g.around.Logger.Error("who is being erased could not be read", "error", err)
		}
	}
	if !g.config.Sandbox {
		return
	}
	if err := g.Clock.restore(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("the sandbox's clock could not be read again", "error", err)
	}
}
