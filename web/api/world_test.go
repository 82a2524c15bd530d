package api_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/exchange/bulkfile/bulkfiletest"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnerstest"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

// The alliance of the tests: two partners that move their own side.
var (
	gateway    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	accountKey = []byte("an account key for tests, 32 bytes")
	companies  = []partners.Partner{
		{Code: "sky", Name: "Sky Air", NameZH: "云航", Programme: "SKYM", MSP: "SkyMSP", In: partners.Push, Out: partners.Push},
		{Code: "shop", Name: "Shop", Programme: "SHOP", Scale: 2, MSP: "ShopMSP", In: partners.Push, Out: partners.Push},
	}
	forPartners = []partners.Scope{"quotes", "conversions", "agreements", "links", "settlements", "webhooks", "credentials", "access_log"}
)

// world is an alliance with a real exchange over a ledger and a store in memory,
// and a real HTTP server before it.
type world struct {
	t       testing.TB
	ledger  *ledgertest.Memory
	store   *exchangetest.Memory
	hooks   *webhookstest.Memory
	script  *script
	nights  *nights
	files   *bulkfile.Service
	rewards *rewards.Service
	bonuses shownBonuses

	statements *statements.Service
	desk       *desk.Desk
	reconciler *reconciled
	clock      *sandboxClock
	keys       map[string]ed25519.PrivateKey // of the clients
	kids       map[string]string             // IDs of their keys, if not key-of- and the client's
	log        *safeBuffer

	credentials *partnerstest.Memory
	directory   *partners.Directory

	signing partners.SigningKey
	options api.Options
	url     string
	handler http.Handler
	client  map[string]*caller
	ready   error
}

// newWorld serves the alliance. The clients are sky-app, sky-other, shop-app
// and ops, the utility's.
func newWorld(t testing.TB, change ...func(*api.Options)) *world {
	t.Helper()
	w := &world{t: t, store: exchangetest.NewMemory(), nights: &nights{}, keys: map[string]ed25519.PrivateKey{}, kids: map[string]string{}, client: map[string]*caller{}, log: &safeBuffer{}}
	w.clock = &sandboxClock{now: time.Now().Truncate(time.Second)}
	w.ledger = ledgertest.NewMemory(time.Now)
	w.found()
	registry, err := partners.NewRegistry(companies, []partners.Client{
		w.register("sky-app", "sky", forPartners...), w.register("sky-other", "sky", forPartners...), w.register("shop-app", "shop", forPartners...),
		w.register("sandbox", "sky", partners.ScopeSandbox), w.register("ops", "", partners.ScopeOperator, partners.ScopeSettlements), w.register("ops-checker", "", partners.ScopeOperator),
		w.register("billing", "", partners.ScopeRewards), w.register("marketing", "", partners.ScopeRewards)})
	must(t, err)
	w.credentials = partnerstest.NewMemory()
	w.directory, err = partners.OpenDirectory(t.Context(), partners.DirectoryOptions{Registry: registry, Store: w.credentials, Now: time.Now, Random: rand.Reader})
	must(t, err)
	logger := slog.New(slog.NewJSONHandler(w.log, nil))
	service, err := exchange.New(exchange.Options{Ledger: w.ledger, Identity: gateway, Store: w.store, Registry: registry,
		Hosts: func(string) connector.Host { return nil }, Members: memberstest.NewKnown(accountKey), Now: time.Now, Random: rand.Reader, Logger: logger})
	must(t, err)
	must(t, service.Start(context.Background()))
	t.Cleanup(func() { _ = service.Close(context.Background()) })
	w.script = &script{Service: service}
	w.serveFiles(service, registry, logger)
	w.serveRewards(logger)
	w.signing, err = partners.LoadOrCreateSigningKey(filepath.Join(t.TempDir(), "key.pem"), rand.Reader)
	must(t, err)
	w.reconciles(logger)
	w.options = api.Options{Received: w.statements, Breaks: w.desk, Reconciler: w.reconciler,
		MSP: msp(registry), Signing: noSigning{}, Payments: noPayments{}, Papers: noPapers{}, Exchange: w.script, Files: w.files, Rewards: w.rewards, Bonuses: &w.bonuses, Quotes: w.store, Settlements: w.nights, Statements: w.nights.open, SettleDue: w.nights.settleDue, Answers: newAnswers(), Webhooks: w.webhooks(),
		Registry: w.directory, Access: &memoryLog{Memory: w.credentials}, Signed: w.store, Assertions: &usedUp{seen: map[string]bool{}}, Issuer: "https://api.pointgrid.example", Keys: []partners.SigningKey{w.signing},
		Clock: w.clock, Ready: func(context.Context) error { return w.ready }, Metrics: prometheus.NewRegistry(), Now: time.Now, Random: rand.Reader, Logger: logger}
	for _, c := range change {
		c(&w.options)
	}
	w.serve()
	return w
}

