package rewards_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// openEmbedded opens an embedded ledger, whose checkpoints the test's key signs.
func openEmbedded(dir string) (*embedded.Ledger, error) {
	return embedded.Open(embedded.Options{Dir: filepath.Join(dir, "ledger"), Clock: time.Now, CacheBytes: 1 << 20,
		Signer: embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, Checkpointer: utility})
}

func openStore(dir string) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{Path: filepath.Join(dir, "store.db"), Logger: slog.New(slog.DiscardHandler)})
}

// BenchmarkEvents measures batches of 500 events over the embedded ledger and
// SQLite, everything but HTTP.
func BenchmarkEvents(b *testing.B) {
	dir, ctx := b.TempDir(), context.Background()
	l, err := openEmbedded(dir)
	must(b, err)
	defer l.Close()
	store, err := openStore(dir)
	must(b, err)
	defer store.Close()
	w := &world{tester: b, clock: testclock.At(time.Now()), ledger: &faulty{Ledger: l}, store: store}
	w.give(&ledger.Initialise{Hub: "EPT", Window: day(time.Now())})
	w.enact(ladderOfSteps())
	w.start()
	const members = 10_000
	var numbers []string
	for n := range members {
		numbers = append(numbers, fmt.Sprintf("M-%06d", n))
	}
	_, err = w.Register(ctx, numbers)
	must(b, err)
	const size = 500
	serial := 0
	for b.Loop() {
		batch := make([]rewards.Event, size)
		for i := range batch {
			serial++
			batch[i] = w.paid(fmt.Sprintf("PAY-%09d", serial), 10)
			batch[i].Member = numbers[rand.IntN(members)]
		}
		for _, o := range w.Take(ctx, batch) {
			must(b, o.Err)
		}
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "events/s")
}
