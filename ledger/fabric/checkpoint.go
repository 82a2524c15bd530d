package fabric

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
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

// checkpoint takes a checkpoint, if a block was heard of since the last. All
// companies that are there sign it; the utility must. Its own block makes for one
// more try, which finds nothing to do and submits nothing.
func (l *Ledger) checkpoint(ctx context.Context) error {
	if !l.pending.Swap(false) {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	var random [10]byte
	if _, err := io.ReadFull(l.opts.Random, random[:]); err != nil {
		return err
	}
	caller := l.opts.Checkpointer
	b := &batch{
		caller: caller, companies: []string{l.routes.utilityOr(caller.MSP)}, everybody: true,
		commands: []ledger.Command{{ID: ledger.NewID(l.opts.Clock(), random), Body: &ledger.Checkpoint{}}},
	}
	b.sample.Commands = 1
	results, err := l.transact(ctx, b)
	if err != nil {
		l.pending.Store(true)
		return err
	}
	switch r := results[0]; r.Code {
	case ledger.CodeOK, ledger.CodeNothingToCheckpoint, ledger.CodeNotInitialised, ledger.CodeHistoryUnadopted:
		return nil
	default:
		return fmt.Errorf("refused: %s: %s", r.Code, r.Message)
	}
}
