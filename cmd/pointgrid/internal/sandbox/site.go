package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/sqlstore"
	"go.yaml.in/yaml/v3"
)

// Site is the folder of a sandbox: the gateway's home, the books of the three
// companies, and everybody's keys.
type Site struct {
	Dir string
	// Profile is that of the Fabric network on which the ledger is; empty is the
	// embedded ledger.
	Profile string
	// DatabaseURL is the PostgreSQL database of the gateway; empty is SQLite.
	DatabaseURL string
}

// Home is the gateway's data folder.
func (s *Site) Home() gateway.Home { return gateway.Home(filepath.Join(s.Dir, "gateway")) }

// BackOfficeBooks are those of the simulated billing system and payment provider.
func (s *Site) BackOfficeBooks() string { return filepath.Join(s.Dir, "backoffice.journal") }

// PartnerDir is the folder of a company's books.
func (s *Site) PartnerDir(code string) string { return filepath.Join(s.Dir, "partners", code) }

// ConfigFile is the gateway's configuration.
func (s *Site) ConfigFile() string { return filepath.Join(s.Dir, "pointgrid.yaml") }

func (s *Site) seededFile() string { return filepath.Join(s.Dir, "seeded") }
func (s *Site) livedFile() string  { return filepath.Join(s.Dir, "lived") }

// Live lets a sandbox live through its history, once.
func (s *Site) Live(ctx context.Context, h *History) error {
	_, err := os.Stat(s.livedFile())
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := h.Run(ctx); err != nil {
		return err
	}
	return os.WriteFile(s.livedFile(), nil, 0o600)
}

// partnerScopes are those of a company's program.
var partnerScopes = []string{"quotes", "conversions", "agreements", "links", "settlements", "webhooks", "credentials", "access_log"}

// Config returns the configuration of a gateway that listens at an address and
// reaches the companies' connectors at the URLs given by their code.
func (s *Site) Config(listen string, connectors map[string]string) (config.Config, error) {
	c := s.base()
	c.Listen, c.URL, c.Sandbox = listen, "http://"+listen, true
	c.Log.Format, c.Log.Level = "text", "warn"
	c.Staff.SecondFactor = config.Optional
	c.Webhooks.AllowNetworks, c.Webhooks.AllowHTTP = []string{"127.0.0.0/8", "::1/128"}, true
	c.DatabaseAllowPlaintext = true // it holds nobody's points
	_, utility, err := s.Key(UtilityClient)
	if err != nil {
		return config.Config{}, err
	}
	c.Utility.Clients = []config.Client{{ID: UtilityClient, KeyFile: utility,
		Scopes: append([]string{"sandbox", "operator", "rewards", "mall", "support"}, partnerScopes...)}}
	for _, id := range []string{MakerClient, CheckerClient} {
		_, public, err := s.Key(id)
		if err != nil {
			return config.Config{}, err
		}
		c.Utility.Clients = append(c.Utility.Clients, config.Client{ID: id, KeyFile: public, Scopes: []string{"operator", "settlements", "rewards", "support"}})
	}
	c.Utility.Bank = UtilityBank()
	if c.Settlement.Holidays, err = s.holidays(); err != nil {
		return config.Config{}, err
	}
	c.Mall.Billing, c.Mall.Payments = connectors[BackOffice], connectors[BackOffice]
	c.Mall.Identity.Issuer, c.Mall.Identity.ClientID = connectors[IdentityProvider], MemberClient
	for _, company := range Companies() {
		p, err := s.partner(company, connectors[company.Code])
		if err != nil {
			return config.Config{}, err
		}
		c.Companies = append(c.Companies, p)
	}
	return c, nil
}

// holidays writes a file for the years of which the notice was not published when
// this was built, so that a sandbox can pay in them: they have weekends only.
func (s *Site) holidays() (string, error) {
	years := []map[string]any{}
	for year := 2027; year < 2040; year++ {
		years = append(years, map[string]any{"year": year, "notice": "none: a sandbox", "days": []any{}})
	}
	b, err := json.Marshal(map[string]any{"source": "a sandbox, which has weekends only", "years": years})
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.Dir, "holidays.json")
	return path, os.WriteFile(path, b, 0o600)
}

func (s *Site) partner(c Company, url string) (config.Partner, error) {
	_, public, err := s.Key(ClientID(c.Code))
	if err != nil {
		return config.Partner{}, err
	}
	return config.Partner{Code: c.Code, Name: c.Name, NameZH: c.NameZH, Programme: c.Programme, Scale: c.Scale, MSP: c.MSP,
		In: c.In, Out: c.Out, Connector: config.Connector{URL: url}, Statement: c.statement(), Bank: c.Bank,
		Clients: []config.Client{{ID: ClientID(c.Code), KeyFile: public, SandboxKeyFile: s.keyFile(ClientID(c.Code)), Scopes: append([]string{"sandbox"}, partnerScopes...)}}}, nil
}

// statement says how a company's statements come: by its Connector API, at once, or,
// when it moves points before it tells us, so that its host does not know of all,
// by POST /v1/statements.
func (c Company) statement() config.Statement {
	if c.In == "push" {
		return config.Statement{Source: config.FromAPI}
	}
	return config.Statement{Source: config.FromConnector, After: time.Millisecond}
}

// WriteConfig writes the configuration for `pointgrid serve`.
func (s *Site) WriteConfig(c config.Config) error { return s.writeConfig(s.ConfigFile(), c) }

