// Package workflow is what services share that carry durable work on in steps: the
// time in which they may, how long they wait for an answer, and how a command is
// given to the ledger until its outcome is known.
//
// What it refuses: knowing what the work is. Rows, steps and stores are those of the
// package that has the workflow.
package workflow

import (
	"context"
	"fmt"
	"sync"
)

// Shift is the time between a service's beginning and its end, and the goroutines
// that work in it. Make one with [NewShift].
type Shift struct {
	// Ctx is that of all work; it ends when [Shift.End] has waited long enough.
	Ctx context.Context
	// Stopping is closed when the end begins: who waits, stops waiting.
	Stopping <-chan struct{}

	interrupt context.CancelFunc
	stopping  chan struct{}
	mu        sync.Mutex
	ended     bool
	wg        sync.WaitGroup
}

// NewShift begins a shift.
func NewShift() *Shift {
	s := &Shift{stopping: make(chan struct{})}
	s.Ctx, s.interrupt = context.WithCancel(context.Background())
	s.Stopping = s.stopping
	return s
}

// Enter lets one more goroutine in; it reports false once the shift has ended. Who
// was let in must leave.
func (s *Shift) Enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.wg.Add(1)
	return true
}

// Leave is called by each goroutine that was let in.
func (s *Shift) Leave() { s.wg.Done() }

// End lets nobody in any more and waits for those inside. When the context ends
// before, it interrupts them, waits all the same, and returns the context's error.
func (s *Shift) End(ctx context.Context) error {
	s.mu.Lock()
	if !s.ended {
		s.ended = true
		close(s.stopping)
	}
	s.mu.Unlock()
	empty := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(empty)
	}()
	defer s.interrupt()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	s.interrupt()
	<-empty
	return fmt.Errorf("interrupted what was under way: %w", ctx.Err())
}
