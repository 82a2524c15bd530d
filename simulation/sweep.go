package simulation

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Sweep plays one seed after another.
type Sweep struct {
	From    uint64 // the first seed
	Seeds   uint64 // how many; 0 is as many as until the context ends
	Workers int    // seeds at a time, at least 1
	// Trace gets everything that happens, if not nil; only with one worker is that of use.
	Trace io.Writer
	// Failed is told of each seed that breaks a law, Stuck of one that has been at it for
	// longer than Patience. They are called one at a time.
	Failed   func(Result)
	Stuck    func(seed uint64)
	Patience time.Duration
}

// Tally is what a sweep came to.
type Tally struct{ Seeds, Events, Failed int64 }

// Run plays the seeds, until the context ends.
func (s *Sweep) Run(ctx context.Context, t *testing.T) Tally {
	var next atomic.Uint64
	var mu sync.Mutex
	var sum Tally
	var workers sync.WaitGroup
	for range max(s.Workers, 1) {
		workers.Go(func() {
			for n := next.Add(1) - 1; ctx.Err() == nil && (s.Seeds == 0 || n < s.Seeds); n = next.Add(1) - 1 {
				r := s.one(t, s.From+n, &mu)
				mu.Lock()
				sum.Seeds++
				sum.Events += int64(r.Events)
				if !r.OK() {
					sum.Failed++
					s.Failed(r)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return sum
}

// one plays a seed and watches over it: what waits for something outside of virtual time
// waits for ever.
func (s *Sweep) one(t *testing.T, seed uint64, mu *sync.Mutex) Result {
	watch := time.AfterFunc(s.Patience, func() {
		mu.Lock()
		defer mu.Unlock()
		s.Stuck(seed)
	})
	defer watch.Stop()
	return Run(t, seed, s.Trace)
}
