package fabric

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// startCheckpoints takes checkpoints in the background until stopCheckpoints is
// called. They do not queue with the callers' commands: a full queue must not
// keep receipts provisional.
func (l *Ledger) startCheckpoints() {
	if l.opts.CheckpointEvery == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	l.stopCheckpoints = func() {
		cancel()
		<-ended
	}
	go func() {
		defer close(ended)
		l.takeCheckpoints(ctx)
	}()
}

func (l *Ledger) takeCheckpoints(ctx context.Context) {
	tick := time.NewTicker(l.opts.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := l.checkpoint(ctx); err != nil && ctx.Err() == nil {
			l.opts.Logger.Error("no checkpoint could be taken; receipts stay provisional", "error", err)
		}
	}
}

// checkpoint takes a checkpoint of each lane that this process owns, if a block was
// heard of since the last. All companies that are there sign it. Its own block makes for one
// more try, which finds nothing to do and submits nothing.
func (l *Ledger) checkpoint(ctx context.Context) error {
	if !l.pending.Swap(false) {
		return nil
	}
	var errs []error
	for _, t := range l.lanes.Tenures() {
		if err := l.checkpointLane(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("lane %d: %w", t.Lane, err))
		}
	}
	if len(errs) > 0 {
		l.pending.Store(true)
	}
	return errors.Join(errs...)
}

func (l *Ledger) checkpointLane(ctx context.Context, t lane.Tenure) error {
	r, err := l.beside(ctx, t, l.opts.Checkpointer, &ledger.Checkpoint{})
	if errors.Is(err, ledger.ErrFenced) {
		l.lanes.Drop(t)
	}
	if err != nil {
		return err
	}
	switch r.Code {
	case ledger.CodeOK, ledger.CodeNothingToCheckpoint, ledger.CodeNotInitialised, ledger.CodeHistoryUnadopted:
		return nil
	default:
		return fmt.Errorf("refused: %s: %s", r.Code, r.Message)
	}
}

// beside gives a command that does not queue with the callers'. All companies that
// are there endorse it; the utility must.
func (l *Ledger) beside(ctx context.Context, t lane.Tenure, caller ledger.Identity, body ledger.Body) (ledger.Result, error) {
	var random [10]byte
	if _, err := io.ReadFull(l.opts.Random, random[:]); err != nil {
		return ledger.Result{}, err
	}
	b := &batch{
		of: t, caller: caller, companies: []string{l.routes.utilityOr(caller.MSP)}, everybody: true,
		commands: []ledger.Command{{ID: ledger.NewID(l.opts.Clock(), random), Body: body}},
	}
	b.sample.Commands = 1
	results, err := l.transact(ctx, b)
	if err != nil {
		return ledger.Result{}, err
	}
	return results[0], nil
}
