package cluster_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/ledger"
)

func TestCommandsGoToTheOwnerOfTheirLane(t *testing.T) {
	w := newWorld(t, 2)
	first := w.join()
	w.serving(first)
	second := w.join()
	w.eventually("each serves one lane", func() bool { return len(first.Status().Held) == 1 && len(second.Status().Held) == 1 })
	for _, g := range []*gateway{first, second} {
		from := w.alliance.count()
		commands := []ledger.Command{issue(from+1, 0), issue(from+2, 1), issue(from+3, 0), issue(from+4, 1)}
		results, err := g.Ledger().Submit(t.Context(), utility, commands...)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if want := laneOf(commands[i], 2); r.Code != ledger.CodeOK || r.Entry.Transfer.ID != commands[i].ID || r.Entry.Locator.Lane != want ||
				r.Entry.Transfer.At != 77 || r.Entry.Transfer.Window != 20000 || r.Entry.Transfer.Digest != commands[i].Digest() {
				t.Errorf("command %d ended with %+v", i, r)
			}
		}
		if i, j := slices.Index(w.alliance.order, commands[0].ID), slices.Index(w.alliance.order, commands[2].ID); i > j {
			t.Error("two commands of one lane were written out of order")
		}
	}
}

func TestARefusalComesBackAsItIs(t *testing.T) {
	w := newWorld(t, 2)
	g := w.join()
	w.serving(g)
	other := w.join()
	w.eventually("each serves one lane", func() bool { return len(g.Status().Held) == 1 && len(other.Status().Held) == 1 })
	w.alliance.mu.Lock()
	w.alliance.lanes = 4 // unknown to the commands' sender, who asks the ledger again
	w.alliance.mu.Unlock()
	results, err := g.Ledger().Submit(t.Context(), utility, issue(1, 0), issue(2, 1), issue(3, 2), issue(4, 3))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK || r.Entry.Locator.Lane != uint32(i) {
			t.Errorf("command %d ended with %+v", i, r)
		}
	}
}

func TestNothingIsLostOrDoubledWhenAnOwnerDies(t *testing.T) {
	w := newWorld(t, 4)
	owner, survivor := w.join(), w.join()
	w.eventually("both serve lanes", func() bool { return len(owner.Status().Held) == 2 && len(survivor.Status().Held) == 2 })
	var sent atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var refused atomic.Int64
	for range 16 {
		all.Go(func() {
			for ctx.Err() == nil {
				n := int(sent.Add(1))
				if _, err := survivor.Ledger().Submit(t.Context(), utility, issue(n, uint32(n))); err != nil {
					refused.Add(1)
				}
			}
		})
	}
	w.eventually("there is load", func() bool { return sent.Load() > 500 })
	killed := time.Now()
	owner.Kill()
	w.serving(survivor)
	if took := time.Since(killed); took > 10*ttl {
		t.Errorf("the lanes were served again after %s", took)
	}
	before := sent.Load()
	w.eventually("the load goes on", func() bool { return sent.Load() > before+500 })
	stop()
	all.Wait()
	if n := refused.Load(); n > 0 {
		t.Errorf("%d calls failed", n)
	}
	if n := w.alliance.count(); n != int(sent.Load()) {
		t.Errorf("%d commands were answered, %d written", sent.Load(), n)
	}
}

func TestAGatewayThatWasTakenForDeadWritesNothing(t *testing.T) {
	w := newWorld(t, 1)
	owner := w.join()
	w.serving(owner)
	other := w.join()
	owner.sick.set(true)
	w.serving(other)
	if _, err := owner.home.SubmitLane(t.Context(), 0, utility, issue(1, 0)); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("a command under the old epoch ended with %v", err)
	}
	owner.sick.set(false)
	select {
	case <-owner.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("it is not told that its slot is lost")
	}
	if !errors.Is(owner.Err(), cluster.ErrLost) {
		t.Errorf("the slot is lost because %v", owner.Err())
	}
	if _, err := owner.Ledger().Submit(t.Context(), utility, issue(2, 0)); err == nil || w.alliance.count() > 0 {
		t.Errorf("the woken gateway wrote: %v", err)
	}
}

func TestWithoutAnOwnerCommandsAreBusyAndNothingIsDone(t *testing.T) {
	w := newWorld(t, 1)
	g := w.join(func(o *cluster.Options) { o.Patience = 200 * time.Millisecond })
	w.serving(g)
	other := w.join(func(o *cluster.Options) { o.Patience = 200 * time.Millisecond })
	w.eventually("the other knows the owner", func() bool { return len(other.Status().View.Duties) > 0 })
	g.Kill()
	_, err := other.Ledger().Submit(t.Context(), utility, issue(1, 0))
	if !errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want busy", err)
	}
}

func TestAnOwnerThatDoesNotAnswerLeavesTheOutcomeUnknown(t *testing.T) {
	w := newWorld(t, 1)
	g := w.join()
	w.serving(g)
	other := w.join(func(o *cluster.Options) { o.Patience = 300 * time.Millisecond })
	w.eventually("the other knows the owner", func() bool { return len(other.Status().View.Duties) > 0 })
	release := w.alliance.stall(0)
	defer release()
	_, err := other.Ledger().Submit(t.Context(), utility, issue(1, 0))
	if !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v, want an unknown outcome", err)
	}
	release()
	w.eventually("the command is written", func() bool { return w.alliance.count() == 1 })
	results, err := other.Ledger().Submit(t.Context(), utility, issue(1, 0))
	if err != nil || !results[0].Replayed {
		t.Errorf("given again it ended with %v, %v", results, err)
	}
}

func TestTooFewResultsAreAnUnknownOutcome(t *testing.T) {
	w := newWorld(t, 1)
	w.alliance.short = true
	w.serving(w.join())
	other := w.join()
	w.eventually("the other knows the owner", func() bool { return len(other.Status().View.Duties) > 0 })
	results, err := other.Ledger().Submit(t.Context(), utility, issue(1, 0), issue(2, 0))
	if !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("one result for two commands ended with %v, %v, want an unknown outcome", results, err)
	}
}

func TestALaneThatStallsHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, 2)
	g := w.join()
	w.serving(g)
	other := w.join()
	w.eventually("each serves one lane", func() bool { return len(g.Status().Held) == 1 && len(other.Status().Held) == 1 })
	var stalled uint32
	for lane := range g.Status().Held {
		stalled = lane
	}
	release := w.alliance.stall(stalled)
	defer release()
	done := make(chan error, 1)
	go func() {
		_, err := other.Ledger().Submit(t.Context(), utility, issue(1, stalled))
		done <- err
	}()
	if _, err := other.Ledger().Submit(t.Context(), utility, issue(2, 1-stalled)); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		t.Errorf("what was stalled ended with %v", err)
	default:
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