// noSigning and noPayments are for tests that need neither.
type (
	noSigning  struct{ api.Signing }
	noPayments struct{ api.Payments }
	noPapers   struct{ api.Papers }
)

func (noPayments) Instruction(context.Context, desk.Person, string) ([]byte, error) {
	return nil, payment.ErrNothing
}

func msp(r *partners.Registry) func(string) (string, bool) {
	return func(code string) (string, bool) {
		p, ok := r.Partner(code)
		if !ok {
			return "", false
		}
		return p.MSP, true
	}
}

// webhooks takes endpoints at 127.0.0.1, and sends nothing.
func (w *world) webhooks() *webhooks.Service {
	w.hooks = webhookstest.NewMemory(time.Now)
	sealer, err := webhooks.NewSealer(make([]byte, webhooks.SealKeyBytes), rand.Reader)
	must(w.t, err)
	s, err := webhooks.NewService(webhooks.ServiceOptions{Store: w.hooks, Sealer: sealer, Now: time.Now, Random: rand.Reader, Wake: func(ledger.ID) {},
		Guard: webhooks.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}})
	must(w.t, err)
	return s
}

func (w *world) serveFiles(converter bulkfile.Converter, registry *partners.Registry, logger *slog.Logger) {
	root, err := os.OpenRoot(w.t.TempDir())
	must(w.t, err)
	w.t.Cleanup(func() { _ = root.Close() })
	w.files, err = bulkfile.New(bulkfile.Options{Store: bulkfiletest.NewMemory(), Exchange: converter, Registry: registry, Dir: root,
		BytesMax: 10_000, OpenMax: 3, Now: time.Now, Random: rand.Reader, Logger: logger})
	must(w.t, err)
	must(w.t, w.files.Start(context.Background()))
	w.t.Cleanup(w.files.Close)
}

func (w *world) serveRewards(logger *slog.Logger) {
	var err error
	w.rewards, err = rewards.New(context.Background(), rewards.Options{Ledger: w.ledger, Identity: gateway, Store: rewardstest.NewMemory(), Members: memberstest.NewKnown(accountKey),
		Day: func(at time.Time) ledger.Date { return ledger.DateOf(at.UTC()) }, Now: time.Now, Logger: logger})
	must(w.t, err)
	must(w.t, w.rewards.Start(context.Background()))
	w.t.Cleanup(w.rewards.Close)
}

func (w *world) serve() {
	w.t.Helper()
	a, err := api.New(w.options)
	must(w.t, err)
	server := httptest.NewUnstartedServer(a.Handler())
	server.Config = api.NewServer("", a.Handler(), w.options.Logger)
	server.Config.ReadTimeout = time.Second
	server.Start()
	w.t.Cleanup(server.Close)
	w.url, w.handler = server.URL, a.Handler()
}

func (w *world) register(id, partner string, scopes ...partners.Scope) partners.Client {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(w.t, err)
	w.keys[id] = private
	return partners.Client{ID: id, Partner: partner, Scopes: scopes, Keys: []partners.Key{{ID: "key-of-" + id, Algorithm: "EdDSA", Public: public}}}
}

