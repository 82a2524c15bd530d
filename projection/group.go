package projection

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// sums adds up changes of lots.
type sums struct {
	place map[lotKey]int
	lots  []Lot
}

func newSums() sums { return sums{place: map[lotKey]int{}} }

// add adds a change, with a sign.
func (s *sums) add(change Lot, sign int64) error {
	key := lotKey{change.Account, change.Expiry}
	i, ok := s.place[key]
	if !ok {
		i = len(s.lots)
		s.place[key] = i
		s.lots = append(s.lots, Lot{Account: change.Account, Expiry: change.Expiry})
	}
	l := &s.lots[i]
	var fits, heldFits bool
	l.Amount, fits = ledger.Add(l.Amount, sign*change.Amount)
	l.Held, heldFits = ledger.Add(l.Held, sign*change.Held)
	if !fits || !heldFits {
		return fmt.Errorf("projection: %w: changes of a lot do not fit 64 bits", ledger.ErrDamaged)
	}
	return nil
}

// take returns the changes in order, without those that cancelled out.
func (s *sums) take() []Lot {
	all := slices.DeleteFunc(s.lots, func(l Lot) bool { return l.Amount == 0 && l.Held == 0 })
	slices.SortFunc(all, compareLots)
	return all
}

func compareLots(a, b Lot) int {
	return cmp.Or(bytes.Compare(a.Account[:], b.Account[:]), cmp.Compare(a.Expiry, b.Expiry))
}

// gathering is a group under way.
type gathering struct {
	rows []Row
	lots sums
	to   Checkpoint
}

// add adds a block.
func (g *gathering) add(b *ledger.Block) error {
	if b.Number != g.to.Height {
		return fmt.Errorf("projection: %w: block %d came where block %d was due", ledger.ErrDamaged, b.Number, g.to.Height)
	}
	for i := range b.Batches {
		batch := &b.Batches[i]
		for n := range batch.Transfers {
			g.rows = append(g.rows, rowOf(b.Number, batch, n))
			if err := changes(&batch.Transfers[n], func(l Lot) error { return g.lots.add(l, 1) }); err != nil {
				return err
			}
		}
		g.to.Block, g.to.Root = b.Number, batch.Header.Root
	}
	g.to.Height++
	return nil
}

// take returns what was gathered and begins anew.
func (g *gathering) take() Group {
	done := Group{Rows: g.rows, Lots: g.lots.take(), Checkpoint: g.to}
	g.rows, g.lots = nil, newSums()
	return done
}
