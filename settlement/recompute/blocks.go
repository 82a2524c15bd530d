package recompute

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// errEnd ends the following of blocks at the height that there was.
var errEnd = errors.New("recompute: the end")

// FromBlocks recomputes one settlement from all blocks that a home of the ledger
// has now; what is written meanwhile is not looked at.
func FromBlocks(ctx context.Context, from ledger.Blocks, window ledger.Date, partner string) (Report, error) {
	height, err := from.Height(ctx)
	if err != nil {
		return Report{}, err
	}
	audit := New(window, partner)
	if height > 0 {
		err = from.FollowBlocks(ctx, 0, func(b ledger.Block) error {
			for i := range b.Batches {
				if err := audit.Add(&b.Batches[i]); err != nil {
					return err
				}
			}
			if b.Number+1 >= height {
				return errEnd
			}
			return nil
		})
	}
	if err != nil && !errors.Is(err, errEnd) {
		return Report{}, err
	}
	return audit.Finish(), nil
}
