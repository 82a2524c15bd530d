package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// benchAccounts is how many members the uniform load is spread over.
const benchAccounts = 100_000

// BenchmarkSubmit measures conversions that are durable: every acknowledged one
// is in a block that was synced. Callers × commands per call; the hot account is
// one that every conversion touches, in the same run as the uniform ones.
//
//	go test -run '^$' -bench Submit ./ledger/embedded
func BenchmarkSubmit(b *testing.B) {
	for _, load := range []struct{ callers, size int }{{64, 1}, {64, 10}, {8, 100}, {4, 1000}} {
		for _, accounts := range []struct {
			name string
			n    int
		}{{"uniform", benchAccounts}, {"hot", 1}} {
			b.Run(fmt.Sprintf("%dx%d/%s", load.callers, load.size, accounts.name), func(b *testing.B) {
				benchmarkSubmit(b, load.callers, load.size, accounts.n)
			})
		}
	}
}

func benchmarkSubmit(b *testing.B, callers, size, accounts int) {
	opts := testOptions(b.TempDir())
	opts.CacheBytes = CacheDefault
	opts.CheckpointEvery = CheckpointDefault
	var sums Sample
	batches := 0
	opts.Timer = time.Now
	opts.Observe = func(s Sample) {
		batches++
		sums.Execute, sums.Sync, sums.Commit = sums.Execute+s.Execute, sums.Sync+s.Sync, sums.Commit+s.Commit
		sums.Bytes += s.Bytes
	}
	l := open(b, opts)
	found(b, l)
	peak := watchHeap(b)
	cpu := cpuTime(b)
	var left atomic.Int64
	left.Store(int64(b.N))
	times := make([][]time.Duration, callers)
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() { times[caller] = benchCaller(b, l, caller, size, accounts, &left) })
	}
	wg.Wait()
	b.StopTimer()
	n := float64(b.N)
	b.ReportMetric(n/b.Elapsed().Seconds(), "transfers/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/n, "cpu-us/op")
	b.ReportMetric(percentile(slices.Concat(times...), 99).Seconds()*1e3, "p99-ms")
	b.ReportMetric(n/float64(batches), "transfers/block")
	b.ReportMetric(float64(sums.Execute.Nanoseconds())/n, "execute-ns/op")
	b.ReportMetric(float64(sums.Sync.Nanoseconds())/n, "sync-ns/op")
	b.ReportMetric(float64(sums.Commit.Nanoseconds())/n, "commit-ns/op")
	b.ReportMetric(float64(sums.Bytes)/n, "disk-B/op")
	b.ReportMetric(float64(peak())/(1<<20), "heap-MiB")
}

// benchCaller submits until nothing is left, and returns how long each call took.
func benchCaller(b *testing.B, l *Ledger, caller, size, accounts int, left *atomic.Int64) (times []time.Duration) {
	random := rand.New(rand.NewPCG(1, uint64(caller)))
	commands := make([]ledger.Command, size)
	for left.Add(-int64(size)) > -int64(size) {
		for i := range commands {
			commands[i] = conversion(benchID(random), member(random.IntN(accounts)))
		}
		begun := time.Now()
		results, err := l.Submit(context.Background(), utility, commands...)
		if err != nil {
			b.Error(err)
			return times
		}
		times = append(times, time.Since(begun))
		for _, r := range results {
			if r.Code != ledger.CodeOK {
				b.Errorf("%s: %s", r.Code, r.Message)
				return times
			}
		}
	}
	return times
}

func benchID(random *rand.Rand) ledger.ID {
	var r [10]byte
	binary.BigEndian.PutUint64(r[:], random.Uint64())
	binary.BigEndian.PutUint16(r[8:], uint16(random.Uint32()))
	return ledger.NewID(time.Now(), r)
}

func percentile(d []time.Duration, p int) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[(len(d)-1)*p/100]
}

// cpuTime returns what the process has used, which other load on the machine
// disturbs less than it does the time that passes.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchHeap returns a function that tells the largest heap seen until then.
func watchHeap(b *testing.B) func() uint64 {
	var peak atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return peak.Load()
	}
}
