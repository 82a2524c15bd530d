package settlement_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// honest is an alliance of real parts: the exchange over SQLite, partners' hosts
// behind HTTP with books of their own, and the night. Nobody makes a mistake, but
// much goes wrong on the way.
type honest struct {
	t          *testing.T
	random     *mathrand.Rand
	ahead      atomic.Int64
	zone       calendar.CutOff
	ledger     *ledgertest.Memory
	store      *sqlstore.Store
	exchange   *exchange.Service
	hosts      map[string]*partnersim.Host
	clients    map[string]connector.Host
	night      *settlement.Night
	desk       *desk.Desk
	statements *statements.Service
	reconciler *settlement.Reconciler
	links      map[string][]ledger.ID
	key        int
	done       []ledger.ID // completed conversions
}

var callbacks = []partners.Partner{
	{Code: "sky", Name: "Sky", Programme: "MILES", MSP: "SkyMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://sky.test"}},
	{Code: "tel", Name: "Tel", Programme: "TELE", Scale: 2, MSP: "TelMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://tel.test"}},
}

var honestKey = []byte("an account key for tests, 32 bytes")

func (h *honest) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// goTo moves the clock to a moment, which is later.
func (h *honest) goTo(at time.Time) { h.ahead.Add(int64(at.Sub(h.now()))) }

func newHonest(t *testing.T, seed uint64) *honest {
	t.Helper()
	h := &honest{t: t, random: mathrand.New(mathrand.NewPCG(seed, 1)), hosts: map[string]*partnersim.Host{}, links: map[string][]ledger.ID{}}
	var err error
	h.zone, err = calendar.Parse("Asia/Shanghai", "00:00")
	must(t, err)
	h.goTo(h.zone.Start(h.zone.Date(time.Now()) + 1).Add(9 * time.Hour))
	h.ledger = ledgertest.NewMemory(h.now)
	h.store, err = sqlstore.Open(t.Context(), sqlstore.Options{Path: filepath.Join(t.TempDir(), "store.db"), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	h.found()
	h.simulate()
	h.open()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = h.exchange.Close(ctx)
		must(t, h.ledger.Close())
		must(t, h.store.Close())
	})
	return h
}

func (h *honest) give(who ledger.Identity, body ledger.Body) ledger.ID {
	h.t.Helper()
	id := h.id()
	results, err := h.ledger.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(h.t, err)
	if results[0].Code != ledger.CodeOK {
		h.t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func (h *honest) id() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(h.now(), random).Root()
}

// found sets up companies, agreements whose rates do not divide evenly and whose
// fees somebody else pays each, and members.
func (h *honest) found() {
	h.give(settlementtest.Utility, &ledger.Initialise{Hub: "EPT", Window: h.zone.Date(h.now())})
	payers := []ledger.FeePayer{ledger.FeeMember, ledger.FeePartner, ledger.FeeUtility, ledger.FeeMember}
	for i, p := range callbacks {
		h.give(settlementtest.Utility, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
		for j, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			terms := ledger.Terms{Partner: p.Code, Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: 3e6, ToUnits: 1e6}, Step: 10, Min: 10, Max: 500_000,
				Price: 8_000, FeeBPS: 150, FeePayer: payers[2*i+j], ExposureCap: 1e15, LockSeconds: 3600}
			if dir == ledger.In {
				terms.LotMonths = 24
			} else {
				terms.Rate = ledger.Rate{FromUnits: 7e6, ToUnits: 9e6}
			}
			id := h.give(settlementtest.Utility, &ledger.ProposeAgreement{Terms: terms})
			h.give(ledger.Identity{MSP: p.MSP, Subject: "finance"}, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
		}
	}
	for n := range 6 {
		number := fmt.Sprintf("M-%d", n)
		account, err := ledger.MemberAccount(honestKey, number)
		must(h.t, err)
		h.give(settlementtest.Utility, &ledger.Issue{Account: account, Amount: 1_000_000, Expiry: ledger.MonthOf(2099, 12)})
		for _, p := range callbacks {
			l := &exchange.Link{ID: h.id(), Partner: p.Code, Member: number, Membership: p.Code + "/" + number,
				Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}
			must(h.t, h.store.CreateLink(context.Background(), l))
			h.links[p.Code] = append(h.links[p.Code], l.ID)
		}
	}
}

func (h *honest) simulate() {
	const keyID = "gateway-test"
	key := ed25519.NewKeyFromSeed([]byte("32 bytes of a key for tests only"))
	signer, err := signature.NewSigner(keyID, key, time.Now, rand.Reader)
	must(h.t, err)
	h.clients = map[string]connector.Host{}
	for _, p := range callbacks {
		host, err := partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: p.Programme, Scale: p.Scale,
			Keys: signature.StaticKeys{keyID: key.Public().(ed25519.PublicKey)}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
		must(h.t, err)
		for n := range 6 {
			must(h.t, host.OpenMember(fmt.Sprintf("%s/M-%d", p.Code, n), connector.MemberActive, 10_000_000))
		}
		server := httptest.NewServer(host.Handler())
		h.t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
			must(h.t, host.Close())
		})
		h.hosts[p.Code] = host
		h.clients[p.Code], err = connector.New(connector.Options{BaseURL: server.URL, Partner: p.Code, Signer: signer,
			Timeout: 300 * time.Millisecond, StatusTimeout: 300 * time.Millisecond, Attempts: 1, Breaker: connector.BreakerOptions{Failures: 1 << 30},
			Clock: time.Now, Rand: mathrand.Int64N, Logger: slog.New(slog.DiscardHandler)})
		must(h.t, err)
	}
}

