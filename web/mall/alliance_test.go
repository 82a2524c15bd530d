package mall_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/mall"
)

// alliance is what a world has besides: companies with which its members convert, and
// how they earn.
type alliance struct {
	companies []partners.Partner
	hosts     map[string]*partnersim.Host
	exchange  *exchange.Service
	rewards   *rewards.Service
	follower  *projection.Follower
	share     int64 // of daily caps, in ten-thousandths; 0 is all of them
}

// withAlliance gives a world two companies that are called, and one that calls.
func withAlliance(a *alliance) func(*world, *mall.Options) {
	return func(w *world, o *mall.Options) {
		a.companies = []partners.Partner{
			{Code: "sky", Name: "Sky <Air>", NameZH: "云程航空", Programme: "SKY", MSP: "SkyMSP", In: partners.Callback, Out: partners.Callback},
			{Code: "mart", Name: "Lindi Stores", NameZH: "邻里商超", Programme: "MART", Scale: 2, MSP: "MartMSP", In: partners.Push, Out: partners.Callback},
			{Code: "tel", Name: "Xingxun Telecom", NameZH: "星讯通信", Programme: "TEL", MSP: "TelMSP", In: partners.Callback, Out: partners.Callback},
		}
		a.openHosts(w)
		registry, err := partners.NewRegistry(a.companies, nil)
		must(w.t, err)
		a.agree(w)
		a.exchange, err = exchange.New(exchange.Options{Ledger: w.ledger, Identity: utility, Store: w.store, Registry: registry,
			Hosts: a.dial(w), Members: memberstest.NewKnown(accountKey), Allowances: a.allowances(), Deadline: time.Second, Now: w.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
		must(w.t, err)
		must(w.t, a.exchange.Start(w.t.Context()))
		w.t.Cleanup(func() { must(w.t, a.exchange.Close(context.Background())) })
		a.rewards, err = rewards.New(w.t.Context(), rewards.Options{Ledger: w.ledger, Identity: utility, Store: w.store, Members: memberstest.NewKnown(accountKey),
			Day: ledger.DateOf, Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler)})
		must(w.t, err)
		a.follower = projection.New(projection.Options{Blocks: w.ledger, Store: w.store, Linger: time.Millisecond})
		o.Exchange, o.Book, o.Rewards, o.History = a.exchange, w.store, a.rewards, w.store
		if a.share > 0 {
			o.Share = func(context.Context, string) (int64, error) { return a.share, nil }
		}
	}
}

// DayShare implements [exchange.Allowances].
func (a *alliance) DayShare(context.Context, string) (int64, error) { return a.share, nil }

func (a *alliance) allowances() exchange.Allowances {
	if a.share == 0 {
		return nil
	}
	return a
}

// openHosts serves the companies' loyalty systems.
func (a *alliance) openHosts(w *world) {
	a.hosts = map[string]*partnersim.Host{}
	for i, c := range a.companies {
		host, err := partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: c.Programme, Scale: c.Scale, ForcedAmounts: true,
			Keys: signature.StaticKeys{"gateway": callKey.Public().(ed25519.PublicKey)}, Clock: w.machine.Now, Logger: slog.New(slog.DiscardHandler)})
		must(w.t, err)
		server := httptest.NewServer(host.Handler())
		w.t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
			must(w.t, host.Close())
		})
		a.hosts[c.Code], a.companies[i].Connector.URL = host, server.URL
	}
}

var callKey = ed25519.NewKeyFromSeed([]byte("32 bytes of a key for tests only"))

func (a *alliance) dial(w *world) func(string) connector.Host {
	signer, err := signature.NewSigner("gateway", callKey, w.machine.Now, rand.Reader)
	must(w.t, err)
	hosts := map[string]connector.Host{}
	for _, c := range a.companies {
		hosts[c.Code], err = connector.New(connector.Options{BaseURL: c.Connector.URL, Partner: c.Code, Signer: signer, Timeout: 5 * time.Second, StatusTimeout: 5 * time.Second,
			Attempts: 1, Breaker: connector.BreakerOptions{Failures: 1 << 30}, Clock: time.Now, Rand: mathrand.Int64N, Logger: slog.New(slog.DiscardHandler)})
		must(w.t, err)
	}
	return func(code string) connector.Host { return hosts[code] }
}

