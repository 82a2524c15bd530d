package mall_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

// tb is what [testing.T] and [rapid.T] have in common.
type tb interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

var (
	_ tb = (*testing.T)(nil)
	_ tb = (*testing.B)(nil)
	_ tb = (*rapid.T)(nil)
)

var (
	gateway    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	accountKey = []byte("an account key for tests, 32 bytes")
	codeKey    = []byte("a key for codes of 32 bytes long")
)

// clock is the machine's, moved forward at will.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// world is a mall with its ledger, store, billing system and payment provider.
type world struct {
	t       tb
	clock   *clock
	ledger  *ledgertest.Memory
	store   mall.Store
	back    *backsim.System
	bourse  *bourse
	options mall.Options
	*mall.Mall
	life *mortal.Life // of the process, where it can die
	keys atomic.Int64
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// owns: the contract account C-1 is the member M-1's.
func owns(member, account string) bool {
	return strings.TrimPrefix(account, "C-") == strings.TrimPrefix(member, "M-")
}

// newWorld opens a mall on a store. Every product of [shelves] is there.
func newWorld(t tb, store mall.Store) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, store: store, back: backsim.New(owns), bourse: &bourse{done: map[ledger.ID]mall.Purchase{}}}
	w.ledger = ledgertest.NewMemory(w.clock.now)
	w.ledger.Lazy = true
	w.submit(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.clock.now())})
	w.options = mall.Options{Ledger: w.ledger, Identity: gateway, Store: store, Billing: w.back, Payments: w.back, Exchange: w.bourse,
		Tiers: tiers{}, Members: memberstest.NewKnown(accountKey), CodeKey: codeKey, Deadline: time.Minute, RescanEvery: 2 * time.Millisecond,
		RetryFirst: time.Millisecond, RetryMax: 2 * time.Millisecond, Now: w.clock.now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	w.open(w.options)
	t.Cleanup(func() { w.shut() })
	w.stockShelves()
	return w
}

func (w *world) open(o mall.Options) {
	w.t.Helper()
	m, err := mall.New(o)
	must(w.t, err)
	must(w.t, m.Start(context.Background()))
	w.Mall = m
}

// shut interrupts the mall, as a dead process is.
func (w *world) shut() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.Mall.Close(ended)
}

func (w *world) submit(body ledger.Body) ledger.Transfer {
	w.t.Helper()
	var random [10]byte
	rand.Read(random[:])
	results, err := w.ledger.Submit(context.Background(), gateway, ledger.Command{ID: ledger.NewID(w.clock.now(), random), Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %s %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return results[0].Entry.Transfer
}

// Prices of one unit, in points, and where there is cash, 20 yuan.
const (
	pricePoints = 100
	priceFen    = 2000
	inStock     = 20
)

func (w *world) stockShelves() {
	w.t.Helper()
	ctx := context.Background()
	must(w.t, w.SaveCategory(ctx, "ops", &mall.Category{ID: "home", Name: mall.Text{ZH: "家", EN: "Home"}, Version: 1}))
	for id, kind := range map[string]mall.Kind{"bill": mall.BillCredit, "lamp": mall.Goods, "film": mall.Voucher, "miles": mall.PartnerPoints, "audit": mall.Service} {
		p := malltest.Product(id, kind)
		if kind != mall.PartnerPoints {
			p.Prices = append(p.Prices, mall.Price{Points: pricePoints / 2, Fen: priceFen})
		}
		must(w.t, w.SaveProduct(ctx, "ops", p))
	}
	for _, id := range []string{"lamp", "audit"} {
		_, err := w.AddStock(ctx, "ops", id, inStock, 0, "first delivery")
		must(w.t, err)
	}
	codes := make([]string, inStock)
	for i := range codes {
		codes[i] = fmt.Sprintf("FILM-%04d", i)
	}
	_, err := w.AddCodes(ctx, "ops", "film", 0, codes)
	must(w.t, err)
}

// member makes a member with points in three lots.
func (w *world) member(n int, points int64) string {
	w.t.Helper()
	name := fmt.Sprint("M-", n)
	month := ledger.DateOf(w.clock.now()).Month()
	for i, share := range []int64{points / 3, points / 3, points - 2*(points/3)} {
		if share > 0 {
			w.submit(&ledger.Issue{Account: w.account(name), Amount: share, Expiry: month + ledger.Month(3*i+1)})
		}
	}
	return name
}

func (w *world) account(member string) ledger.Account {
	a, err := ledger.MemberAccount(accountKey, member)
	must(w.t, err)
	return a
}

func (w *world) lots(member string) []ledger.Lot {
	state, err := w.ledger.Account(context.Background(), w.account(member))
	must(w.t, err)
	return state.Lots
}

// house returns what the mall's house accounts have in all.
func (w *world) house() (sum int64) {
	must(w.t, w.ledger.Balances(context.Background(), "EPT", func(b ledger.Balance) error {
		if strings.HasPrefix(b.Account, "mall") {
			sum += b.Amount
		}
		return nil
	}))
	return sum
}

// request asks for one unit of a product, as a well-behaved client would.
func (w *world) request(member, product string) mall.Request {
	n := w.keys.Add(1)
	r := mall.Request{Idempotency: mall.Idempotency{Key: fmt.Sprint("key-", n), Hash: ledger.Hash{byte(n), byte(n >> 8)}}, Client: "shop",
		Member: member, Product: product, Quantity: 1, Points: pricePoints}
	switch product {
	case "bill":
		r.ContractAccount = "C-" + strings.TrimPrefix(member, "M-")
	case "lamp":
		r.Address = &mall.Address{Name: "王芳", Phone: "13800000000", Region: "北京市朝阳区", Street: "<script>alert(1)</script>"}
	}
	return r
}

func withCash(r mall.Request) mall.Request {
	r.Points, r.Fen = pricePoints/2, priceFen
	return r
}

func (w *world) place(r mall.Request) *mall.Order {
	w.t.Helper()
	o, _, err := w.Place(context.Background(), r, 10*time.Second)
	must(w.t, err)
	return o
}

// until polls an order until a condition holds.
func (w *world) until(id ledger.ID, what string, holds func(*mall.Order) bool) *mall.Order {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		o, err := w.store.MallOrder(context.Background(), id)
		must(w.t, err)
		if holds(o) {
			return o
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("order is %s at %s (%+v); waited 20 s until it %s", o.Status, o.Step, o.Failure, what)
		}
	}
}

func (w *world) ended(id ledger.ID) *mall.Order {
	w.t.Helper()
	return w.until(id, "has ended", func(o *mall.Order) bool { return o.Step == mall.StepDone })
}

func refusal(t tb, err error, code string) *mall.Refusal {
	t.Helper()
	var r *mall.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("error %v, want a refusal %s", err, code)
		return &mall.Refusal{}
	}
	return r
}