func (h *honest) open() {
	logger := slog.New(slog.DiscardHandler)
	registry, err := partners.NewRegistry(callbacks, nil)
	must(h.t, err)
	h.exchange, err = exchange.New(exchange.Options{Ledger: h.ledger, Identity: settlementtest.Utility, Store: h.store, Registry: registry,
		Hosts: func(code string) connector.Host { return h.clients[code] }, Members: memberstest.NewKnown(honestKey), RetryFirst: time.Millisecond, RetryMax: 20 * time.Millisecond,
		RescanEvery: 5 * time.Millisecond, Deadline: time.Second, Now: h.now, Random: rand.Reader, Logger: logger})
	must(h.t, err)
	must(h.t, h.exchange.Start(context.Background()))
	h.night = settlement.New(settlement.Options{Ledger: h.ledger, Identity: settlementtest.Utility, Store: h.store, Dir: h.t.TempDir(),
		Calendar: h.zone, Now: h.now, Logger: logger})
	h.desk = desk.New(desk.Options{Store: h.store, Ledger: h.ledger, MSP: settlementtest.Utility.MSP, DueDays: 3, Now: h.now, Random: rand.Reader})
	root := func() *os.Root {
		r, err := os.OpenRoot(h.t.TempDir())
		must(h.t, err)
		h.t.Cleanup(func() { _ = r.Close() })
		return r
	}
	h.statements, err = statements.New(statements.Options{Store: h.store, Ledger: h.ledger, Calendar: h.zone, Dir: root(), Now: h.now, Random: rand.Reader, Logger: logger,
		Layout: func(code string) (statementfile.Layout, bool) {
			p, ok := registry.Partner(code)
			return statementfile.Layout{Programme: p.Programme, Scale: p.Scale, Zone: h.zone.Location}, ok
		}})
	must(h.t, err)
	h.reconciler = settlement.NewReconciler(settlement.ReconcilerOptions{Ledger: h.ledger, Identity: settlementtest.Utility, Store: h.store, Runs: h.store,
		Records: h.store, Links: h.store, Statements: h.statements, Desk: h.desk, Calendar: h.zone, Dir: root(), SpillDir: h.t.TempDir(),
		Tolerance: func(string) reconcile.Tolerance {
			return reconcile.Tolerance{Late: 10 * time.Minute, LateDays: 1, KeepDays: 7}
		},
		Due: func(string) time.Duration { return time.Hour }, Now: h.now, Random: rand.Reader, Logger: logger})
}

