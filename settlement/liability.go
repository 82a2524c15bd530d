package settlement

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// LiabilityStore keeps what happened to members' points in each window. Writes are
// durable when a method returns.
type LiabilityStore interface {
	// SaveLiability stores the movements of a window by expiry month, maybe none. A
	// window that is there already stays as it is.
	SaveLiability(ctx context.Context, window ledger.Date, moved []paper.Month) error
	// LastLiability returns the newest window that is stored, or [ErrNotFound].
	LastLiability(ctx context.Context) (ledger.Date, error)
	// LiabilitySums returns the sums of the windows from one to another, both
	// included, by expiry month; opening and closing are 0.
	LiabilitySums(ctx context.Context, from, to ledger.Date) ([]paper.Month, error)
	// LiabilityWindows returns the movements of one expiry month in each window that
	// had any, oldest first.
	LiabilityWindows(ctx context.Context, expiry ledger.Month, from, to ledger.Date) ([]WindowMovements, error)
}

// WindowMovements are those of one expiry month in a window.
type WindowMovements struct {
	Window ledger.Date
	paper.Movements
}

// keepLiability stores the windows that are closed and not stored yet, oldest
// first, so that none is left out: those that this run has counted, and others,
// after a crash or of the time before, from the ledger.
func (n *Night) keepLiability(ctx context.Context, open ledger.Date, counted map[ledger.Date]*paper.Liability) error {
	if n.points == nil {
		return nil
	}
	first, err := n.firstUncounted(ctx, open)
	if err != nil {
		return fmt.Errorf("settlement: liability: %w", err)
	}
	for w := first; w < open; w++ {
		l := counted[w]
		if l == nil {
			l = paper.NewLiability()
			if err := n.ledger.Transfers(ctx, w, func(e ledger.Entry) error { return l.Add(&e.Transfer) }); err != nil {
				return fmt.Errorf("settlement: liability of %s: %w", w, err)
			}
		}
		if err := n.points.SaveLiability(ctx, w, l.Moved()); err != nil {
			return fmt.Errorf("settlement: liability of %s: %w", w, err)
		}
	}
	return nil
}

// firstUncounted is the window after the last that is stored, or the ledger's first.
func (n *Night) firstUncounted(ctx context.Context, open ledger.Date) (ledger.Date, error) {
	last, err := n.points.LastLiability(ctx)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return last + 1, err
	}
	first := open
	for first > 0 {
		if _, err := n.ledger.Window(ctx, first-1); errors.Is(err, ledger.ErrNotFound) {
			return first, nil
		} else if err != nil {
			return 0, err
		}
		first--
	}
	return first, nil
}
