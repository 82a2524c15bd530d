package exchange

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// earlier finds what was made with the keys before, and what is to be answered
// for it.
func (s *Service) earlier(ctx context.Context, p Party, all []undertaking) {
	var broken error // the store; once is enough to know
	for i := range all {
		u := &all[i]
		if u.entered && u.err != nil {
			if broken == nil {
				broken = s.lookEarlier(ctx, p, u)
			} else {
				u.err = errors.Join(u.err, broken)
			}
		}
		if u.replayed {
			s.rejoin(ctx, u)
		}
	}
}

// lookEarlier looks whether a request that could not be granted is a repeat of
// one that was, before the link ended or the quote expired. It returns an error
// when the store cannot say.
func (s *Service) lookEarlier(ctx context.Context, p Party, u *undertaking) error {
	existing, err := s.o.Store.ConversionByKey(ctx, p.Client, u.request.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		u.err = errors.Join(u.err, err)
		return err
	}
	u.row, u.replayed, u.err = existing, true, nil
	return nil
}

// rejoin joins the work on a conversion that was made earlier.
func (s *Service) rejoin(ctx context.Context, u *undertaking) {
	switch existing := u.row; {
	case existing.Request.Hash != u.request.Hash:
		u.err = ErrKeyReused
	case existing.Step != StepDone && !s.slots.have(existing.ID):
		u.elsewhere = true
	case existing.Step != StepDone:
		u.job = s.conversions.join(ctx, existing.ID, func() (places, error) { return s.gates.admit(existing) })
	}
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

func orElse[T any](row, otherwise *T) *T {
	if row == nil {
		return otherwise
	}
	return row
}