// burst converts and reverses side by side, with partners that decline, fail and
// lose answers, while somebody else does what meanwhile does.
func (h *honest) burst(meanwhile func()) {
	h.t.Helper()
	for _, host := range h.hosts {
		verbs := []connector.Verb{connector.VerbDebit, connector.VerbCredit, connector.VerbReverse, connector.VerbStatus}
		kinds := []partnersim.FaultKind{partnersim.FaultLoseAnswer, partnersim.FaultDown, partnersim.FaultError, partnersim.FaultBusy, partnersim.FaultDecline}
		fault := partnersim.Fault{Verb: verbs[h.random.IntN(len(verbs))], Kind: kinds[h.random.IntN(len(kinds))], Count: 1 + h.random.IntN(3)}
		if fault.Verb == connector.VerbStatus {
			fault.Kind = partnersim.FaultDown
		}
		must(h.t, host.Faults().Set(fault))
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	reversed := append([]ledger.ID(nil), h.done...)
	for n := range 12 {
		ways := [][3]string{{"sky", "MILES", "EPT"}, {"sky", "EPT", "MILES"}, {"tel", "TELE", "EPT"}, {"tel", "EPT", "TELE"}, {"sky", "MILES", "TELE"}, {"tel", "TELE", "MILES"}}
		way := ways[h.random.IntN(len(ways))]
		h.key++
		idem := exchange.Idempotency{Key: fmt.Sprintf("key-%d", h.key), Hash: ledger.Hash{1}}
		if n%4 == 3 && len(reversed) > 0 {
			id := reversed[h.random.IntN(len(reversed))]
			amount := int64(10 + h.random.IntN(300))
			all.Go(func() { // another one may be under way, or nothing be left
				_, _, _ = h.exchange.Reverse(context.Background(), exchange.Party{Client: "staff"}, exchange.ReverseRequest{Conversion: id, Amount: amount, Idempotency: idem}, 5*time.Second)
			})
			continue
		}
		r := exchange.ConvertRequest{Source: way[1], Destination: way[2], From: int64(10 * (5 + h.random.IntN(500))), LinkID: h.links[way[0]][h.random.IntN(6)], Idempotency: idem}
		all.Go(func() {
			c, _, err := h.exchange.Convert(context.Background(), exchange.Party{Client: "staff"}, r, 5*time.Second)
			if err == nil && c.Status == exchange.Completed {
				mu.Lock()
				h.done = append(h.done, c.ID)
				mu.Unlock()
			}
		})
	}
	if meanwhile != nil {
		meanwhile()
	}
	all.Wait()
}

// atRest reports whether everything that was begun has ended.
func (h *honest) atRest() bool {
	conversions, err := h.store.UnfinishedConversions(context.Background(), ledger.ID{}, 1)
	must(h.t, err)
	reversals, err := h.store.UnfinishedReversals(context.Background(), ledger.ID{}, 1)
	must(h.t, err)
	return len(conversions) == 0 && len(reversals) == 0
}

// compare lets what is under way end, fetches the statements of what is netted and
// compares it.
func (h *honest) compare() {
	h.t.Helper()
	ctx := context.Background()
	for _, host := range h.hosts {
		host.Faults().Clear()
	}
	for end := time.Now().Add(20 * time.Second); !h.atRest(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatal("the exchange does not come to rest")
		}
	}
	_, err := h.night.RunDue(ctx)
	must(h.t, err)
	waiting, err := h.reconciler.Waiting(ctx)
	must(h.t, err)
	for _, w := range waiting {
		from, err := h.clients[w.Partner].Statement(ctx, w.Window.In(time.UTC))
		must(h.t, err)
		r, err := h.statements.Receive(ctx, statements.Delivery{Partner: w.Partner, Day: w.Window, Source: statements.Connector, By: "test"}, from)
		must(h.t, err)
		must(h.t, from.Close())
		if r.Statement.Refused {
			h.t.Fatalf("refused: %+v", r.Statement.Problems)
		}
	}
	_, err = h.reconciler.RunDue(ctx)
	must(h.t, err)
}

// TestHonestBooksAgree lives through some days in which much goes wrong and nobody
// makes a mistake: nothing is called a break but what lay at a cut-off, and that
// clears by itself.
func TestHonestBooksAgree(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHonest(t, seed)
			for range 2 {
				h.burst(nil)
				cutOff := h.zone.Start(h.zone.Date(h.now()) + 1)
				h.goTo(cutOff.Add(-time.Duration(1+h.random.IntN(20)) * time.Millisecond))
				h.burst(func() {
					for h.now().Before(cutOff.Add(time.Duration(h.random.IntN(10)) * time.Millisecond)) {
						time.Sleep(time.Millisecond)
					}
					_, err := h.night.RunDue(context.Background())
					must(t, err)
				})
				h.compare()
				h.goTo(cutOff.Add(9 * time.Hour))
			}
			for range 2 { // quiet days, in which what was late comes
				h.goTo(h.zone.Start(h.zone.Date(h.now()) + 1).Add(time.Hour))
				h.compare()
			}
			h.judge()
		})
	}
}

func (h *honest) judge() {
	h.t.Helper()
	ctx := context.Background()
	cases, err := h.desk.Cases(ctx, desk.Person{}, desk.Filter{}, desk.ByWindow, nil, 1000)
	must(h.t, err)
	for _, c := range cases {
		trail, err := h.desk.Trail(ctx, desk.Person{}, c.ID)
		must(h.t, err)
		if c.State != desk.Cleared || trail[0].Text != "window" {
			h.t.Errorf("honest books have a break: %+v\nledger %+v\nours %+v\ntheirs %+v\ntrail %+v", c, c.Ledger, c.Ours, c.Theirs, trail)
		}
	}
	all, err := h.store.Settlements(ctx, "", "", 100)
	must(h.t, err)
	matched := int64(0)
	for _, s := range all {
		run, err := h.store.Reconciliation(ctx, s.Partner, s.Window)
		must(h.t, err)
		matched += run.Report.Matched
		if s.State != settlement.Reconciled {
			h.t.Errorf("%s is %s", s.ID, s.State)
		}
	}
	h.t.Logf("%d movements matched, %d lay at a cut-off", matched, len(cases))
	if matched < 10 {
		h.t.Errorf("only %d movements: the test tests little", matched)
	}
}
