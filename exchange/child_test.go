package exchange_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/filetest"
)

// childVariable carries the order of a child, which is this test binary run
// again.
const childVariable = "POINTGRID_EXCHANGE_CHILD"

func TestMain(m *testing.M) { mortal.Main(m, childVariable, child) }

// order is what a child is to do.
type order struct {
	Dir    string
	URLs   map[string]string // of the partners
	Plot   int
	Number string // the member's
	// Kill is the write at which the child kills itself, After it or just before;
	// 0 is none.
	Kill  int64
	After bool
	// Again says that an earlier child made the same request.
	Again bool
}

// report is what a child that lived found at the end.
type report struct {
	Conversions []*exchange.Conversion
	Reversals   []*exchange.Reversal
	Points      int64 // the member's electricity points
	Problems    []string
}

func openEmbedded(dir string) (*embedded.Ledger, error) {
	return embedded.Open(embedded.Options{Dir: filepath.Join(dir, "ledger"), Clock: time.Now, CacheBytes: 1 << 20,
		Signer: embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, Checkpointer: gateway})
}

// foundHome founds the ledger that a child finds, and the store, with nothing in it.
func foundHome(t *testing.T, dir string) {
	t.Helper()
	l, err := openEmbedded(dir)
	must(t, err)
	found(t, l, time.Now)
	must(t, l.Close())
	must(t, filetest.Put(storePath(dir)))
}

func storePath(dir string) string { return filepath.Join(dir, "state.db") }

// killer kills the process at a write.
type killer struct {
	exchange.Store
	armed  atomic.Bool
	at     int64
	after  bool
	writes atomic.Int64
}

func (k *killer) around(write func() error) error {
	due := k.armed.Load() && k.writes.Add(1) == k.at
	if due && !k.after {
		mortal.Die()
	}
	err := write()
	if due {
		mortal.Die()
	}
	return err
}

func (k *killer) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	return k.around(func() error { return k.Store.UpdateConversion(ctx, c) })
}

func (k *killer) CreateConversions(ctx context.Context, all []*exchange.Conversion) (made []exchange.Creation, err error) {
	err = k.around(func() error { made, err = k.Store.CreateConversions(ctx, all); return err })
	return made, err
}

func (k *killer) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	return k.around(func() error { return k.Store.UpdateConversions(ctx, all) })
}

func (k *killer) DecideReview(ctx context.Context, c *exchange.Conversion) error {
	return k.around(func() error { return k.Store.DecideReview(ctx, c) })
}

func (k *killer) CreateReversal(ctx context.Context, r *exchange.Reversal) (existing *exchange.Reversal, err error) {
	err = k.around(func() error { existing, err = k.Store.CreateReversal(ctx, r); return err })
	return existing, err
}

func (k *killer) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	return k.around(func() error { return k.Store.UpdateReversal(ctx, r) })
}

// freezer freezes an account once the partner has debited.
type freezer struct {
	connector.Host
	freeze func() error
}

func (f freezer) Debit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	a, err := f.Host.Debit(ctx, t)
	if frozen := f.freeze(); frozen != nil {
		panic(frozen)
	}
	return a, err
}

// hasty has the deadline pass once a few calls have failed.
type hasty struct {
	connector.Host
	failed *atomic.Int64
	clock  *clock
}

func (h hasty) note(err error) {
	if err != nil && h.failed.Add(1) == 3 {
		h.clock.advance(10 * time.Minute)
	}
}

func (h hasty) Debit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	a, err := h.Host.Debit(ctx, t)
	h.note(err)
	return a, err
}

func (h hasty) Credit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	a, err := h.Host.Credit(ctx, t)
	h.note(err)
	return a, err
}

func (h hasty) Status(ctx context.Context, id connector.ID) (connector.TransferStatus, error) {
	s, err := h.Host.Status(ctx, id)
	h.note(err)
	return s, err
}

// play is a child at work.
type play struct {
	order
	clock   clock
	failed  atomic.Int64
	plot    *plot
	account ledger.Account
	ledger  *embedded.Ledger
	store   *killer
	service *exchange.Service
}

