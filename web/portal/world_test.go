package portal_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnerstest"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/signintest"
)

const password = "a horse, a battery, a staple"

var (
	accountKey = []byte("an account key for tests, 32 bytes")
	gateway    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	companies  = []partners.Partner{
		{Code: "sky", Name: "Sky <Air>", NameZH: "云航", Programme: "SKYM", MSP: "SkyMSP", In: partners.Push, Out: partners.Push},
		{Code: "shop", Name: "Shop", NameZH: "商店", Programme: "SHOP", Scale: 2, MSP: "ShopMSP", In: partners.Push, Out: partners.Push},
	}
)

// world is an alliance of two partners with staff, over a ledger and stores in
// memory, and a server before it.
type world struct {
	t       testing.TB
	ledger  *ledgertest.Memory
	service *exchange.Service
	staff   *signin.Service
	store   *signintest.Memory
	clock   *clock           // the alliance's
	machine *testclock.Clock // by which sessions live
	serial  int
	url     string

	clients   *partnerstest.Memory
	directory *partners.Directory
	hooks     *webhooks.Service
	messages  *webhookstest.Memory
	reports   reports
}

// configured is a client of a company's with a key, as the configuration has it.
func configured(t testing.TB, company string) partners.Client {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return partners.Client{ID: company + "-app", Partner: company, Scopes: []partners.Scope{partners.ScopeQuotes},
		Keys: []partners.Key{{ID: "key-of-" + company, Algorithm: "EdDSA", Public: public}}}
}

// reports keeps conformance reports.
type reports map[string]portal.Kept

func (r reports) Report(_ context.Context, partner string) (*portal.Kept, error) {
	if k, ok := r[partner]; ok {
		return &k, nil
	}
	return nil, portal.ErrNoReport
}

func (r reports) SaveReport(_ context.Context, partner string, k portal.Kept) error {
	r[partner] = k
	return nil
}

// openHooks makes the service of webhooks; nothing is delivered.
func (w *world) openHooks() {
	sealer, err := webhooks.NewSealer(accountKey[:32], rand.Reader)
	must(w.t, err)
	w.messages = webhookstest.NewMemory(w.machine.Now)
	w.hooks, err = webhooks.NewService(webhooks.ServiceOptions{Store: w.messages, Sealer: sealer, Guard: webhooks.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Now: w.machine.Now, Random: rand.Reader, Wake: func(ledger.ID) {}})
	must(w.t, err)
}

// clock is what the portal moves.
type clock struct{ *testclock.Clock }

func (c *clock) Window(context.Context) (ledger.Date, error) { return ledger.DateOf(c.Now()), nil }

func (c *clock) AdvanceTo(_ context.Context, to time.Time) ([]settlement.Settlement, error) {
	c.Set(to)
	return []settlement.Settlement{{Partner: "sky"}, {Partner: "shop"}}, nil
}

type nights struct{}

func (nights) Settlements(_ context.Context, partner, _ string, _ int) ([]*settlement.Settlement, error) {
	d := ledger.DateOf(time.Now()) - 1
	return []*settlement.Settlement{{Partner: partner, Window: d, Position: ledger.Position{In: ledger.Flow{Count: 41}}}}, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, change ...func(*signin.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{testclock.At(time.Now().Truncate(time.Second))}, machine: testclock.At(time.Now()), store: signintest.NewMemory()}
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	w.ledger = ledgertest.NewMemory(w.clock.Now)
	w.found()
	registry, err := partners.NewRegistry(companies, []partners.Client{configured(t, "sky"), configured(t, "shop")})
	must(t, err)
	w.clients = partnerstest.NewMemory()
	w.directory, err = partners.OpenDirectory(context.Background(), partners.DirectoryOptions{Registry: registry, Store: w.clients, Now: w.machine.Now, Random: rand.Reader})
	must(t, err)
	w.service, err = exchange.New(exchange.Options{Ledger: w.ledger, Identity: gateway, Store: exchangetest.NewMemory(), Registry: registry,
		Hosts: func(string) connector.Host { return nil }, Members: memberstest.NewKnown(accountKey), Now: w.clock.Now, Random: rand.Reader, Logger: logger})
	must(t, err)
	must(t, w.service.Start(context.Background()))
	t.Cleanup(func() { _ = w.service.Close(context.Background()) })
	staff := signin.Options{Store: w.store, Key: accountKey, Cost: signin.Cost{Time: 1, Memory: 64}, Now: w.machine.Now, Random: rand.Reader, Logger: logger}
	for _, c := range change {
		c(&staff)
	}
	w.staff, err = signin.New(staff)
	must(t, err)
	w.reports = reports{}
	w.openHooks()
	w.serve(registry, logger)
	w.addUser("anna.sky", "sky", signin.Engineer)
	w.addUser("fritz.sky", "sky", signin.Finance)
	w.addUser("sara.shop", "shop", signin.Engineer)
	w.addUser("uma", "", signin.Admin)
	return w
}

