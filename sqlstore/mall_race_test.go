package sqlstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/sqlstore"
)

const buyers, lamps = 500, 100

func TestFiveHundredBuyersForAHundredGetExactlyAHundred(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		store := open(t)
		m, l := openMall(t, store)
		malltest.Stock(t, store, "lamp", lamps)
		if got := rush(t, m, "lamp"); got != lamps {
			t.Errorf("%d got one, want %d", got, lamps)
		}
		k, err := store.Stock(context.Background(), "lamp")
		if err != nil || *k != (mall.Stock{Product: "lamp", Reserved: lamps, Version: 1}) {
			t.Errorf("the stock is %+v, %v", k, err)
		}
		held := 0
		for n := range buyers {
			a, err := l.Account(context.Background(), account(t, n))
			if err != nil {
				t.Fatal(err)
			}
			held += len(a.Holds)
		}
		if held != lamps {
			t.Errorf("%d holds are on the ledger, want %d", held, lamps)
		}
	})
}

var mallKey = []byte("a key for accounts and for codes")

func account(t testing.TB, n int) ledger.Account {
	a, err := ledger.MemberAccount(mallKey, fmt.Sprint("M-", n))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// openMall opens a mall whose buyers have points.
func openMall(t testing.TB, store *sqlstore.Store) (*mall.Mall, *ledgertest.Memory) {
	t.Helper()
	utility := ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	l := ledgertest.NewMemory(time.Now)
	l.Lazy = true
	id := func() ledger.ID {
		var random [10]byte
		rand.Read(random[:])
		return ledger.NewID(time.Now(), random)
	}
	window := ledger.DateOf(time.Now())
	commands := []ledger.Command{{ID: id(), Body: &ledger.Initialise{Hub: "EPT", Window: window}}}
	for n := range buyers {
		commands = append(commands, ledger.Command{ID: id(), Body: &ledger.Issue{Account: account(t, n), Amount: 1_000_000, Expiry: window.Month() + 9}})
	}
	if _, err := l.Submit(context.Background(), utility, commands...); err != nil {
		t.Fatal(err)
	}
	m, err := mall.New(mall.Options{Ledger: l, Identity: utility, Store: store, Members: memberstest.NewKnown(mallKey), CodeKey: mallKey,
		Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m, l
}

// rush has every buyer want one at the same time, and returns how many got it.
func rush(t testing.TB, m *mall.Mall, product string) int64 {
	var got atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range buyers {
		wg.Go(func() {
			<-start
			o, _, err := m.Place(context.Background(), mall.Request{Idempotency: mall.Idempotency{Key: fmt.Sprint(product, n)}, Client: "shop",
				Member: fmt.Sprint("M-", n), Product: product, Quantity: 1, Points: 100,
				Address: &mall.Address{Name: "a", Phone: "1", Region: "b", Street: "c"}}, 30*time.Second)
			var r *mall.Refusal
			switch {
			case err == nil && o.Step == mall.StepDispatch && o.Status == mall.Holding:
				got.Add(1)
			case errors.As(err, &r) && r.Code == mall.CodeSoldOut:
			default:
				t.Errorf("buyer %d: %+v, %v", n, o, err)
			}
		})
	}
	close(start)
	wg.Wait()
	return got.Load()
}

// BenchmarkFiveHundredForAHundred is the rush from the first request to the last
// answer: an order that is held on the ledger, or sold out.
func BenchmarkFiveHundredForAHundred(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *sqlstore.Store{"SQLite": openNew, "PostgreSQL": openPostgres} {
		b.Run(name, func(b *testing.B) {
			store := open(b)
			m, _ := openMall(b, store)
			n := 0
			for b.Loop() {
				b.StopTimer()
				n++
				product := fmt.Sprint("lamp-", n)
				malltest.Stock(b, store, product, lamps)
				b.StartTimer()
				if got := rush(b, m, product); got != lamps {
					b.Fatalf("%d got one, want %d", got, lamps)
				}
			}
			b.ReportMetric(float64(buyers*n)/b.Elapsed().Seconds(), "answers/s")
			b.ReportMetric(float64(lamps*n)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