// consistent checks what must hold of everything once all orders have ended or
// rest: stock, points, cash and bills add up, and nothing was done twice.
func (w *world) consistent() {
	w.t.Helper()
	ctx := context.Background()
	orders, err := w.store.MallOrders(ctx, mall.OrderFilter{Limit: 200})
	must(w.t, err)
	var points, cash, aside, credits int64
	held := map[string][2]int64{} // reserved and consumed
	for _, o := range orders {
		p, fen := o.Total()
		backPoints, backFen := o.Points*o.Returned, o.Fen*o.Returned
		taken, set := w.back.Kept(o.ID)
		aside += set
		h := held[o.Product]
		switch {
		case o.Step == mall.StepDone && (o.Status == mall.Fulfilled || o.Status == mall.Refunded):
			if o.Kind != mall.PartnerPoints {
				points += p - backPoints
			}
			cash += fen - backFen
			h[1] += o.Quantity - w.restocked(o)
			if taken != fen-backFen {
				w.t.Errorf("for a fulfilled order of %d fen, %d returned, %d were kept", fen, backFen, taken)
			}
		case o.Step == mall.StepDone:
			if taken != 0 || set != 0 || w.back.Credited(o.ID) != 0 {
				w.t.Errorf("for a cancelled order %d fen were kept, %d set aside, %d credited", taken, set, w.back.Credited(o.ID))
			}
		case o.Step == mall.StepDispatch:
			h[0] += o.Quantity
			cash += taken
		default:
			w.t.Errorf("order %s is still %s at %s", o.ID, o.Status, o.Step)
		}
		if o.Kind == mall.BillCredit && o.Status == mall.Fulfilled {
			credits++
			if got := w.back.Credited(o.ID); got != o.BillFen {
				w.t.Errorf("the bill was credited %d fen, want %d", got, o.BillFen)
			}
		}
		held[o.Product] = h
	}
	if got := w.house(); got != points {
		w.t.Errorf("the mall's house accounts have %d points, want %d", got, points)
	}
	if b := w.back.Books(); b.Cash != cash || b.Credits != credits || aside != b.Held {
		w.t.Errorf("books are %+v, want %d fen in cash and %d credits", b, cash, credits)
	}
	for _, id := range []string{"lamp", "audit", "film"} {
		k, err := w.Stock(ctx, id)
		must(w.t, err)
		if k.Available+k.Reserved+k.Consumed != inStock || k.Reserved != held[id][0] || k.Consumed != held[id][1] {
			w.t.Errorf("stock is %+v, want %d in all, %d reserved and %d consumed", k, inStock, held[id][0], held[id][1])
		}
	}
	var sum int64
	must(w.t, w.ledger.Balances(ctx, "EPT", func(b ledger.Balance) error { sum += b.Amount; return nil }))
	if sum != 0 {
		w.t.Errorf("the ledger's accounts add up to %d", sum)
	}
}

func (w *world) restocked(o *mall.Order) (n int64) {
	all, err := w.store.Returns(context.Background(), o.ID)
	must(w.t, err)
	for _, r := range all {
		if r.Completed && r.Restock {
			n += r.Quantity
		}
	}
	return n
}

// tiers: the member M-7 is gold and may go to the exclusive shelf, M-8 is platinum
// and has the fast channel too.
type tiers struct{}

func (tiers) StandingOf(_ context.Context, member string) (mall.Standing, error) {
	return map[string]mall.Standing{"M-7": {Tier: "gold", Exclusive: true}, "M-8": {Tier: "platinum", Exclusive: true, Fast: true}}[member], nil
}

// bourse is an exchange that converts what it is asked for, once.
type bourse struct {
	mu      sync.Mutex
	done    map[ledger.ID]mall.Purchase
	decline bool
	silent  int // so many answers get lost
}

func (b *bourse) Convert(_ context.Context, p mall.Purchase) (mall.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.decline {
		return mall.Answer{Outcome: mall.Declined, Code: "link_missing"}, nil
	}
	b.done[p.Order] = p
	if b.silent > 0 {
		b.silent--
		return mall.Answer{}, errors.New("lost")
	}
	return mall.Answer{Outcome: mall.Done, Reference: "CONV-1"}, nil
}