func (w *world) serve(registry *partners.Registry, logger *slog.Logger) {
	set := pages(w.t, logger)
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	p, err := portal.New(portal.Options{Service: w.staff, Pages: set, Exchange: w.service, Ledger: w.ledger, Registry: registry, Settlements: nights{},
		Programs: func(partner string) []portal.Program {
			return []portal.Program{{ID: partner + "-app", KeyID: "key-1", KeyFile: "/keys/" + partner + ".pem"}}
		},
		Directory: w.directory, Accesses: w.clients, Hooks: w.hooks, Reports: w.reports,
		Clock: w.clock, Hub: "EPT", URL: w.url, Location: time.UTC, Now: w.clock.Now, Machine: w.machine.Now,
		Figures: portal.Figures{QuoteLife: time.Minute, TokenLife: 10 * time.Minute, Deadline: 2 * time.Minute}})
	must(w.t, err)
	routes, err := set.Protect(w.url, append(set.Routes(), p.Routes()...))
	must(w.t, err)
	server.Config.Handler = page.Mux(routes)
	server.Start()
	w.t.Cleanup(server.Close)
}

// found sets the alliance up: 3 SKYM give 1 EPT and so on.
func (w *world) found() {
	w.give(gateway, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.clock.Now())})
	for _, p := range companies {
		w.give(gateway, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
		for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			w.agree(p, dir, 1)
		}
	}
}

func terms(p partners.Partner, dir ledger.Direction, version uint32) ledger.Terms {
	t := ledger.Terms{Partner: p.Code, Direction: dir, Version: version, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}, Step: 30, Min: 30, Max: 300_000,
		DayCap: 3_000_000, Price: 50_000, FeeBPS: 100 * version, FeePayer: ledger.FeeMember, ExposureCap: 10_000_000_000, LockSeconds: 3600}
	if dir == ledger.In {
		t.LotMonths = 24
	}
	return t
}

func (w *world) agree(p partners.Partner, dir ledger.Direction, version uint32) {
	t := terms(p, dir, version)
	id := w.give(gateway, &ledger.ProposeAgreement{Terms: t})
	w.give(ledger.Identity{MSP: p.MSP, Subject: "finance"}, &ledger.AcceptAgreement{Agreement: id, Hash: t.Hash()})
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.ID {
	w.t.Helper()
	id := w.newID()
	results, err := w.ledger.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func (w *world) newID() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(w.clock.Now(), random).Root()
}

// convert turns points of a company into electricity points.
func (w *world) convert(partner string, amount int64) *exchange.Conversion {
	w.t.Helper()
	w.serial++
	ctx, party := context.Background(), exchange.Party{Client: partner + "-app", Partner: partner}
	number := rand.Text()
	link, err := w.service.Link(ctx, party, exchange.LinkRequest{Partner: partner, Member: number, Membership: number,
		Consent: exchange.Consent{TextVersion: "1", GivenAt: w.clock.Now().UnixMilli(), Channel: "app"}})
	must(w.t, err)
	var company partners.Partner
	for _, c := range companies {
		if c.Code == partner {
			company = c
		}
	}
	c, _, err := w.service.Convert(ctx, party, exchange.ConvertRequest{Source: company.Programme, Destination: "EPT", From: amount, LinkID: link.ID,
		Reference: number, Idempotency: exchange.Idempotency{Key: number, Hash: ledger.Hash{byte(w.serial)}}}, time.Minute)
	must(w.t, err)
	return c
}

func (w *world) addUser(login, company string, roles ...signin.Role) {
	w.t.Helper()
	_, _, err := w.staff.AddUser(context.Background(), signin.NewUser{Login: login, Name: "Name of " + login, Company: company, Roles: roles, Password: password, KeepPassword: true})
	must(w.t, err)
}

func (w *world) browser() *pagetest.Browser { return pagetest.Open(w.t, w.url, "/portal/account") }

// signedIn is a browser of a user.
func (w *world) signedIn(login string) *pagetest.Browser {
	w.t.Helper()
	b := w.browser()
	got := b.Post("/portal/sign-in", url.Values{"login": {login}, "password": {password}})
	if got.Path != "/portal" || got.Status != http.StatusOK {
		w.t.Fatalf("sign-in of %s leads to %d %s", login, got.Status, got.Path)
	}
	return b
}
