package gateway

import (
	"context"
	"net/netip"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/access"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/origin"
)

// refreshEvery is how late a change of a client is seen that another process made.
const refreshEvery = 2 * time.Second

// openClients brings the stored clients up to the configuration.
func (g *Gateway) openClients(ctx context.Context) (err error) {
	g.clients, err = partners.OpenDirectory(ctx, partners.DirectoryOptions{Registry: g.registry, Store: g.Store,
		Now: g.around.Now, Random: g.around.Random})
	if err != nil {
		return err
	}
	g.access, err = access.New(access.Options{Store: g.Store, Random: g.around.Random, Logger: g.around.Logger, Registerer: g.metrics.registry})
	return err
}

// refreshClients takes up what another process has changed.
func (g *Gateway) refreshClients(ctx context.Context) {
	if err := g.clients.Refresh(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("clients could not be read again", "error", err)
	}
}

func (g *Gateway) limits() api.Limits {
	l := g.config.Limits
	return api.Limits{Read: l.Read, Write: l.Write, Convert: l.Convert, Tokens: l.Tokens, Strangers: l.Strangers}
}

// origins believes the proxies that are configured.
func origins(c *config.Config) (*origin.Finder, error) {
	proxies, err := networks(c.Proxies.Trusted)
	if err != nil {
		return nil, err
	}
	return origin.New(origin.Options{Proxies: proxies, Certificates: c.Proxies.Certificates})
}

func networks(texts []string) (all []netip.Prefix, _ error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
