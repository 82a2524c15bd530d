package sqlstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// BenchmarkConversionWrites carries conversions through the store as the exchange
// does: each writer creates one, then completes it. One operation is a
// conversion, which is two rows written. Clients that make their idempotency
// keys as UUIDs of version 7 write them side by side, those with random keys to
// a page each.
func BenchmarkConversionWrites(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchmarkConversionWrites(b, openNew) })
	b.Run("PostgreSQL", func(b *testing.B) {
		sharedServer(b)
		benchmarkConversionWrites(b, openPostgres)
	})
}

func benchmarkConversionWrites(b *testing.B, open openFunc) {
	for _, keys := range []string{"ordered", "random"} {
		for _, writers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("keys=%s/writers=%d", keys, writers), func(b *testing.B) {
				benchmarkWrites(b, open, writers, keys == "ordered")
			})
		}
	}
}

func benchmarkWrites(b *testing.B, open openFunc, writers int, ordered bool) {
	s := open(b)
	before := cpuTime(b)
	latencies := make([]time.Duration, b.N)
	b.ResetTimer()
	fromEach(writers, b.N, func(i int) {
		c := sample(rand.Uint64())
		if ordered {
			c.Request.Key = newID(rand.Uint64()).String()
		}
		start := time.Now()
		if existing, err := exchangetest.Create(context.Background(), s, c); err != nil || existing != nil {
			b.Error("create:", err)
		}
		latencies[i] = time.Since(start)
		c.Status, c.Outcome, c.Step, c.FinishedAt = exchange.Completed, exchange.Completed, exchange.StepDone, c.CreatedAt+9
		if err := s.UpdateConversion(context.Background(), c); err != nil {
			b.Error("update:", err)
		}
	})
	b.StopTimer()
	report(b, s, cpuTime(b)-before, latencies)
}

func report(b *testing.B, s *sqlstore.Store, cpu time.Duration, latencies []time.Duration) {
	slices.Sort(latencies)
	stats := s.Stats()
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(stats.Writes)/float64(max(stats.Transactions, 1)), "rows/txn")
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "p50-µs/write")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds()), "p99-µs/write")
}

// fromEach calls do for 0 to n-1 from so many goroutines.
func fromEach(goroutines, n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				do(int(i - 1))
			}
		})
	}
	wg.Wait()
}

func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// newID returns an ID of now.
func newID(random uint64) ledger.ID {
	var r [10]byte
	binary.BigEndian.PutUint64(r[1:], random)
	return ledger.NewID(time.Now(), r).Root()
}

// sample is a conversion into electricity points as a push partner asks for it,
// with a random key of 36 characters.
func sample(random uint64) *exchange.Conversion {
	id := newID(random)
	return &exchange.Conversion{
		ID: id, Party: exchange.Party{Client: "sky-1", Partner: "sky"},
		Request: exchange.Idempotency{Key: fmt.Sprintf("%016x-%016x-%02x", random, ^random, random&0xff), Hash: ledger.Hash{1, 31: 9}},
		Member:  "M-00424242", Account: ledger.Account{1, 15: 9}, Source: "SKYMILES", Destination: "EPT",
		SourceMembership: "SKY-00424242", SourceMode: partners.Push,
		In: &ledger.LegTerms{Partner: "sky", Agreement: id, Hash: ledger.Hash{2, 31: 8}, LockedAt: id.Milli(),
			From: 100_000, To: 12_345},
		From: 100_000, To: 12_345, Fee: 12, Status: exchange.Processing, Step: exchange.StepLedger,
		SourceReference: fmt.Sprintf("SKY-%012x", random>>16), CreatedAt: id.Milli(), Deadline: id.Milli() + 60_000,
	}
}

// BenchmarkLookups reads what a conversion needs before it is made.
func BenchmarkLookups(b *testing.B) {
	s := openNew(b)
	ctx := context.Background()
	c := sample(1)
	q := &exchange.Quote{ID: newID(2), Party: c.Party, Source: c.Source, Destination: c.Destination, From: c.From, To: c.To, In: c.In}
	l := &exchange.Link{ID: newID(3), Partner: "sky", Member: c.Member, Membership: c.SourceMembership}
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(s.CreateQuote(ctx, q), s.CreateLink(ctx, l)); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, lookup := range []struct {
		name string
		do   func() error
	}{
		{"Link", func() error { _, err := s.Link(ctx, l.ID); return err }},
		{"Quote", func() error { _, err := s.Quote(ctx, q.ID); return err }},
		{"Conversion", func() error { _, err := s.Conversion(ctx, c.ID); return err }},
		{"ConversionByKey", func() error { _, err := s.ConversionByKey(ctx, c.Party.Client, c.Request.Key); return err }},
	} {
		b.Run(lookup.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := lookup.do(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
