package sqlstore_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

// BenchmarkProjection applies conversions in groups as a follower does beside a
// busy gateway. One operation is a transfer: its row, and what it changes in one
// of so many accounts.
func BenchmarkProjection(b *testing.B) {
	for _, accounts := range []struct {
		name string
		n    uint64
	}{{"10k", 10_000}, {"1M", 1_000_000}} {
		b.Run("accounts="+accounts.name, func(b *testing.B) {
			s := openNew(b)
			before := cpuTime(b)
			b.ResetTimer()
			for n := 0; n < b.N; n += 256 {
				g := projection.Group{Checkpoint: projection.Checkpoint{Height: uint64(n)}}
				for i := n; i < min(n+256, b.N); i++ {
					g.Rows = append(g.Rows, converted(i, rand.Uint64N(accounts.n)))
					g.Lots = append(g.Lots, projection.Lot{Account: g.Rows[i-n].Transfer.Account, Expiry: 700, Amount: 5})
				}
				if err := s.Apply(context.Background(), g); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/transfer")
		})
	}
}

func converted(n int, account uint64) projection.Row {
	t := ledger.Transfer{ID: newID(uint64(n)), Kind: ledger.KindConvertIn, At: 1_770_000_000_000, Window: 20_000, Amount: 1000,
		Source:    &ledger.Leg{Partner: "sky", Agreement: newID(1), From: 1000, To: 10, EPT: 10, Fee: 1, Value: 100_000},
		Lots:      []ledger.Lot{{Expiry: 700, Amount: 10}},
		Reference: "4711-0815-2026"}
	binary.BigEndian.PutUint64(t.Account[:], account*0x9e3779b97f4a7c15)
	return projection.Row{Block: uint64(n / 64), Transfer: t, Locator: ledger.Locator{Batch: uint64(n / 64), Index: uint32(n % 64)}}
}
