package connector

import (
	"context"
	"errors"
	"sync/atomic"
)

// errFull is returned when neither a slot nor a place in the queue is free.
var errFull = errors.New("as many calls as allowed are under way and waiting")

// bulkhead bounds the calls under way to one partner, and those that wait, so
// that a slow partner does not take the whole gateway with it.
type bulkhead struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newBulkhead(inFlight, queue int) *bulkhead {
	return &bulkhead{slots: make(chan struct{}, inFlight), queue: int64(queue)}
}

// acquire takes a slot, waiting for one if the queue has a place. It returns
// errFull at once if it has none, or the context's error.
func (b *bulkhead) acquire(ctx context.Context) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
	}
	defer b.waiting.Add(-1)
	if b.waiting.Add(1) > b.queue {
		return errFull
	}
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *bulkhead) release() { <-b.slots }
