package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// orReplay answers a request that could not be granted: it may be a repeat of
// one that was granted before the link ended or the quote expired.
func (s *Service) orReplay(ctx context.Context, p Party, r *ConvertRequest, wait time.Duration, refused error) (*Conversion, bool, error) {
	existing, err := s.o.Store.ConversionByKey(ctx, p.Client, r.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, false, refused
	}
	if err != nil {
		return nil, false, errors.Join(refused, err)
	}
	return s.replay(ctx, existing, r.Hash, wait)
}

// replay answers a request whose key was used before.
func (s *Service) replay(ctx context.Context, existing *Conversion, hash ledger.Hash, wait time.Duration) (*Conversion, bool, error) {
	switch {
	case existing.Request.Hash != hash:
		return nil, false, ErrKeyReused
	case existing.Step == StepDone:
		return existing, true, nil
	}
	j := s.conversions.join(ctx, existing.ID, func() (places, error) { return s.gates.admit(existing) })
	return orElse(await(ctx, j, wait), existing), true, nil
}

// join returns the job of an unfinished workflow, taking it up when nobody is
// at it and there is room. It returns nil when there is nothing to wait for.
func (c *crew[T]) join(ctx context.Context, id ledger.ID, admit func() (places, error)) *job[T] {
	j, mine := c.take(id)
	if !mine {
		return j
	}
	var err error
	if j.places, err = admit(); err != nil {
		c.drop(j)
		return nil
	}
	// When there is nothing to do any more the store has the end.
	if _, err := c.resume(ctx, j); err != nil {
		c.log.Warn("an unfinished workflow could not be read", "what", c.craft.what, "id", id.String(), "error", err)
		return nil
	}
	return j
}

func await[T any](ctx context.Context, j *job[T], wait time.Duration) *T {
	if j == nil {
		return nil
	}
	return j.await(ctx, wait)
}

func orElse[T any](row, otherwise *T) *T {
	if row == nil {
		return otherwise
	}
	return row
}
