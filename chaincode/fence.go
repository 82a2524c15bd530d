package chaincode

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// The head of a lane says under which epoch it is written, and every batch writes
// the head. So of two processes that both take themselves for the owner, the one
// with the lower epoch is refused here; and where a batch is endorsed before it is
// put in order, what was endorsed before the lane was taken is invalid, because the
// head that it read has changed.

// owner reports whether the transaction is of the company that owns lanes. Others
// give the few commands that they may give under whatever epoch a lane has.
func (w *work) owner() bool {
	return w.alliance.present && w.tx.Caller.MSP == w.alliance.now.msp
}

// fenced refuses the whole batch of somebody who owned the lane before.
func (w *work) fenced(results []ledger.Result) bool {
	epoch := w.head.now.epoch
	if !w.owner() || w.tx.Epoch >= epoch {
		return false
	}
	for i := range results {
		results[i] = ledger.Result{Code: ledger.CodeFenced,
			Message: fmt.Sprintf("lane %d was taken over under epoch %d, the batch states %d; its owner carries commands out", w.tx.Lane, epoch, w.tx.Epoch)}
	}
	return true
}

// reign notes the epoch of a batch that changes the lane.
func (w *work) reign() error {
	if !w.owner() || w.tx.Epoch <= w.head.now.epoch || !w.head.changed() {
		return nil
	}
	w.head.edit(&w.journal).epoch = w.tx.Epoch
	return w.keep()
}

// takeLane writes the head, if only to have written it.
func (w *work) takeLane() error {
	w.head.edit(&w.journal).epoch = w.tx.Epoch
	return nil
}

// Epoch returns the epoch under which a lane is owned, 0 while none ever took it.
func Epoch(r Reader, lane uint32) (uint64, error) {
	h, _, err := read[head](r, keyHead(lane))
	return h.epoch, err
}
