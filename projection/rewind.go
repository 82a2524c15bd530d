package projection

import (
	"context"
	"errors"
	"math"
	"sort"

	"github.com/pointgrid/pointgrid/ledger"
)

// pageSize is how many rows or lots are read at once.
const pageSize = 1000

// Rewind takes blocks out of the copy, from the last one down to the block with
// the number of the height given, so that they are applied again. A height at
// which the copy has not arrived changes nothing. It holds the lots that the
// blocks changed in memory.
func Rewind(ctx context.Context, s Store, height uint64) error {
	at, err := s.Checkpoint(ctx)
	if err != nil || height >= at.Height {
		return err
	}
	undo := newSums()
	for lane := uint32(0); ; lane++ {
		more, err := undoLane(ctx, s, lane, height, &undo)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	// What the last batch before was is not kept; the next group says again which
	// is the last.
	return s.Cut(ctx, Cut{Block: height, Lots: undo.take(), Checkpoint: Checkpoint{Height: height}})
}

// undoLane adds up what the rows of a lane from a block on did, with the opposite
// sign. It tells whether there are lanes after this one.
func undoLane(ctx context.Context, s Store, lane uint32, height uint64, undo *sums) (more bool, err error) {
	first, err := firstOf(ctx, s, lane, height)
	if err != nil {
		return false, err
	}
	for from := (ledger.Locator{Lane: lane, Batch: first}); ; {
		rows, err := s.Rows(ctx, from, pageSize)
		if err != nil {
			return false, err
		}
		for i := range rows {
			if rows[i].Locator.Lane != lane {
				return true, nil
			}
			if err := changes(&rows[i].Transfer, func(l Lot) error { return undo.add(l, -1) }); err != nil {
				return false, err
			}
		}
		if len(rows) < pageSize {
			return false, nil
		}
		from = rows[len(rows)-1].Locator
		from.Index++
	}
}

// firstOf returns the first batch of a lane from which on all lie in a block or
// later ones: blocks ascend with the batches.
func firstOf(ctx context.Context, s Store, lane uint32, height uint64) (uint64, error) {
	var fault error
	n := sort.Search(math.MaxInt, func(n int) bool {
		rows, err := s.Rows(ctx, ledger.Locator{Lane: lane, Batch: uint64(n)}, 1)
		fault = errors.Join(fault, err)
		return err != nil || len(rows) == 0 || rows[0].Locator.Lane != lane || rows[0].Block >= height
	})
	return uint64(n), fault
}
