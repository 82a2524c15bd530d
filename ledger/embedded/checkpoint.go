package embedded

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// startCheckpoints takes checkpoints in the background until stopCheckpoints is
// called. They do not queue with the callers' commands: a full queue must not
// keep receipts provisional.
func (l *Ledger) startCheckpoints() {
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
	if l.opts.CheckpointEvery == 0 {
		return
	}
	tick := time.NewTicker(l.opts.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if l.failed() != nil {
			return
		}
		if err := l.checkpoint(); err != nil {
			l.opts.Logger.Error("no checkpoint could be taken; receipts stay provisional", "error", err)
		}
	}
}

// Checkpoint takes a checkpoint now, unless there is nothing to gather. [Ledger.Close]
// does so, too.
func (l *Ledger) Checkpoint() error {
	if err := l.failed(); err != nil {
		return err
	}
	return l.checkpoint()
}

func (l *Ledger) checkpoint() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	pending, err := chaincode.Pending(l.store, laneNumber)
	if err != nil || pending == 0 {
		return err
	}
	command := ledger.Command{ID: l.checkpointID(), Body: &ledger.Checkpoint{}}
	epoch, err := chaincode.Epoch(l.store, laneNumber)
	if err != nil {
		return err
	}
	of := lane.Tenure{Lane: laneNumber, Epoch: epoch}
	results, err := l.transact(of, lane.Batch{Caller: l.opts.Checkpointer, Commands: []ledger.Command{command}})
	if err != nil {
		return err
	}
	if r := results[0]; r.Code != ledger.CodeOK {
		return fmt.Errorf("refused: %s: %s", r.Code, r.Message)
	}
	return nil
}

// checkpointID is made from the block before, which no other has: the same
// ledger would choose the same again.
func (l *Ledger) checkpointID() ledger.ID {
	sum := sha256.Sum256(append([]byte("pointgrid/checkpoint-id/v1\x00"), l.chain.end.hash[:]...))
	return ledger.NewID(time.UnixMilli(l.now()), [10]byte(sum[:10]))
}
