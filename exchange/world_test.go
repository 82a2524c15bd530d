package exchange_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// tb is what [testing.T] and [rapid.T] have in common.
type tb interface {
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

var (
	_ tb = (*testing.T)(nil)
	_ tb = (*testing.B)(nil)
	_ tb = (*rapid.T)(nil)
)

// The alliance of the tests: two partners that we call and two that push.
var (
	gateway    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	accountKey = []byte("an account key for tests, 32 bytes")

	companies = []partners.Partner{
		{Code: "sky", Name: "Sky", Programme: "MILES", MSP: "SkyMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://sky.test"}},
		{Code: "shop", Name: "Shop", Programme: "SHOP", Scale: 2, MSP: "ShopMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://shop.test"}},
		{Code: "tele", Name: "Tele", Programme: "TELE", MSP: "TeleMSP", In: partners.Push, Out: partners.Push},
		{Code: "cafe", Name: "Cafe", Programme: "BEANS", MSP: "CafeMSP", In: partners.Push, Out: partners.Push},
	}

	staff = exchange.Party{Client: "utility-1"}
	sky   = exchange.Party{Client: "sky-1", Partner: "sky"}
	shop  = exchange.Party{Client: "shop-1", Partner: "shop"}
	tele  = exchange.Party{Client: "tele-1", Partner: "tele"}
)

// clock is the machine's, moved forward at will.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// world is an alliance with its ledger, its store, its partners and a service.
type world struct {
	t       tb
	clock   *clock
	ledger  ledger.Ledger
	store   exchange.Store
	banks   map[string]*bank
	options exchange.Options
	*exchange.Service
	keys atomic.Int64
}

// Every member has this much everywhere to begin with.
const (
	pointsOpened = 1_000_000
	milesOpened  = 1_000_000
)

// newWorld founds an alliance in memory, without starting the service.
func newWorld(t tb, change ...func(*exchange.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, store: exchangetest.NewMemory(), banks: map[string]*bank{"sky": newBank(), "shop": newBank()}}
	w.ledger = ledgertest.NewMemory(w.clock.now)
	found(t, w.ledger, w.clock.now)
	w.options = exchange.Options{Ledger: w.ledger, Identity: gateway, Store: w.store, Registry: registryOf(t, companies),
		Hosts: func(code string) connector.Host {
			if b, ok := w.banks[code]; ok {
				return b
			}
			return nil
		},
		Members: memberstest.NewKnown(accountKey), RetryFirst: time.Millisecond, RetryMax: 4 * time.Millisecond, RescanEvery: 5 * time.Millisecond,
		Now: w.clock.now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range change {
		c(&w.options)
	}
	w.open()
	return w
}

func registryOf(t tb, all []partners.Partner) *partners.Registry {
	t.Helper()
	r, err := partners.NewRegistry(all, nil)
	must(t, err)
	return r
}

// open makes a service of the world's options.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.Service, err = exchange.New(w.options)
	must(w.t, err)
	w.t.Cleanup(func() { w.shut() })
}

func (w *world) start() {
	w.t.Helper()
	must(w.t, w.Start(context.Background()))
}

func (w *world) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	w.Service.Close(ctx) // interrupting a hanging partner is an error, and right
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// terms of the tests' agreements, in force from the beginning. The rates do not
// divide evenly, so that rounding and residues are part of every test.
func terms(partner string, dir ledger.Direction) ledger.Terms {
	t := ledger.Terms{Partner: partner, Direction: dir, Version: 1, Step: 10, Min: 10, Max: 500_000, Price: 8_000,
		FeeBPS: 150, FeePayer: ledger.FeeMember, ExposureCap: 1_000_000_000_000_000, LockSeconds: 3600}
	t.Rate = ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}
	if dir == ledger.In {
		t.LotMonths = 24
	} else {
		t.Rate = ledger.Rate{FromUnits: 7_000_000, ToUnits: 9_000_000}
	}
	return t
}

// found sets the alliance up: its companies and their agreements.
func found(t tb, l ledger.Ledger, now func() time.Time) {
	t.Helper()
	submit(t, l, gateway, now, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(now())})
	for _, p := range companies {
		submit(t, l, gateway, now, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
		for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			agree(t, l, now, p, terms(p.Code, dir))
		}
	}
}

func agree(t tb, l ledger.Ledger, now func() time.Time, p partners.Partner, terms ledger.Terms) {
	t.Helper()
	id := submit(t, l, gateway, now, &ledger.ProposeAgreement{Terms: terms})
	submit(t, l, ledger.Identity{MSP: p.MSP, Subject: "finance"}, now, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
}

func submit(t tb, l ledger.Ledger, who ledger.Identity, now func() time.Time, body ledger.Body) ledger.ID {
	t.Helper()
	id := newID(now())
	results, err := l.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(t, err)
	if results[0].Code != ledger.CodeOK {
		t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func newID(at time.Time) ledger.ID {
	var random [10]byte
	rand.Read(random[:])
	return ledger.NewID(at, random).Root()
}

// member is somebody with points everywhere.
type member struct {
	number  string
	account ledger.Account
	links   map[string]ledger.ID // by partner
}

// join makes a member with points, memberships and links.
func (w *world) join(n int) member {
	w.t.Helper()
	m := member{number: fmt.Sprintf("M-%d", n), links: map[string]ledger.ID{}}
	var err error
	m.account, err = ledger.MemberAccount(accountKey, m.number)
	must(w.t, err)
	submit(w.t, w.ledger, gateway, w.clock.now, &ledger.Issue{Account: m.account, Amount: pointsOpened, Expiry: ledger.MonthOf(2099, 12)})
	for _, p := range companies {
		l := &exchange.Link{ID: newID(w.clock.now()), Partner: p.Code, Member: m.number, Membership: membership(p.Code, m.number),
			Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}
		must(w.t, w.store.CreateLink(context.Background(), l))
		m.links[p.Code] = l.ID
		if b := w.banks[p.Code]; b != nil {
			b.balances[l.Membership] = milesOpened
		}
	}
	return m
}

func membership(partner, number string) string { return partner + "/" + number }

// idem is a fresh idempotency key.
func (w *world) idem() exchange.Idempotency {
	return exchange.Idempotency{Key: fmt.Sprintf("key-%d", w.keys.Add(1)), Hash: ledger.Hash{1}}
}

// request asks for a conversion of a member by the utility's link with via.
func (w *world) request(m member, via, source, destination string, from int64) exchange.ConvertRequest {
	return exchange.ConvertRequest{Source: source, Destination: destination, From: from, LinkID: m.links[via], Idempotency: w.idem()}
}

// patient is longer than anything in memory takes.
const patient = 20 * time.Second

func (w *world) convert(p exchange.Party, r exchange.ConvertRequest) *exchange.Conversion {
	w.t.Helper()
	c, _, err := w.Convert(context.Background(), p, r, patient)
	must(w.t, err)
	return c
}

// eventually polls a condition.
func (w *world) eventually(what string, condition func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patient); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within %s: %s", patient, what)
		}
	}
}
