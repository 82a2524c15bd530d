package bonus_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// registered registers the members with a store.
func registered(o rewards.Options) error {
	s, err := rewards.New(context.Background(), o)
	if err != nil {
		return err
	}
	_, err = s.Register(context.Background(), []string{"M-0", "M-1", "M-2", "M-3"})
	return err
}

// moved is a home in which batches lie in other blocks: two in one, behind some
// blocks that have none, as in a ledger that was carried over.
type moved struct{ home }

const before = 7 // blocks without a batch

func (m *moved) Height(ctx context.Context) (uint64, error) {
	height, err := m.home.Height(ctx)
	return before + height/2, err
}

func (m *moved) FollowBlocks(ctx context.Context, from uint64, visit func(ledger.Block) error) error {
	for n := from; n < before; n++ {
		if err := visit(ledger.Block{Number: n}); err != nil {
			return err
		}
	}
	first := 2 * (max(from, before) - before)
	var held []ledger.Batch
	return m.home.FollowBlocks(ctx, first, func(b ledger.Block) error {
		held = append(held, b.Batches...)
		if b.Number%2 == 0 {
			return nil
		}
		block := ledger.Block{Number: before + b.Number/2, Batches: held}
		held = nil
		return visit(block)
	})
}

func TestALedgerThatMovedIsGoneOnWithAndPaysNothingTwice(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	c := w.convert(0, 1000)
	unpaid := w.convert(1, 1000) // without a bonus then
	w.catchUp()
	w.reverse(c, 150)
	w.rise(1, "gold")
	_, entries := w.onLedger()

	f, err := w.follower(&moved{w.ledger})
	must(t, err)
	must(t, f.Begin(context.Background()))
	for range 2 {
		w.convert(2, 10) // whatever it is in, what was written before is now in a block
		must(t, f.CatchUp(context.Background()))
	}
	w.rests(c, 18)
	w.rests(unpaid, 0)
	if _, now := w.onLedger(); now != entries+1 {
		t.Errorf("the ledger has %d entries of bonuses, had %d; want one more", now, entries)
	}
	marks, err := w.store.BonusMarks(context.Background())
	must(t, err)
	if height, err := (&moved{w.ledger}).Height(context.Background()); err != nil || marks[0].Block >= height {
		t.Errorf("the mark %+v is not of the new home, which has %d blocks", marks[0], height)
	}
}

func TestAnotherLedgerIsRefused(t *testing.T) {
	w := testWorld(t)
	w.rise(0, "gold")
	w.convert(0, 1000)
	w.catchUp()
	other := testWorld(t)
	for range 10 {
		other.convert(0, 500)
	}
	f, err := w.follower(other.ledger)
	must(t, err)
	if err := f.CatchUp(context.Background()); !errors.Is(err, bonus.ErrForeign) {
		t.Errorf("another ledger was followed: %v", err)
	}
	if err := f.Run(context.Background()); !errors.Is(err, bonus.ErrForeign) {
		t.Errorf("following it ended with %v", err)
	}
}
