package bonus

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// place is how far the ledger was read, by lane.
type place map[uint32]Mark

// pass goes past a batch and tells whether it is to be read. One that was read
// before must be the same.
func (p place) pass(block uint64, h *ledger.BatchHeader) (fresh bool, err error) {
	m := p[h.Lane]
	switch {
	case h.Number < m.Next:
		if h.Number+1 == m.Next && h.Root != m.Root {
			return false, fmt.Errorf("%w: batch %d of lane %d has another content", ErrForeign, h.Number, h.Lane)
		}
		return false, nil
	case h.Number > m.Next:
		return false, fmt.Errorf("bonus: %w: batch %d of lane %d came where %d was due", ledger.ErrDamaged, h.Number, h.Lane, m.Next)
	}
	p[h.Lane] = Mark{Lane: h.Lane, Next: h.Number + 1, Root: h.Root, Block: block}
	return true, nil
}

// last is the mark of the batch that was read last.
func (p place) last() (m Mark) {
	for _, v := range p {
		if v.Next > 0 && v.Block >= m.Block {
			m = v
		}
	}
	return m
}

var errFound = errors.New("found")

// start is the block to go on with: the one of the batch that was read last, if the
// ledger has it there, and otherwise the first, because the ledger moved to another
// home and what was read before is gone past by its number.
func (p place) start(ctx context.Context, blocks ledger.Blocks) (uint64, error) {
	m := p.last()
	height, err := blocks.Height(ctx)
	if err != nil || m.Next == 0 || height <= m.Block {
		return 0, err
	}
	there := false
	err = blocks.FollowBlocks(ctx, m.Block, func(b ledger.Block) error {
		for i := range b.Batches {
			h := &b.Batches[i].Header
			there = there || h.Lane == m.Lane && h.Number+1 == m.Next && h.Root == m.Root
		}
		return errFound
	})
	if !errors.Is(err, errFound) {
		return 0, err
	}
	if !there {
		return 0, nil
	}
	return m.Block, nil
}

// Begin notes where the ledger is, unless that was done before: what is converted
// from now on brings a bonus.
func (f *Follower) Begin(ctx context.Context) error {
	marks, err := f.o.Store.BonusMarks(ctx)
	if err != nil || len(marks) > 0 {
		return err
	}
	height, err := f.o.Blocks.Height(ctx)
	if err != nil {
		return err
	}
	a, err := f.o.Ledger.Alliance(ctx)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("bonus: where to begin: %w", err)
	}
	p, err := lastBefore(ctx, f.o.Blocks, height, int(max(a.Lanes, 1)))
	if err != nil {
		return fmt.Errorf("bonus: where to begin: %w", err)
	}
	if len(p) == 0 {
		p[0] = Mark{} // an empty ledger is read from its first batch on
	}
	return f.o.Store.DecideBonuses(ctx, nil, p.marks())
}

// lastBefore is the place behind the last batch of each lane below a height. It
// looks further and further back, because some blocks have no batch and some lanes
// are quiet.
func lastBefore(ctx context.Context, blocks ledger.Blocks, height uint64, lanes int) (p place, err error) {
	for back := uint64(16); ; back *= 16 {
		p = place{}
		from := height - min(height, back)
		if height == 0 {
			return p, nil
		}
		err = blocks.FollowBlocks(ctx, from, func(b ledger.Block) error {
			for i := range b.Batches {
				h := &b.Batches[i].Header
				p[h.Lane] = Mark{Lane: h.Lane, Next: h.Number + 1, Root: h.Root, Block: b.Number}
			}
			if b.Number+1 >= height {
				return errFound
			}
			return nil
		})
		if !errors.Is(err, errFound) || len(p) >= lanes || from == 0 {
			break
		}
	}
	if errors.Is(err, errFound) {
		err = nil
	}
	return p, err
}

// marks are those of all lanes.
func (p place) marks() []Mark {
	all := make([]Mark, 0, len(p))
	for _, m := range p {
		all = append(all, m)
	}
	return all
}
