package lane_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// owning returns the owner of lanes whose batches end as a function says.
func owning(t *testing.T, execute func(context.Context, lane.Tenure, lane.Batch) ([]ledger.Result, error)) *lane.Owned {
	o := lane.NewOwned(lane.OwnedOptions{Execute: execute})
	t.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func echoing(_ context.Context, _ lane.Tenure, b lane.Batch) ([]ledger.Result, error) {
	return echo(b.Commands), nil
}

func take(t *testing.T, o *lane.Owned, number uint32, epoch uint64) {
	t.Helper()
	if err := o.Take(lane.Tenure{Lane: number, Epoch: epoch}); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheOwnerOfALaneTakesItsCommands(t *testing.T) {
	o := owning(t, echoing)
	submit := func(number uint32, want error) {
		t.Helper()
		if r, err := o.Submit(t.Context(), number, utility, numbered(1)); !errors.Is(err, want) || want == nil && len(r) != 1 {
			t.Errorf("lane %d gave %v, %v, want %v", number, r, err, want)
		}
	}
	submit(1, ledger.ErrNotOwner)
	take(t, o, 1, 4)
	take(t, o, 1, 4)
	submit(1, nil)
	submit(0, ledger.ErrNotOwner)
	if err := o.Take(lane.Tenure{Lane: 1, Epoch: 5}); err == nil {
		t.Error("a tenure began before the last had ended")
	}
	if err := o.Leave(t.Context(), 1); err != nil {
		t.Error(err)
	}
	submit(1, ledger.ErrNotOwner)
	if err := o.Leave(t.Context(), 1); err != nil {
		t.Error(err)
	}
	take(t, o, 1, 5)
	submit(1, nil)
}

func TestLanesWorkAtTheSameTime(t *testing.T) {
	both := make(chan struct{}, 2)
	met := make(chan struct{})
	o := owning(t, func(_ context.Context, _ lane.Tenure, b lane.Batch) ([]ledger.Result, error) {
		both <- struct{}{}
		<-met // which is closed when both lanes have begun a batch
		return echo(b.Commands), nil
	})
	take(t, o, 0, 0)
	take(t, o, 7, 0)
	done := make(chan error, 2)
	for _, number := range []uint32{0, 7} {
		go func() {
			_, err := o.Submit(context.Background(), number, utility, numbered(1))
			done <- err
		}()
	}
	for range 2 {
		select {
		case <-both:
		case <-time.After(10 * time.Second):
			t.Fatal("a lane waits for the other")
		}
	}
	close(met)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWhatWaitsInALaneThatWasTakenOverIsFenced(t *testing.T) {
	begun, fence := make(chan struct{}), make(chan struct{})
	o := owning(t, func(_ context.Context, of lane.Tenure, b lane.Batch) ([]ledger.Result, error) {
		if of.Epoch > 1 {
			return echo(b.Commands), nil
		}
		close(begun) // a second time would panic: nothing is executed any more
		<-fence
		return nil, ledger.ErrFenced
	})
	take(t, o, 0, 1)
	errs := make(chan error, 3)
	submit := func() {
		_, err := o.Submit(context.Background(), 0, utility, numbered(1))
		errs <- err
	}
	go submit()
	<-begun
	go submit()
	go submit()
	for o.Queued() < 2 {
		time.Sleep(time.Millisecond)
	}
	close(fence)
	for range 3 {
		if err := <-errs; !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("a command ended with %v", err)
		}
	}
	if _, err := o.Submit(t.Context(), 0, utility, numbered(1)); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("afterwards a command ends with %v", err)
	}
	take(t, o, 0, 2)
	if _, err := o.Submit(t.Context(), 0, utility, numbered(1)); err != nil {
		t.Errorf("taken again, the lane ends a command with %v", err)
	}
}

func TestClosedOwnersTakeNothing(t *testing.T) {
	o := owning(t, echoing)
	take(t, o, 0, 0)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Submit(t.Context(), 0, utility, numbered(1)); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("a command ended with %v", err)
	}
	if err := o.Take(lane.Tenure{Lane: 1}); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("taking a lane ended with %v", err)
	}
}
