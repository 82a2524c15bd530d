package exchange

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// slotByte is where an ID has the slot of the gateway that made it. The last byte
// belongs to the steps of a workflow.
const slotByte = 14

// SlotOf returns the slot of the gateway that made a conversion or a reversal. In an
// ID of a gateway that was alone it is random.
func SlotOf(id ledger.ID) uint8 { return id[slotByte] }

// slots are those whose work this gateway carries on; nil means all.
type slots struct {
	set     atomic.Pointer[[256]bool]
	changed chan struct{}
}

func newSlots(own *uint8) *slots {
	s := &slots{changed: make(chan struct{}, 1)}
	if own != nil {
		s.set.Store(setOf(*own))
	}
	return s
}

func setOf(numbers ...uint8) *[256]bool {
	var set [256]bool
	for _, n := range numbers {
		set[n] = true
	}
	return &set
}

func (s *slots) have(id ledger.ID) bool {
	set := s.set.Load()
	return set == nil || set[SlotOf(id)]
}

// Adopt makes this gateway of a cluster carry on what gateways of other slots left
// unfinished, beside its own, in place of those it was given before. Nobody else may
// be at that work any more: their slots have been fenced, in the database and where
// commands are given to the ledger. It begins at once. A gateway that is alone carries
// on everything anyway.
func (s *Service) Adopt(others ...uint8) {
	if s.o.Slot == nil {
		return
	}
	s.slots.set.Store(setOf(append(others[:len(others):len(others)], *s.o.Slot)...))
	select {
	case s.slots.changed <- struct{}{}:
	default:
	}
}

// Unfinished lists the slots of which something is unfinished, in ascending order.
// What waits for its review is left out until that is decided, or was to be.
func (s *Service) Unfinished(ctx context.Context) ([]uint8, error) {
	return s.o.Store.UnfinishedSlots(ctx, s.now())
}

// pauseScan waits for the next scan; it reports false when there is to be none.
func (s *Service) pauseScan() bool {
	timer := time.NewTimer(s.o.RescanEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.slots.changed:
	case <-s.shift.Stopping:
		return false
	case <-s.shift.Ctx.Done():
		return false
	}
	return true
}

// Pauses between two looks at what another gateway is at.
const elsewhereFirst, elsewhereMax = 20 * time.Millisecond, 250 * time.Millisecond

// awaitElsewhere waits until a workflow that another gateway is at has ended, or the
// context has, and returns how it stands in the store.
func awaitElsewhere[T any](ctx context.Context, s *Service, c *craft[T], id ledger.ID, row *T) *T {
	wait := workflow.Backoff{Bound: elsewhereFirst, Longest: elsewhereMax, Draw: s.o.Jitter}
	for !c.done(row) && workflow.Sleep(ctx, s.shift.Stopping, wait.Next()) {
		now, err := c.load(ctx, id)
		if err != nil {
			break // the caller asks again
		}
		row = now
	}
	return row
}