// found sets the alliance up on the ledger: 3 SKYM give 1 EPT and so on, in
// steps of 30, 30 to 300,000.
func (w *world) found() {
	w.give(gateway, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	for _, p := range companies {
		w.give(gateway, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
		for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			terms := ledger.Terms{Partner: p.Code, Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}, Step: 30, Min: 30, Max: 300_000,
				Price: 50_000, FeeBPS: 100, FeePayer: ledger.FeeMember, ExposureCap: 1_000_000_000_000, LockSeconds: 3600}
			if dir == ledger.In {
				terms.LotMonths = 24
			}
			id := w.give(gateway, &ledger.ProposeAgreement{Terms: terms})
			w.give(ledger.Identity{MSP: p.MSP, Subject: "finance"}, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
		}
	}
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.ID {
	w.t.Helper()
	id := newID()
	results, err := w.ledger.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func newID() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(time.Now(), random).Root()
}

// link makes a link of a new member, with points, and returns its ID.
func (w *world) link(partner string) string {
	w.t.Helper()
	number := rand.Text()
	account, err := ledger.MemberAccount(accountKey, number)
	must(w.t, err)
	w.give(gateway, &ledger.Issue{Account: account, Amount: 100_000, Expiry: ledger.MonthOf(2099, 12)})
	l := &exchange.Link{ID: newID(), Partner: partner, Member: number, Membership: partner + "-" + number,
		Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}
	must(w.t, w.store.CreateLink(context.Background(), l))
	return l.ID.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// memoryLog writes every entry at once, and in order also within a millisecond.
type memoryLog struct {
	*partnerstest.Memory
	serial atomic.Uint64
}

func (m *memoryLog) Note(a partners.Access) { m.Keep(context.Background(), a) }

func (m *memoryLog) Keep(ctx context.Context, a partners.Access) {
	var serial [10]byte
	binary.BigEndian.PutUint32(serial[6:], uint32(m.serial.Add(1)))
	a.ID = ledger.NewID(a.At, serial)
	_ = m.AppendAccess(ctx, []partners.Access{a})
}

// script is the real exchange, with some of its methods replaced by tests.
type script struct {
	*exchange.Service
	convert     func(ctx context.Context, r exchange.ConvertRequest, wait time.Duration) (*exchange.Conversion, bool, error)
	room        func() error
	convertMany func(requests []exchange.ConvertRequest) []exchange.Outcome
	reverse     func(r exchange.ReverseRequest, wait time.Duration) (*exchange.Reversal, bool, error)
	quote       func() (*exchange.Quote, error)
	propose     func() (*ledger.Agreement, error)
	accept      func() (*ledger.Agreement, error)
	link        func() (*exchange.Link, error)
	escalated   func() ([]*exchange.Conversion, []*exchange.Reversal, error)
	programmes  func() ([]exchange.Programme, error)
	conversions func() ([]*exchange.Conversion, error)
}

func (s *script) Convert(ctx context.Context, p exchange.Party, r exchange.ConvertRequest, wait time.Duration) (*exchange.Conversion, bool, error) {
	if s.convert != nil {
		return s.convert(ctx, r, wait)
	}
	return s.Service.Convert(ctx, p, r, wait)
}

func (s *script) Room(p exchange.Party) error {
	if s.room != nil {
		return s.room()
	}
	return s.Service.Room(p)
}

func (s *script) ConvertMany(ctx context.Context, p exchange.Party, requests []exchange.ConvertRequest, wait time.Duration) []exchange.Outcome {
	if s.convertMany != nil {
		return s.convertMany(requests)
	}
	return s.Service.ConvertMany(ctx, p, requests, wait)
}

func (s *script) Reverse(ctx context.Context, p exchange.Party, r exchange.ReverseRequest, wait time.Duration) (*exchange.Reversal, bool, error) {
	if s.reverse != nil {
		return s.reverse(r, wait)
	}
	return s.Service.Reverse(ctx, p, r, wait)
}

func (s *script) Quote(ctx context.Context, p exchange.Party, r exchange.QuoteRequest) (*exchange.Quote, error) {
	if s.quote != nil {
		return s.quote()
	}
	return s.Service.Quote(ctx, p, r)
}

func (s *script) Propose(ctx context.Context, p exchange.Party, terms ledger.Terms) (*ledger.Agreement, error) {
	if s.propose != nil {
		return s.propose()
	}
	return s.Service.Propose(ctx, p, terms)
}

func (s *script) Accept(ctx context.Context, p exchange.Party, id ledger.ID, hash ledger.Hash) (*ledger.Agreement, error) {
	if s.accept != nil {
		return s.accept()
	}
	return s.Service.Accept(ctx, p, id, hash)
}

func (s *script) Link(ctx context.Context, p exchange.Party, r exchange.LinkRequest) (*exchange.Link, error) {
	if s.link != nil {
		return s.link()
	}
	return s.Service.Link(ctx, p, r)
}

func (s *script) Escalated(ctx context.Context) ([]*exchange.Conversion, []*exchange.Reversal, error) {
	if s.escalated != nil {
		return s.escalated()
	}
	return s.Service.Escalated(ctx)
}

func (s *script) Programmes(ctx context.Context) ([]exchange.Programme, error) {
	if s.programmes != nil {
		return s.programmes()
	}
	return s.Service.Programmes(ctx)
}

func (s *script) Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error) {
	if s.conversions != nil {
		return s.conversions()
	}
	return s.Service.Conversions(ctx, p, f)
}

// nights are settlements in memory, newest first, and their statements.
type nights struct {
	all     []*settlement.Settlement
	content map[string]string
	broken  error // in the middle of a statement
	due     []settlement.Settlement
}

// settleDue settles what is due, once.
func (n *nights) settleDue(context.Context) ([]settlement.Settlement, error) {
	made := n.due
	n.due = nil
	return made, nil
}

func (n *nights) Settlement(_ context.Context, id string) (*settlement.Settlement, error) {
	for _, s := range n.all {
		if s.ID == id {
			return s, nil
		}
	}
	return nil, settlement.ErrNotFound
}

func (n *nights) Settlements(_ context.Context, partner, before string, limit int) (found []*settlement.Settlement, _ error) {
	past := before == ""
	for _, s := range n.all {
		if past && (partner == "" || s.Partner == partner) && len(found) < limit {
			found = append(found, s)
		}
		past = past || s.ID == before
	}
	return found, nil
}

func (n *nights) open(s *settlement.Settlement) (io.ReadCloser, error) {
	text, ok := n.content[s.ID]
	if !ok {
		return nil, settlement.ErrNotFound
	}
	if n.broken != nil {
		return io.NopCloser(io.MultiReader(strings.NewReader(text), brokenReader{n.broken})), nil
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

// sandboxClock settles one window per day that it is moved.
type sandboxClock struct {
	mu    sync.Mutex
	now   time.Time
	moved []settlement.Settlement
}

func (c *sandboxClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *sandboxClock) Window(context.Context) (ledger.Date, error) {
	return ledger.DateOf(c.Now()), nil
}

func (c *sandboxClock) AdvanceTo(_ context.Context, to time.Time) ([]settlement.Settlement, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to.Before(c.now) {
		return nil, api.ErrClockBackward
	}
	c.now = to
	return c.moved, nil
}

// usedUp is an AssertionStore.
type usedUp struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (u *usedUp) UseAssertion(_ context.Context, client, id string, _, _ time.Time) (bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	twice := u.seen[client+" "+id]
	u.seen[client+" "+id] = true
	return !twice, nil
}

// answers is an idempotency.Store in memory.
type answers struct {
	mu      sync.Mutex
	running map[string]idempotency.Request
	saved   map[string]saved
	broken  error
}

type saved struct {
	hash   ledger.Hash
	answer idempotency.Answer
}

func newAnswers() *answers {
	return &answers{running: map[string]idempotency.Request{}, saved: map[string]saved{}}
}

func nameOf(r idempotency.Request) string {
	return strings.Join([]string{r.Client, r.Route, r.Key}, "\x00")
}

func (s *answers) Begin(_ context.Context, r idempotency.Request, _ time.Time, _ time.Duration) (*idempotency.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	if done, ok := s.saved[nameOf(r)]; ok {
		if done.hash != r.Hash {
			return nil, idempotency.ErrMismatch
		}
		return &done.answer, nil
	}
	if under, ok := s.running[nameOf(r)]; ok {
		if under.Hash != r.Hash {
			return nil, idempotency.ErrMismatch
		}
		return nil, idempotency.ErrRunning
	}
	s.running[nameOf(r)] = r
	return nil, nil
}

func (s *answers) Finish(_ context.Context, r idempotency.Request, a idempotency.Answer, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, nameOf(r))
	s.saved[nameOf(r)] = saved{r.Hash, a}
	return nil
}

func (s *answers) Abandon(_ context.Context, r idempotency.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, nameOf(r))
	return nil
}

func (s *answers) Forget(context.Context, time.Time) (int, error) { return 0, errors.New("not here") }

// safeBuffer is a log that is read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(slices.Clone(s.b))
}