func (s *Site) writeConfig(path string, c config.Config) error {
	b, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// Seeded reports whether the sandbox was seeded to the end. What an interrupted
// seeding left is removed.
func (s *Site) Seeded() (bool, error) {
	_, err := os.Stat(s.seededFile())
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, dir := range []string{s.Home().Ledger(), s.Home().Database(), s.Home().Database() + "-wal", s.Home().Database() + "-shm"} {
		if err := os.RemoveAll(dir); err != nil {
			return false, fmt.Errorf("remove unfinished sandbox: %w", err)
		}
	}
	return false, os.MkdirAll(string(s.Home()), 0o700)
}

// Amounts say how much a new sandbox holds: members, of whom the first are linked with
// every company; how many days ago its alliance opened; and for how many days before
// that the members earned and spent, by so many events, reported in so many strides.
// Without events they have lived through nothing.
type Amounts struct{ Members, Linked, Days, Events, Past, Strides int }

// agreed is how long before a sandbox opens its companies agreed, and its members got
// the points that everybody begins with: longer than reports look back.
const agreed = 400 * day

// perDay is how many events there are on a day like any other.
func (a *Amounts) perDay() int { return a.Events / max(a.Past+a.Days, 1) }

// Life is what members do, in the past and while the sandbox lives through its days.
func (a *Amounts) Life(zone *time.Location) Life {
	return Life{Seed: 2026, Members: a.Members, PerDay: a.perDay(), Zone: zone}
}

// pointsEach is what each member of a new sandbox has in electricity points.
const pointsEach = 20_000

// OpenLedger opens the gateway's ledger while the gateway is stopped. Now is the
// machine's clock, and ago how far the alliance's is behind it.
func (s *Site) OpenLedger(ctx context.Context, now func() time.Time, ago time.Duration) (ledger.Ledger, error) {
	return s.openLedger(ctx, newTravel(now, ago))
}

func (s *Site) openLedger(ctx context.Context, clock *travel) (ledger.Ledger, error) {
	key, err := s.Home().SigningKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	c := s.base()
	return gateway.OpenLedger(ctx, &c, gateway.LedgerOptions{Home: s.Home(), Key: key, Now: clock.Now, Timer: clock.now, Logger: slog.New(slog.DiscardHandler)})
}

// base is the configuration as far as the ledger depends on it.
func (s *Site) base() config.Config {
	c := config.Default()
	c.DataDir, c.DatabaseURL = string(s.Home()), s.DatabaseURL
	if s.Profile != "" {
		c.Ledger.Home, c.Ledger.Profile = config.Fabric, s.Profile
		for _, company := range Companies() {
			c.Ledger.SignFor = append(c.Ledger.SignFor, company.MSP)
		}
	}
	return c
}

// Seed fills a new sandbox, and leaves one that was filled as it is.
func (s *Site) Seed(ctx context.Context, a Amounts, now func() time.Time) error {
	if seeded, err := s.Seeded(); err != nil || seeded {
		return err
	}
	opened := time.Duration(a.Days) * day
	clock := newTravel(now, opened)
	if a.Events > 0 {
		clock = newTravel(now, agreed)
	}
	l, err := s.openLedger(ctx, clock)
	if err != nil {
		return err
	}
	c := s.base()
	store, err := gateway.OpenStore(ctx, &c, now, slog.New(slog.DiscardHandler))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := errors.Join(s.fill(ctx, l, store, a, clock), s.addStaff(ctx, store, now), gateway.SetClock(ctx, store, -opened), store.Close(), l.Close()); err != nil {
		return fmt.Errorf("seed the sandbox: %w", err)
	}
	return os.WriteFile(s.seededFile(), nil, 0o600)
}

func (s *Site) fill(ctx context.Context, l ledger.Ledger, store *sqlstore.Store, a Amounts, clock *travel) error {
	registry, err := gateway.OpenMembers(ctx, s.Home(), store, rand.Reader, clock.Now)
	if err != nil {
		return err
	}
	alliance := config.Default().Alliance
	calendar, err := calendar.Parse(alliance.TimeZone, alliance.CutOff)
	if err != nil {
		return err
	}
	opens := clock.now()
	opening := opens.Add(-time.Duration(a.Days) * day)
	seeding := Seeding{Ledger: l, Links: store, Registry: registry, Hub: alliance.Hub, MSP: alliance.MSP, Stories: a.Events > 0, Opens: opens,
		Window: calendar.Date(opening), Members: a.Members, Points: pointsEach, Linked: a.Linked, Now: clock.Now, Random: rand.Reader}
	if err := seeding.Run(ctx); err != nil {
		return err
	}
	service, err := seeding.seedRewards(ctx, store, calendar.Date)
	if err != nil {
		return err
	}
	m, back, err := s.openMall(l, store, standings{service}, registry, calendar.Location, clock.Now)
	if err != nil {
		return err
	}
	err = fillMall(ctx, m, opens)
	if err == nil && a.Events > 0 && a.Members > 0 {
		err = (&past{seeding: &seeding, clock: clock, rewards: service, mall: m, life: a.Life(calendar.Location), opening: opening, day: calendar.Date, days: a.Past, strides: a.Strides}).run(ctx)
	}
	return errors.Join(err, m.Close(ctx), back.Close())
}
