package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/breached"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

// StaffKey reads the key that seals the staff's second factors in the database,
// or makes it in a new home. Who loses it must reset those users.
func (h Home) StaffKey(random io.Reader) ([]byte, error) {
	return secretKey(filepath.Join(string(h), "keys", "staff.key"), random)
}

// Staff returns the service by which staff sign in, over an open store. Its
// clock is the machine's: sessions do not end because a sandbox's clock is moved.
func Staff(c *config.Config, store signin.Store, now func() time.Time, random io.Reader, logger *slog.Logger) (*signin.Service, error) {
	return staff(c, signin.Options{Store: store, Now: now, Random: random, Logger: logger})
}

func staff(c *config.Config, o signin.Options) (s *signin.Service, err error) {
	if o.Key, err = Home(c.DataDir).StaffKey(o.Random); err != nil {
		return nil, err
	}
	o.FactorNeeded = c.Staff.SecondFactor == config.Required
	return signin.New(o)
}

func (g *Gateway) buildStaff(context.Context) (err error) {
	o := signin.Options{Store: g.Store, Now: g.around.Now, Random: g.around.Random, Logger: g.around.Logger}
	if path := g.config.Staff.Breached; path != "" {
		stolen, err := breached.Open(path)
		if err != nil {
			return fmt.Errorf("configuration: staff.breached_passwords: %w", err)
		}
		g.closers = append(g.closers, stolen.Close)
		o.Breached = stolen.Has
	}
	g.staff, err = staff(g.config, o)
	return err
}

// pages builds the pages for people, reached at a URL.
func (g *Gateway) pages(url string, origins *origin.Finder) ([]page.Route, error) {
	set, err := page.New(page.Options{Families: []page.Family{entrance.Family(), portal.Family(), console.Family(), mall.Family()}, Location: g.calendar.Location,
		Secure: strings.HasPrefix(url, "https:"), Logger: g.around.Logger})
	if err != nil {
		return nil, err
	}
	p, err := portal.New(g.portalOptions(set, url, origins))
	if err != nil {
		return nil, err
	}
	c, err := g.console(set, url, origins)
	if err != nil {
		return nil, err
	}
	m, err := g.memberPages(set, url)
	if err != nil {
		return nil, err
	}
	return set.Protect(originOf(url), slices.Concat(set.Routes(), p.Routes(), c.Routes(), m.Routes()))
}

// originOf is the scheme, host and port of a base URL that the configuration's
// check has accepted.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func (g *Gateway) portalOptions(set *page.Set, url string, origins *origin.Finder) portal.Options {
	o := portal.Options{Service: g.staff, Pages: set, Exchange: g.Exchange, Ledger: g.Ledger, Registry: g.registry, Settlements: g.Store,
		Directory: g.clients, Accesses: g.Store, Hooks: g.Webhooks, Reports: keptReports{g.Store},
		Programs: g.programs, Address: origins.Address, Hub: g.config.Alliance.Hub, URL: url, Location: g.calendar.Location, Now: g.Clock.Now, Machine: g.around.Now,
		Figures: portal.Figures{QuoteLife: g.config.Exchange.QuoteTTL, TokenLife: g.config.Tokens.TTL, Deadline: g.config.Exchange.Deadline,
			Reads: g.config.Limits.Read, Writes: g.config.Limits.Write, Converts: g.config.Limits.Convert}}
	if g.config.Sandbox {
		o.Clock = sandboxClock{g}
	}
	return o
}

// programs are a company's API clients as the portal's examples show them: those
// that can call now.
func (g *Gateway) programs(partner string) []portal.Program {
	var all []portal.Program
	for _, c := range g.clients.Clients(partner) {
		if c.Disabled {
			continue
		}
		p := portal.Program{ID: c.ID}
		for i := range c.Keys {
			if c.Keys[i].State(g.around.Now()) == partners.KeyActive {
				p.KeyID, p.KeyFile = c.Keys[i].ID, g.keyFile(c, &c.Keys[i])
				break
			}
		}
		all = append(all, p)
	}
	return all
}

// keyFile is where the private half of a configured key lies, as only a sandbox
// knows.
func (g *Gateway) keyFile(c *partners.Client, k *partners.Key) string {
	if !g.config.Sandbox || !k.Configured {
		return ""
	}
	for _, company := range g.config.Companies {
		for _, configured := range company.Clients {
			if configured.ID == c.ID {
				return configured.SandboxKeyFile
			}
		}
	}
	return ""
}

// keptReports keeps each company's last conformance report as a setting.
type keptReports struct{ settings settings }

func reportName(partner string) string { return "conformance/" + partner }

// Report implements [portal.Reports].
func (k keptReports) Report(ctx context.Context, partner string) (*portal.Kept, error) {
	text, err := k.settings.Setting(ctx, reportName(partner))
	if errors.Is(err, sqlstore.ErrNoSetting) {
		return nil, portal.ErrNoReport
	}
	if err != nil {
		return nil, err
	}
	var kept portal.Kept
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return nil, fmt.Errorf("setting %s: %w", reportName(partner), err)
	}
	return &kept, nil
}

// SaveReport implements [portal.Reports].
func (k keptReports) SaveReport(ctx context.Context, partner string, kept portal.Kept) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return k.settings.SetSetting(ctx, reportName(partner), string(text))
}
