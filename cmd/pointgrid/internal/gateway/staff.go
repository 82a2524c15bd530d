package gateway

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

// StaffKey reads the key that seals the staff's second factors in the database,
// or makes it in a new home. Who loses it must reset those users.
func (h Home) StaffKey(random io.Reader) ([]byte, error) {
	return secretKey(filepath.Join(string(h), "keys", "staff.key"), random)
}

// Staff returns the service by which staff sign in, over an open store. Its
// clock is the machine's: sessions do not end because a sandbox's clock is moved.
func Staff(h Home, store signin.Store, now func() time.Time, random io.Reader, logger *slog.Logger) (*signin.Service, error) {
	key, err := h.StaffKey(random)
	if err != nil {
		return nil, err
	}
	return signin.New(signin.Options{Store: store, Key: key, Now: now, Random: random, Logger: logger})
}

func (g *Gateway) buildStaff(context.Context) (err error) {
	g.staff, err = Staff(g.home, g.Store, g.around.Now, g.around.Random, g.around.Logger)
	return err
}

// pages builds the pages for people, reached at a URL.
func (g *Gateway) pages(url string) ([]page.Route, error) {
	set, err := page.New(page.Options{Families: []page.Family{entrance.Family(), portal.Family()}, Location: g.calendar.Location,
		Secure: strings.HasPrefix(url, "https:"), Logger: g.around.Logger})
	if err != nil {
		return nil, err
	}
	p, err := portal.New(g.portalOptions(set, url))
	if err != nil {
		return nil, err
	}
	return set.Protect(originOf(url), append(set.Routes(), p.Routes()...))
}

// originOf is the scheme, host and port of a base URL that the configuration's
// check has accepted.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func (g *Gateway) portalOptions(set *page.Set, url string) portal.Options {
	o := portal.Options{Service: g.staff, Pages: set, Exchange: g.Exchange, Ledger: g.Ledger, Registry: g.registry, Settlements: g.Store,
		Programs: g.programs, Hub: g.config.Alliance.Hub, URL: url, Location: g.calendar.Location, Now: g.Clock.Now, Machine: g.around.Now,
		Figures: portal.Figures{QuoteLife: g.config.Exchange.QuoteTTL, TokenLife: g.config.Tokens.TTL, Deadline: g.config.Exchange.Deadline}}
	if g.config.Sandbox {
		o.Clock = sandboxClock{g}
	}
	return o
}

// programs are a company's API clients as the portal's examples show them.
func (g *Gateway) programs(partner string) []portal.Program {
	var all []portal.Program
	for _, c := range g.config.Companies {
		if c.Code != partner {
			continue
		}
		for _, configured := range c.Clients {
			all = append(all, g.program(configured))
		}
	}
	return all
}

func (g *Gateway) program(c config.Client) portal.Program {
	p := portal.Program{ID: c.ID}
	if client, ok := g.registry.Client(c.ID); ok && len(client.Keys) > 0 {
		p.KeyID = client.Keys[0].ID
	}
	if g.config.Sandbox {
		p.KeyFile = c.SandboxKeyFile
	}
	return p
}
