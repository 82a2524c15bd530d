package embedded

import (
	"context"
	"fmt"
	"sort"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ ledger.Blocks = (*Ledger)(nil)

// Height implements [ledger.Blocks].
func (l *Ledger) Height(ctx context.Context) (uint64, error) {
	height, _ := l.chain.watch()
	return height, ctx.Err()
}

// readAhead bounds the transfers that a follower holds, besides those of the
// last batch read.
const readAhead = 1024

// FollowBlocks implements [ledger.Blocks]. A block on disk says what was done;
// what that wrote is read from the state, which belongs to the same height.
func (l *Ledger) FollowBlocks(ctx context.Context, from uint64, visit func(ledger.Block) error) error {
	f := following{next: from}
	for {
		height, changed := l.chain.watch()
		if f.next < height {
			// Blocks are visited when the view is over: it would hold up Close.
			if err := l.view(ctx, f.read); err != nil {
				return err
			}
			if err := f.visit(ctx, visit); err != nil {
				return err
			}
			continue
		}
		if err := l.view(ctx, func(*snapshot) error { return nil }); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// following is how far somebody has come who follows the blocks.
type following struct {
	next   uint64 // block
	batch  uint64 // first that may lie in it, once placed
	placed bool
	blocks []ledger.Block // read and not yet visited
}

func (f *following) visit(ctx context.Context, visit func(ledger.Block) error) error {
	for i, b := range f.blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(b); err != nil {
			return err
		}
		f.blocks[i] = ledger.Block{}
	}
	f.blocks = f.blocks[:0]
	return nil
}

// read reads some blocks.
func (f *following) read(s *snapshot) error {
	at, err := readPosition(s.db)
	if err != nil {
		return err
	}
	if !f.placed {
		if err := f.place(s, at.batches); err != nil {
			return err
		}
	}
	transfers := 0
	err = chaincode.Batches(s, laneNumber, f.batch, func(b ledger.Batch) (bool, error) {
		block, err := blockOf(&b.Header)
		if err == nil && (block < f.next || block >= at.height) {
			err = fmt.Errorf("%q is not one of blocks %d to %d", b.Header.Tx, f.next, at.height-1)
		}
		if err != nil {
			return false, damagedBatch(&b.Header, err)
		}
		f.empty(block)
		f.blocks = append(f.blocks, ledger.Block{Number: block, Batches: []ledger.Batch{b}})
		f.next, f.batch = block+1, b.Header.Number+1
		transfers += len(b.Transfers)
		return transfers < readAhead, nil
	})
	if err == nil && f.batch == at.batches {
		f.empty(at.height)
	}
	return err
}

// empty adds the blocks before one, which have no batches.
func (f *following) empty(until uint64) {
	for ; f.next < until; f.next++ {
		f.blocks = append(f.blocks, ledger.Block{Number: f.next})
	}
}

// place finds the first batch that lies in the block to be visited next or after.
func (f *following) place(s *snapshot, batches uint64) (fault error) {
	f.batch = uint64(sort.Search(int(batches), func(n int) bool {
		header, _, err := chaincode.Batch(s, laneNumber, uint64(n))
		if err != nil {
			fault = err
			return true
		}
		block, err := blockOf(&header)
		if err != nil {
			fault = damagedBatch(&header, err)
		}
		return err != nil || block >= f.next
	}))
	f.placed = fault == nil
	return fault
}

// blockOf returns the block in which a batch lies.
func blockOf(h *ledger.BatchHeader) (block uint64, err error) {
	if _, err := fmt.Sscanf(h.Tx, "embedded-%d", &block); err != nil || ledger.EmbeddedTx(block) != h.Tx {
		return 0, fmt.Errorf("%q does not name a block", h.Tx)
	}
	return block, nil
}

func damagedBatch(h *ledger.BatchHeader, err error) error {
	return damagedFile(stateDir, "transaction of batch %d: %v; %s", h.Number, err, rebuildHint)
}