// agree signs the rate cards: 3 SKY give 1 EPT, 1 EPT gives 2.5 SKY at 1 %, and so on.
func (a *alliance) agree(w *world) {
	cards := []ledger.Terms{
		{Partner: "sky", Direction: ledger.In, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}, Step: 10, Min: 100, Max: 100_000, LotMonths: 24},
		{Partner: "sky", Direction: ledger.Out, Rate: ledger.Rate{FromUnits: 1_000_000, ToUnits: 2_500_000}, Step: 10, Min: 10, Max: 50_000, FeeBPS: 100, FeePayer: ledger.FeeMember},
		{Partner: "mart", Direction: ledger.In, Rate: ledger.Rate{FromUnits: 1_200_000, ToUnits: 1_000_000}, Step: 1, Min: 100, Max: 1_000_000, LotMonths: 24},
		{Partner: "mart", Direction: ledger.Out, Rate: ledger.Rate{FromUnits: 1_000_000, ToUnits: 1_150_000}, Step: 1, Min: 1, Max: 50_000},
		{Partner: "tel", Direction: ledger.In, Rate: ledger.Rate{FromUnits: 5_000_000, ToUnits: 4_000_000}, Step: 5, Min: 50, Max: 100_000, LotMonths: 24},
		{Partner: "tel", Direction: ledger.Out, Rate: ledger.Rate{FromUnits: 4_000_000, ToUnits: 5_000_000}, Step: 4, Min: 4, Max: 50_000},
	}
	for _, c := range a.companies {
		w.give(utility, &ledger.RegisterPartner{Partner: c.Code, Programme: c.Programme, Scale: c.Scale, MSP: c.MSP})
	}
	for _, t := range cards {
		t.Version, t.Price, t.DayCap, t.ExposureCap, t.LockSeconds = 1, 10_000, 2*t.Max, 1_000_000_000_000, 3600
		if t.FeePayer == 0 {
			t.FeePayer = ledger.FeePartner
		}
		id := w.give(utility, &ledger.ProposeAgreement{Terms: t})
		w.give(ledger.Identity{MSP: a.msp(t.Partner), Subject: "finance"}, &ledger.AcceptAgreement{Agreement: id, Hash: t.Hash()})
	}
}

func (a *alliance) msp(partner string) string {
	for _, c := range a.companies {
		if c.Code == partner {
			return c.MSP
		}
	}
	return ""
}

// join opens a membership at a company.
func (a *alliance) join(t testing.TB, partner, membership string, balance int64) {
	t.Helper()
	must(t, a.hosts[partner].OpenMember(membership, connector.MemberActive, balance))
}

// balance is what a membership has there.
func (a *alliance) balance(t testing.TB, partner, membership string) int64 {
	t.Helper()
	m, err := a.hosts[partner].Member(membership)
	must(t, err)
	return m.Balance
}

// link opens a membership and links it with a member.
func (a *alliance) link(t testing.TB, partner, member string, balance int64) string {
	t.Helper()
	membership := fmt.Sprintf("%s-%s", partner, member)
	a.join(t, partner, membership, balance)
	_, err := a.exchange.Link(t.Context(), exchange.Party{Client: "mall"}, exchange.LinkRequest{Partner: partner, Member: member, Membership: membership,
		Consent: exchange.Consent{TextVersion: "test", GivenAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC).UnixMilli(), Channel: "app"}})
	must(t, err)
	return membership
}

// follow brings the copy of the ledger up to it.
func (a *alliance) follow(t testing.TB) {
	t.Helper()
	_, err := a.follower.CatchUp(t.Context())
	must(t, err)
}
