package fabric_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// TestAFormerOwnerOfALaneWritesNothing lets one process prepare a batch and pause
// before it gives it to the orderers, another take the lane meanwhile, and the first
// wake up again.
func TestAFormerOwnerOfALaneWritesNothing(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	clustered := func(o *fabric.Options) { o.Clustered, o.CheckpointEvery = true, 0 }
	var mu sync.Mutex
	var failures []fabric.Failure
	a := open(ctx, t, n, func(o *fabric.Options) {
		clustered(o)
		o.Patience.Order = time.Minute // longer than it pauses
		o.Failed = func(f fabric.Failure) {
			mu.Lock()
			defer mu.Unlock()
			failures = append(failures, f)
		}
	})
	if _, err := a.Submit(ctx, utility, ledger.Command{ID: newID(), Body: &ledger.Checkpoint{}}); !errors.Is(err, ledger.ErrNotOwner) {
		t.Fatalf("before it has taken a lane, a process that is one of several ends a command with %v", err)
	}
	if err := a.TakeLane(ctx, 0, 1); err != nil {
		t.Fatal(err)
	}
	d := found(ctx, t, a, "sky", sky)
	if err := a.TakeLane(ctx, 0, 1); err != nil { // now that there is somebody to own it
		t.Fatal(err)
	}
	if err := d.convert(ctx, a, 3); err != nil {
		t.Fatal(err)
	}
	b := open(ctx, t, n, clustered)
	held, wake := a.HoldOrders()
	late := ledger.Command{ID: newID(), Body: d.in(10)}
	ended := make(chan error, 1)
	go func() {
		_, err := a.SubmitLane(ctx, 0, utility, late)
		ended <- err
	}()
	<-held // endorsed, and not yet given to an orderer
	if err := b.TakeLane(ctx, 0, 2); err != nil {
		t.Fatal(err)
	}
	if err := d.convert(ctx, b, 3); err != nil {
		t.Fatal(err)
	}
	wake()
	if err := <-ended; !errors.Is(err, ledger.ErrFenced) || errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("the former owner's batch ended with %v", err)
	}
	if _, err := b.Find(ctx, late.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("finding what the former owner gave returned %v", err)
	}
	mu.Lock()
	if len(failures) != 2 || failures[0].Reason != fabric.ReasonConflict || failures[1].Reason != fabric.ReasonFenced {
		t.Errorf("the attempts at the former owner's batch failed with %+v", failures)
	}
	mu.Unlock()
	if err := d.convert(ctx, a, 1); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("afterwards the former owner ends a command with %v", err)
	}
	if err := a.TakeLane(ctx, 0, 1); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("taking the lane under its former epoch ended with %v", err)
	}
	// The same command, given to the new owner, is carried out once.
	for _, replayed := range []bool{false, true} {
		if r, err := b.SubmitLane(ctx, 0, utility, late); err != nil || r[0].Code != ledger.CodeOK || r[0].Replayed != replayed {
			t.Errorf("given to the new owner it ended with %+v, %v", r, err)
		}
	}
	if err := a.TakeLane(ctx, 0, 3); err != nil {
		t.Fatal(err)
	}
	if err := d.convert(ctx, a, 1); err != nil {
		t.Errorf("taken again, the lane ends a command with %v", err)
	}
	conserved(ctx, t, a)
}
