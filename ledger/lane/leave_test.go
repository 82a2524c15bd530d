package lane_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

func TestLeavingWhileQueuedMeansNotDone(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute})
	submit(t.Context(), l, utility, numbered(0))
	<-r.begun
	ctx, cancel := context.WithCancel(t.Context())
	leaves := submit(ctx, l, utility, numbered(1))
	waitQueued(t, l, 1)
	stays := submit(t.Context(), l, utility, numbered(2))
	waitQueued(t, l, 2)
	cancel()
	if o := <-leaves; !errors.Is(o.err, context.Canceled) || errors.Is(o.err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want context.Canceled", o.err)
	}
	close(r.gate)
	if o := <-stays; o.err != nil {
		t.Error(o.err)
	}
	if executed(r, 1) {
		t.Error("a command whose caller left in time was executed")
	}
}

func TestLeavingDuringTheBatchIsAnUnknownOutcome(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute})
	ctx, cancel := context.WithCancel(t.Context())
	leaves := submit(ctx, l, utility, numbered(0))
	<-r.begun
	cancel()
	o := <-leaves
	if !errors.Is(o.err, ledger.ErrOutcomeUnknown) || errors.Is(o.err, context.Canceled) {
		t.Errorf("got %v, want ErrOutcomeUnknown alone", o.err)
	}
	close(r.gate)
}

func TestLeavingBetweenBatchesDropsTheRest(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 1})
	ctx, cancel := context.WithCancel(t.Context())
	leaves := submit(ctx, l, utility, numbered(0), numbered(1), numbered(2))
	<-r.begun
	r.gate <- struct{}{}
	<-r.begun
	cancel()
	if o := <-leaves; !errors.Is(o.err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", o.err)
	}
	r.gate <- struct{}{}
	waitQueued(t, l, 0)
	if executed(r, 2) {
		t.Error("a command was executed after its caller had left")
	}
}

func TestAnEndedContextDoesNothing(t *testing.T) {
	r := &record{}
	l := open(t, lane.Options{Execute: r.execute})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Submit(ctx, utility, numbered(0)); !errors.Is(err, context.Canceled) || len(r.sizes()) != 0 {
		t.Errorf("got %v after %v batches", err, r.sizes())
	}
}

func TestAFailedBatchFailsItsCallsOnly(t *testing.T) {
	broken := errors.New("broken")
	r := gated()
	r.fail = func(batch int) error {
		if batch == 1 {
			return broken
		}
		return nil
	}
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 1})
	a := submit(t.Context(), l, utility, numbered(0))
	<-r.begun
	b := submit(t.Context(), l, utility, numbered(1))
	waitQueued(t, l, 1)
	c := submit(t.Context(), l, utility, numbered(2))
	waitQueued(t, l, 2)
	close(r.gate)
	if o := <-a; o.err != nil {
		t.Error(o.err)
	}
	if o := <-b; !errors.Is(o.err, broken) {
		t.Errorf("got %v, want the error of Execute", o.err)
	}
	if o := <-c; o.err != nil {
		t.Error(o.err)
	}
}

func TestAFailureAfterASuccessIsAnUnknownOutcome(t *testing.T) {
	r := &record{fail: func(batch int) error {
		if batch == 1 {
			return ledger.ErrBusy
		}
		return nil
	}}
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 1})
	_, err := l.Submit(t.Context(), utility, numbered(0), numbered(1), numbered(2))
	if !errors.Is(err, ledger.ErrOutcomeUnknown) || errors.Is(err, ledger.ErrBusy) {
		t.Errorf("got %v, want ErrOutcomeUnknown alone", err)
	}
	if got := r.sizes(); !slices.Equal(got, []int{1, 1}) || l.Queued() != 0 {
		t.Errorf("batches of %v with %d left, want [1 1] and 0", got, l.Queued())
	}
}

func TestAWrongNumberOfResultsIsAnUnknownOutcome(t *testing.T) {
	l := open(t, lane.Options{Execute: func(context.Context, lane.Batch) ([]ledger.Result, error) {
		return nil, nil
	}})
	if _, err := l.Submit(t.Context(), utility, numbered(0)); !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", err)
	}
}

func TestCloseDrains(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 1})
	a := submit(t.Context(), l, utility, numbered(0), numbered(1))
	<-r.begun
	b := submit(t.Context(), l, utility, numbered(2))
	waitQueued(t, l, 2)
	closed := make(chan error)
	go func() { closed <- l.Close(context.Background()) }()
	for {
		_, err := l.Submit(t.Context(), ledger.Identity{MSP: "late"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err = l.Submit(ctx, utility, numbered(9))
		cancel()
		if errors.Is(err, ledger.ErrClosed) {
			break
		}
	}
	close(r.gate)
	for _, done := range []<-chan outcome{a, b} {
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if executed(r, 9) {
		t.Error("a refused command was executed")
	}
}

func TestCloseThatGivesUpFailsWhatWaits(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 1})
	stuck := submit(t.Context(), l, utility, numbered(0), numbered(1))
	<-r.begun
	waits := submit(t.Context(), l, utility, numbered(2))
	waitQueued(t, l, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if o := <-stuck; !errors.Is(o.err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", o.err)
	}
	if o := <-waits; !errors.Is(o.err, ledger.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", o.err)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func executed(r *record, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.batches {
		for _, c := range b.Commands {
			if number(c.ID) == n {
				return true
			}
		}
	}
	return false
}
