package chaincode

import (
	"math/bits"
	"slices"

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
}

func (h *head) encode(e *wire.Encoder) {
	e.Uint(h.next)
	e.Uint(h.first)
	e.Uint(h.checkpoints)
	e.Raw(h.previous[:])
	for _, s := range h.subtrees {
		e.Raw(s[:])
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
}

// push counts a batch and adds the leaf of its header.
func (h *head) push(leaf ledger.Hash) {
	s := slices.Clone(h.subtrees)
	for n := h.next - h.first; n&1 == 1; n >>= 1 {
		leaf = ledger.NodeHash(s[len(s)-1], leaf)
		s = s[:len(s)-1]
	}
	h.subtrees = append(s, leaf)
	h.next++
}

// root is the root of the tree over the pending headers, of which there must be
// one.
func (h *head) root() ledger.Hash {
	i := len(h.subtrees) - 1
	root := h.subtrees[i]
	for i--; i >= 0; i-- {
		root = ledger.NodeHash(h.subtrees[i], root)
	}
	return root
}

// checkpoint gathers the pending headers under one root. It is no transfer:
// were it one, there would always be a batch to take a checkpoint of.
func (w *work) checkpoint(t *ledger.Transfer) error {
	h := &w.head
	if h.now.next == h.now.first {
		return refuse(ledger.CodeNothingToCheckpoint, "no batch since the last checkpoint; give one after the next batch")
	}
	c := ledger.CheckpointRecord{
		Lane: w.tx.Lane, Number: h.now.checkpoints, First: h.now.first, Last: h.now.next - 1,
		Root: h.now.root(), Previous: h.now.previous, At: w.tx.At, Window: t.Window,
	}
	w.notes.create(w, c.Last).edit(&w.journal).CheckpointRecord = c
	now := h.edit(&w.journal)
	now.first, now.checkpoints, now.previous, now.subtrees = now.next, now.checkpoints+1, c.Hash(), nil
	return nil
}
