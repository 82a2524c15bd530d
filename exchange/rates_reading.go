package exchange

import (
	"context"
	"fmt"
	"time"
)

// reading is one that is under way. Once done is closed the rest is never changed.
type reading struct {
	began time.Time
	done  chan struct{}
	cards *rateCards
	err   error
	// left: its caller went away before it was read, which is no answer to the others.
	left bool
}

// read returns the cards of a reading whose beginning fits: the last one, one that is
// under way, or one of its own. Who waits for another's waits no longer than its own
// context. One reads with its caller's context, and not in a goroutine that could
// outlive the ledger; when that caller leaves, one of those who wait reads.
func (r *rates) read(ctx context.Context, fits func(readAt time.Time) bool) (*rateCards, error) {
	for {
		cards, f, leads := r.join(fits)
		if cards != nil {
			return cards, nil
		}
		if leads {
			r.lead(ctx, f)
			return f.cards, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("exchange: agreements: %w", ctx.Err())
		}
		if !f.left {
			return f.cards, f.err
		}
	}
}

// join returns the cards that fit, or the reading to wait for, or one to lead.
func (r *rates) join(fits func(readAt time.Time) bool) (_ *rateCards, _ *reading, leads bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.current.Load(); c != nil && fits(c.readAt) {
		return c, nil, false
	}
	if r.underWay != nil && fits(r.underWay.began) {
		return nil, r.underWay, false
	}
	r.underWay = &reading{began: r.now(), done: make(chan struct{}), left: true}
	return nil, r.underWay, true
}

// lead reads for all who wait for it.
func (r *rates) lead(ctx context.Context, f *reading) {
	defer r.end(f)
	f.cards, f.err = r.load(ctx, f.began)
	f.left = f.err != nil && ctx.Err() != nil
}

// end keeps what was read, unless what was read meanwhile is newer.
func (r *rates) end(f *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.current.Load(); f.cards != nil && (c == nil || !f.began.Before(c.readAt)) {
		r.current.Store(f.cards)
	}
	if r.underWay == f {
		r.underWay = nil
	}
	close(f.done)
}
