package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// What may be done to the gateway that owns a lane, in the middle of a measurement.
const (
	FaultKill  = "kill"  // SIGKILL
	FaultPause = "pause" // SIGSTOP for longer than its lease lasts, then SIGCONT
)

const (
	// pausedFor is longer than a lease.
	pausedFor = 8 * time.Second
	// movedWithin is how long the lanes of a dead owner may be without one.
	movedWithin = 5 * time.Second
	// endsWithin is how long a gateway may take to see that it was taken for dead.
	endsWithin = 20 * time.Second
	// lostStatus is the exit status of a gateway that lost its slot.
	lostStatus = 3
)

// faulty measures one load while the owner of lane 0 dies or is paused, and says how
// long its lanes were without an owner. The owner is then started again.
func (b *Conversions) faulty(ctx context.Context, stage *sandbox.Stage, load *Load) (*Outcome, error) {
	type ending struct {
		o   *Outcome
		err error
	}
	load.Patient = true
	done := make(chan ending, 1)
	go func() {
		o, err := generate(ctx, load)
		done <- ending{o, err}
	}()
	select {
	case <-time.After(load.Warmup + load.Duration/3):
	case e := <-done:
		return e.o, errors.Join(errors.New("the load ended before the fault"), e.err)
	}
	err := b.strike(ctx, stage)
	e := <-done
	return e.o, errors.Join(err, e.err)
}

func (b *Conversions) strike(ctx context.Context, stage *sandbox.Stage) error {
	owner, lanes, err := ownerOf(ctx, stage.Nodes, 0)
	if err != nil {
		return err
	}
	var others []*sandbox.Node
	for _, node := range stage.Nodes {
		if node != owner {
			others = append(others, node)
		}
	}
	begun := b.Now()
	if b.Fault == FaultKill {
		owner.Process.Kill()
	} else if err := owner.Process.Pause(); err != nil {
		return err
	}
	if err := untilServed(ctx, others, lanes); err != nil {
		return err
	}
	moved := b.Now().Sub(begun)
	fmt.Fprintf(b.Out, "%s of the owner of lanes %v: they were served again after %s\n", b.Fault, lanes, moved.Round(time.Millisecond))
	if b.Fault == FaultPause {
		if err := b.wake(ctx, owner, pausedFor-moved); err != nil {
			return err
		}
	}
	if err := stage.StartNode(ctx, owner); err != nil {
		return err
	}
	if moved > movedWithin {
		return fmt.Errorf("the lanes had no owner for %s, at most %s are allowed", moved, movedWithin)
	}
	return nil
}

// wake lets a paused owner go on, which must find that it was taken for dead.
func (b *Conversions) wake(ctx context.Context, owner *sandbox.Node, after time.Duration) error {
	time.Sleep(max(after, 0))
	if err := owner.Process.Resume(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endsWithin)
	defer cancel()
	status, err := owner.Process.Ended(ctx)
	if err != nil {
		err = fmt.Errorf("%w:\n%s", err, owner.Process.Logs())
	}
	if err == nil && status != lostStatus {
		err = fmt.Errorf("the gateway that woke ended with status %d, want %d:\n%s", status, lostStatus, owner.Process.Logs())
	}
	if err == nil {
		fmt.Fprintf(b.Out, "the gateway that woke ended with status %d, as one whose slot was taken\n", status)
	}
	return err
}
