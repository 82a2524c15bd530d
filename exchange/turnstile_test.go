package exchange

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAWaitingCompanyIsNextWhateverAnotherHasQueued(t *testing.T) {
	s := newTurnstile(newPace(10, time.Second, nil), time.Minute)
	flood := entered(t, s, "a", 10)
	s.mu.Lock()
	var all []*waiter
	for range 1000 {
		w, _ := s.queue("a", 1)
		all = append(all, w)
	}
	b, _ := s.queue("b", 1)
	s.mu.Unlock()
	before := 0
	for in(b) == 0 && before < 1000 {
		flood.left++ // of those that were let in one has done its work
		flood.leave(1)
		before = in(all...)
	}
	if before > quantum {
		t.Errorf("%d of the thousand came before", before)
	}
}

// A call of many counts as many, so that who asks one by one is not the loser.
func TestTurnsAreOfWorkAndNotOfCalls(t *testing.T) {
	s := newTurnstile(newPace(1000, time.Second, nil), time.Minute)
	full := entered(t, s, "x", 1000)
	s.mu.Lock()
	var large, small []*waiter
	for range 100 {
		w, _ := s.queue("batches", 500)
		large = append(large, w)
		for range 20 {
			w, _ := s.queue("singles", 1)
			small = append(small, w)
		}
	}
	s.mu.Unlock()
	for in(small...) < len(small) {
		full.left++
		full.leave(1)
	}
	if done := 500 * in(large...); done > 2*len(small)+1000 {
		t.Errorf("batches got %d while singles got %d", done, len(small))
	}
}

// in counts those that were let in.
func in(all ...*waiter) (n int) {
	for _, w := range all {
		select {
		case <-w.ready:
			n++
		default:
		}
	}
	return n
}

func entered(t *testing.T, s *turnstile, company string, cost int) *seat {
	t.Helper()
	in, err := s.enter(context.Background(), company, cost)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestWhoWaitsTooLongOrHangsUpIsToldSo(t *testing.T) {
	s := newTurnstile(newPace(1, time.Second, nil), 10*time.Millisecond)
	in := entered(t, s, "a", 1)
	var busy *Busy
	if _, err := s.enter(context.Background(), "b", 1); !errors.As(err, &busy) || busy.RetryAfter <= 0 {
		t.Errorf("after the patience: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.patience = time.Minute
	if _, err := s.enter(ctx, "b", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("after it hung up: %v", err)
	}
	in.leave(1)
	entered(t, s, "b", 1).leave(1)
	if s.used != 0 || len(s.lines) != 0 || len(s.ring) != 0 {
		t.Errorf("left behind: %d in use, lines %v", s.used, s.lines)
	}
}

func TestAFullLineIsRefusedAtOnceAndOthersAreNot(t *testing.T) {
	s := newTurnstile(newPace(1, time.Second, nil), time.Minute)
	entered(t, s, "a", 1)
	for range lineMax {
		s.mu.Lock()
		s.queue("a", 1)
		s.mu.Unlock()
	}
	var busy *Busy
	if _, err := s.enter(context.Background(), "a", 1); !errors.As(err, &busy) {
		t.Errorf("a full line: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, _ := s.queue("b", 1); w == nil {
		t.Error("another's line is full too")
	}
}

// Whatever is asked for and given back, no more is in than there may be, nobody
// is forgotten, and nothing is left behind.
func TestEverybodyGetsInAndNothingIsLeftBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 50).Draw(t, "limit")
		s := newTurnstile(newPace(limit, time.Second, nil), time.Minute)
		var wg sync.WaitGroup
		for _, company := range []string{"a", "b", "c"} {
			costs := rapid.SliceOfN(rapid.IntRange(1, 80), 0, 30).Draw(t, company)
			for _, cost := range costs {
				wg.Go(func() {
					in, err := s.enter(context.Background(), company, cost)
					if err != nil {
						panic(err)
					}
					s.mu.Lock()
					if s.used > limit {
						panic("more is in than there may be")
					}
					s.mu.Unlock()
					for range cost { // in parts, and more than it took if it took all
						in.leave(1)
					}
				})
			}
		}
		wg.Wait()
		if s.used != 0 || len(s.lines) != 0 || len(s.ring) != 0 {
			t.Fatalf("left behind: %d in use, %d lines", s.used, len(s.lines))
		}
	})
}

// BenchmarkTurn is what a turn costs when nobody waits.
func BenchmarkTurn(b *testing.B) {
	s := newTurnstile(newPace(1024, time.Second, nil), time.Second)
	b.ReportAllocs()
	for b.Loop() {
		in, err := s.enter(context.Background(), "a", 1)
		if err != nil {
			b.Fatal(err)
		}
		in.leave(1)
	}
}
