package chaincode_test

import (
	"fmt"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// BenchmarkApplyConvertIn measures the contract alone: no disk, no consensus.
func BenchmarkApplyConvertIn(b *testing.B) {
	for _, accounts := range []struct {
		name string
		n    int
	}{{"uniform", 10_000}, {"hot", 1}} {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%s/batch=%d", accounts.name, size), func(b *testing.B) {
				benchmark(b, size, accounts.n)
			})
		}
	}
}

func benchmark(b *testing.B, size, accounts int) {
	bed := newBed(b)
	batch := make([]ledger.Command, size)
	keys, bytes, n := 0, 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch {
			batch[i] = bed.convertIn(member(n%accounts), 1000)
			n++
		}
		t := bed.ok(batch...)
		for _, w := range t.Writes {
			keys, bytes = keys+1, bytes+len(w.Key)+len(w.Value)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/transfer")
	b.ReportMetric(float64(keys)/float64(n), "keys/transfer")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/transfer")
}
