//go:build unix

package cluster_test

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkACommand measures what it takes to bring a command to its lane, at this
// gateway and at another, both in this process, with so many callers that commands
// gather: cpu-µs/op is what both sides take together, whatever else the machine does.
func BenchmarkACommand(b *testing.B) {
	w := newWorld(b, 1)
	owner := w.join()
	w.serving(owner)
	other := w.join()
	w.eventually("the other knows the owner", func() bool { return len(other.Status().View.Duties) > 0 })
	var n atomic.Int64
	for name, g := range map[string]*gateway{"here": owner, "elsewhere": other} {
		b.Run(name, func(b *testing.B) {
			l := g.Ledger()
			before := spent(b)
			b.SetParallelism(128)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Submit(b.Context(), utility, issue(int(n.Add(1)), 0)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64((spent(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
		})
	}
}

// spent is the processor's time that this process has had.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