func child(encoded string) error {
	var p play
	if err := json.Unmarshal([]byte(encoded), &p.order); err != nil {
		return err
	}
	p.plot = &plots[p.Plot]
	if err := p.open(); err != nil {
		return err
	}
	if !p.Again {
		if err := p.prepare(); err != nil {
			return err
		}
	}
	ctx := context.Background()
	if err := p.service.Start(ctx); err != nil {
		return err
	}
	if err := p.act(ctx); err != nil {
		return err
	}
	r, err := p.report(ctx)
	if err != nil {
		return err
	}
	if err := p.close(ctx); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (p *play) open() (err error) {
	if p.account, err = ledger.MemberAccount(accountKey, p.Number); err != nil {
		return err
	}
	if p.ledger, err = openEmbedded(p.Dir); err != nil {
		return err
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	store, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: storePath(p.Dir), Logger: quiet})
	if err != nil {
		return err
	}
	p.store = &killer{Store: store, at: p.Kill, after: p.After}
	hosts, err := dial(p.URLs)
	if err != nil {
		return err
	}
	registry, err := partners.NewRegistry(companies, nil)
	if err != nil {
		return err
	}
	screening := exchange.Screening(nil)
	if p.plot.held != "" {
		screening = &suspicious{}
	}
	p.service, err = exchange.New(exchange.Options{Screening: screening, Ledger: p.ledger, Identity: gateway, Store: p.store, Registry: registry,
		Hosts: func(code string) connector.Host { return p.host(code, hosts[code]) }, Members: memberstest.NewKnown(accountKey),
		RetryFirst: 5 * time.Millisecond, RetryMax: 40 * time.Millisecond, RescanEvery: 20 * time.Millisecond,
		Now: p.clock.now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	return err
}

func (p *play) host(code string, h connector.Host) connector.Host {
	switch {
	case h == nil:
		return nil
	case p.plot.frozenAfterDebit:
		return freezer{h, func() error { return p.give(&ledger.Freeze{Account: p.account, Frozen: true}) }}
	case p.plot.hurry && p.plot.faults[code] != nil:
		return hasty{h, &p.failed, &p.clock}
	}
	return h
}

func (p *play) give(body ledger.Body) error {
	results, err := p.ledger.Submit(context.Background(), gateway, ledger.Command{ID: newID(time.Now()), Body: body})
	if err == nil && results[0].Code != ledger.CodeOK {
		err = fmt.Errorf("%s: %s", results[0].Code, results[0].Message)
	}
	return err
}

// prepare gives the member points and links.
func (p *play) prepare() error {
	if err := p.give(&ledger.Issue{Account: p.account, Amount: pointsOpened, Expiry: ledger.MonthOf(2099, 12)}); err != nil {
		return err
	}
	for _, company := range companies {
		l := &exchange.Link{ID: newID(time.Now()), Partner: company.Code, Member: p.Number, Membership: membership(company.Code, p.Number),
			Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}
		if err := p.store.CreateLink(context.Background(), l); err != nil {
			return err
		}
	}
	if p.plot.frozenBefore {
		return p.give(&ledger.Freeze{Account: p.account, Frozen: true})
	}
	return nil
}

// act makes the requests, as a client would that does not know what became of
// them, and waits for the end.
func (p *play) act(ctx context.Context) error {
	p.store.armed.Store(p.plot.reverse == 0)
	c, err := p.convert(ctx)
	if err != nil {
		return err
	}
	if p.plot.held != "" {
		if err := p.decide(ctx, c); err != nil {
			return err
		}
	}
	if p.plot.reverse > 0 {
		p.store.armed.Store(true)
		r := exchange.ReverseRequest{Conversion: c.ID, Amount: p.plot.reverse, Idempotency: exchange.Idempotency{Key: "reversal"}}
		if c.SourceMode == partners.Push || c.DestinationMode == partners.Push {
			r.Reference = "REV-1"
		}
		if _, _, err := p.service.Reverse(ctx, c.Party, r, 10*time.Second); err != nil {
			return err
		}
	}
	return p.settle(ctx)
}

// decide releases or refuses a conversion that is held.
func (p *play) decide(ctx context.Context, c *exchange.Conversion) (err error) {
	if p.plot.held == release {
		_, err = p.service.Release(ctx, c.ID)
	} else {
		_, err = p.service.Refuse(ctx, c.ID)
	}
	return err
}

func (p *play) convert(ctx context.Context) (*exchange.Conversion, error) {
	for _, way := range ways {
		if way.name != p.plot.way {
			continue
		}
		link, err := p.store.LinkOf(ctx, way.via, p.Number)
		if err != nil {
			return nil, err
		}
		c, _, err := p.service.Convert(ctx, way.party, exchange.ConvertRequest{Source: way.source, Destination: way.destination,
			From: way.from, LinkID: link.ID, Reference: way.reference, Idempotency: exchange.Idempotency{Key: "conversion"}}, 10*time.Second)
		return c, err
	}
	return nil, fmt.Errorf("there is no way %q", p.plot.way)
}

func (p *play) settle(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		c, err := p.store.UnfinishedConversions(ctx, ledger.ID{}, 1)
		if err != nil {
			return err
		}
		r, err := p.store.UnfinishedReversals(ctx, ledger.ID{}, 1)
		if err != nil {
			return err
		}
		if len(c)+len(r) == 0 {
			return nil
		}
	}
	return fmt.Errorf("something is still unfinished after 30 s")
}

func (p *play) report(ctx context.Context) (r report, err error) {
	if r.Conversions, err = p.store.Conversions(ctx, exchange.Filter{Limit: 10}); err != nil {
		return r, err
	}
	for _, c := range r.Conversions {
		of, err := p.store.Reversals(ctx, c.ID)
		if err != nil {
			return r, err
		}
		r.Reversals = append(r.Reversals, of...)
	}
	account, err := p.ledger.Account(ctx, p.account)
	if err != nil {
		return r, err
	}
	r.Points = account.Available()
	if n := len(account.Holds); n != 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%d holds are still open", n))
	}
	for _, programme := range []string{"EPT", "MILES", "SHOP", "TELE"} {
		var sum int64
		if err := p.ledger.Balances(ctx, programme, func(b ledger.Balance) error { sum += b.Amount; return nil }); err != nil {
			return r, err
		}
		if sum != 0 {
			r.Problems = append(r.Problems, fmt.Sprintf("the accounts of %s sum to %d", programme, sum))
		}
	}
	return r, nil
}

func (p *play) close(ctx context.Context) error {
	if err := p.service.Close(ctx); err != nil {
		return err
	}
	if err := p.store.Store.(*sqlstore.Store).Close(); err != nil {
		return err
	}
	return p.ledger.Close()
}
