package chaincode

import (
	"math/bits"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// head is where a lane has got to. The headers of the batches since the last
// checkpoint are kept as the roots of the complete subtrees of their RFC 6962
// tree, largest first: one for each bit that is set in their number.
type head struct {
	plain
	next        uint64      // number of the next batch
	first       uint64      // first batch that no checkpoint covers
	checkpoints uint64      // number of the next checkpoint
	previous    ledger.Hash // of the last checkpoint
	subtrees    []ledger.Hash
	epoch       uint64 // of the owner; 0 while none ever took the lane
}

func (h *head) encode(e *wire.Encoder) {
	e.Uint(h.next)
	e.Uint(h.first)
	e.Uint(h.checkpoints)
	e.Raw(h.previous[:])
	for _, s := range h.subtrees {
		e.Raw(s[:])
	}
	if h.epoch != 0 { // without one a head is what it was before there were any
		e.Uint(h.epoch)
	}
}

func (h *head) decode(d *wire.Decoder) {
	h.next, h.first, h.checkpoints = d.Uint(), d.Uint(), d.Uint()
	copy(h.previous[:], d.Raw(len(h.previous)))
	if h.next < h.first {
		d.Fail("checkpoint beyond the last batch")
		return
	}
	h.subtrees = make([]ledger.Hash, bits.OnesCount64(h.next-h.first))
	for i := range h.subtrees {
		copy(h.subtrees[i][:], d.Raw(len(h.previous)))
	}
	if d.Len() == 0 {
		return
	}
	if h.epoch = d.Uint(); h.epoch == 0 {
		d.Fail("lane taken under no epoch")
	}
}

// pending is the tree over the headers of the batches since the last checkpoint.
func (h *head) pending() ledger.Frontier {
	return ledger.Frontier{Size: h.next - h.first, Subtrees: h.subtrees}
}

// push counts a batch and adds the leaf of its header.
func (h *head) push(leaf ledger.Hash) {
	f := h.pending()
	f.Push(leaf)
	h.subtrees = f.Subtrees
	h.next++
}

// checkpoint gathers the pending headers under one root. It is no transfer:
// were it one, there would always be a batch to take a checkpoint of.
func (w *work) checkpoint(t *ledger.Transfer) error {
	h := &w.head
	if h.now.next == h.now.first {
		return refuse(ledger.CodeNothingToCheckpoint, "no batch since the last checkpoint; give one after the next batch")
	}
	pending := h.now.pending()
	c := ledger.CheckpointRecord{
		Lane: w.tx.Lane, Number: h.now.checkpoints, First: h.now.first, Last: h.now.next - 1,
		Root: pending.Root(), Previous: h.now.previous, At: w.tx.At, Window: t.Window,
	}
	w.notes.create(w, c.Last).edit(&w.journal).CheckpointRecord = c
	now := h.edit(&w.journal)
	now.first, now.checkpoints, now.previous, now.subtrees = now.next, now.checkpoints+1, c.Hash(), nil
	return nil
}
