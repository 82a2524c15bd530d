package mall

import (
	"context"
	"fmt"
	"sync"
)

// shift is the time between New and Close, and the goroutines that work in it.
type shift struct {
	ctx       context.Context // of all work; ends when Close has waited long enough
	interrupt context.CancelFunc
	stopping  chan struct{} // closed when Close begins: who waits, stops waiting

	mu    sync.Mutex
	ended bool
	wg    sync.WaitGroup
}

func newShift() *shift {
	s := &shift{stopping: make(chan struct{})}
	s.ctx, s.interrupt = context.WithCancel(context.Background())
	return s
}

// enter lets one more goroutine in; it reports false once the shift has ended.
func (s *shift) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.wg.Add(1)
	return true
}

func (s *shift) leave() { s.wg.Done() }

// end lets nobody in any more and waits for those inside.
func (s *shift) end(ctx context.Context) error {
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
	return fmt.Errorf("mall: interrupted what was under way: %w", ctx.Err())
}
