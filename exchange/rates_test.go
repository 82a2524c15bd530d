package exchange

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// slow is a ledger whose agreements come when they are let.
type slow struct {
	ledger.Ledger
	mu    sync.Mutex
	reads int
	let   chan error
}

func (s *slow) Agreements(ctx context.Context) ([]ledger.Agreement, error) {
	s.mu.Lock()
	s.reads++
	s.mu.Unlock()
	select {
	case err := <-s.let:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (*slow) Partners(context.Context) ([]ledger.Partner, error) { return nil, nil }

func slowRates() (*slow, *rates) {
	s := &slow{let: make(chan error)}
	return s, newRates(&Options{Ledger: s, Now: time.Now, AgreementsTTL: time.Minute})
}

// begins calls f aside and returns what it will have returned.
func begins(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	synctest.Wait()
	return result
}

func (r *rates) getting(ctx context.Context) func() error {
	return func() error { _, err := r.get(ctx); return err }
}

func TestOneSlowReadingHoldsUpNobodyWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := slowRates()
		first := begins(r.getting(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := <-begins(r.getting(ctx)); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("who waits a second: %v after %s", err, time.Since(began))
		}
		s.let <- nil
		if err := <-first; err != nil || s.reads != 1 {
			t.Errorf("who reads: %v, in %d readings", err, s.reads)
		}
	})
}

func TestManyShareOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := slowRates()
		var all []<-chan error
		for range 20 {
			all = append(all, begins(r.getting(t.Context())))
		}
		failure := errors.New("no")
		s.let <- failure
		for _, one := range all {
			if err := <-one; !errors.Is(err, failure) {
				t.Errorf("one of them: %v", err)
			}
		}
		if s.reads != 1 {
			t.Errorf("%d readings", s.reads)
		}
	})
}

func TestWhoLeavesFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := slowRates()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := begins(r.getting(ctx)), begins(r.getting(t.Context()))
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		s.let <- nil
		if err := <-second; err != nil || s.reads != 2 {
			t.Errorf("who stayed: %v, in %d readings", err, s.reads)
		}
	})
}

func TestWhatChangedSinceIsReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := slowRates()
		before := begins(r.getting(t.Context()))
		time.Sleep(time.Millisecond)
		since := time.Now().UnixMilli()
		time.Sleep(time.Millisecond)
		renew := func() error { return r.renew(t.Context(), since) }
		both := []<-chan error{begins(renew), begins(renew)}
		if s.reads != 2 {
			t.Fatalf("%d readings, want one from before and one that both share", s.reads)
		}
		s.let <- nil
		s.let <- nil
		for _, one := range append(both, before) {
			if err := <-one; err != nil {
				t.Error(err)
			}
		}
		if c := r.current.Load(); c.readAt.UnixMilli() <= since {
			t.Errorf("what was begun at %s took the place of what was read after %d", c.readAt, since)
		}
		if err := r.renew(t.Context(), since); err != nil || s.reads != 2 {
			t.Errorf("again: %v, in %d readings", err, s.reads)
		}
	})
}
