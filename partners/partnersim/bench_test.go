package partnersim_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

const benchMembers = 10_000

// BenchmarkDebit is a debit end to end: client, signature both ways, HTTP over
// loopback, and a durable booking; 64 callers. In memory it is without the wait for
// the disk.
func BenchmarkDebit(b *testing.B) {
	b.Run("disk", func(b *testing.B) { benchmarkDebit(b, vfs.Default) })
	b.Run("memory", func(b *testing.B) { benchmarkDebit(b, vfs.NewMem()) })
}

func benchmarkDebit(b *testing.B, fs vfs.FS) {
	host := start(b, func(o *partnersim.Options) {
		o.Dir, o.FS, o.Members, o.Balance = b.TempDir(), fs, benchMembers, 1<<40
	})
	client := host.client(b, nil)
	next := numbers(b)
	began := cpu(b)
	b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a, err := client.Debit(b.Context(), next())
			if err != nil || a.Outcome != connector.Done {
				b.Errorf("got %+v, %v", a, err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "debits/s")
	b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
	if err := host.Audit(); err != nil {
		b.Fatal(err)
	}
}

// cpu is what this process has used so far. On a machine that others use too it
// says more than the time that passed.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// numbers returns a source of debits of one point, each of another member.
func numbers(b *testing.B) func() connector.Transfer {
	var n atomic.Uint64
	var seed connector.ID
	if _, err := rand.Read(seed[:8]); err != nil {
		b.Fatal(err)
	}
	return func() connector.Transfer {
		i := n.Add(1)
		id := seed
		binary.BigEndian.PutUint64(id[8:], i)
		return connector.Transfer{ID: id, Membership: fmt.Sprintf("SKY-%06d", 1+i%benchMembers), Programme: "SKY", Amount: 1, OccurredAt: noon}
	}
}
