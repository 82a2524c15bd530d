package bonus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Follower pays bonuses. One method of it that follows may run at a time; the others
// may be called by anybody.
type Follower struct {
	o      Options
	height atomic.Uint64 // blocks that were read
}

// New returns a follower. [Follower.Begin] must come before it follows.
func New(o Options) (*Follower, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	return &Follower{o: o}, nil
}

// Run follows the ledger until the context ends, whose error it returns, or the
// ledger is closed. It goes on after errors; only [ErrForeign] and
// [ledger.ErrDamaged] end it.
func (f *Follower) Run(ctx context.Context) error {
	for {
		err := f.follow(ctx, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrForeign), errors.Is(err, ledger.ErrDamaged), errors.Is(err, ledger.ErrClosed):
			return err
		}
		f.o.Logger.Warn("bonuses wait and will be tried again", "wait", f.o.RetryEvery, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(f.o.RetryEvery):
		}
	}
}

// CatchUp follows the ledger to the height that it has now, and asks it for all that
// is due then.
func (f *Follower) CatchUp(ctx context.Context) error {
	height, err := f.o.Blocks.Height(ctx)
	if err != nil {
		return err
	}
	return f.follow(ctx, &height)
}

// Lag returns the number of blocks that the ledger has and that were not read yet,
// those that were written for bonuses among them.
func (f *Follower) Lag(ctx context.Context) (uint64, error) {
	read := f.height.Load()
	height, err := f.o.Blocks.Height(ctx)
	return max(height, read) - read, err
}

// feedMax is how many blocks wait to be read.
const feedMax = 4

// follow reads blocks from where it was, until a height or for ever.
func (f *Follower) follow(ctx context.Context, until *uint64) error {
	marks, err := f.o.Store.BonusMarks(ctx)
	if err != nil {
		return fmt.Errorf("bonus: marks: %w", err)
	}
	p := place{}
	for _, m := range marks {
		p[m.Lane] = m
	}
	from, err := p.start(ctx, f.o.Blocks)
	if err != nil {
		return err
	}
	if err := f.payAll(ctx); err != nil {
		return err
	}
	if until != nil && from >= *until {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	feed, ended := make(chan ledger.Block, feedMax), make(chan error, 1)
	defer func() {
		cancel()
		<-ended // nobody reads the ledger any more
	}()
	go func() {
		defer close(ended)
		ended <- f.o.Blocks.FollowBlocks(ctx, from, func(b ledger.Block) error {
			select {
			case feed <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	r := reading{Follower: f, place: p, feed: feed, ended: ended, until: until}
	return r.run(ctx)
}

// reading is one pass over the blocks.
type reading struct {
	*Follower
	place  place
	feed   <-chan ledger.Block
	ended  <-chan error
	until  *uint64
	height uint64 // blocks that were gathered
	found  []ledger.Transfer
	fresh  bool // batches were passed since the last group
}

func (r *reading) run(ctx context.Context) error {
	retry := time.NewTicker(r.o.RetryEvery)
	defer retry.Stop()
	for r.until == nil || r.height < *r.until {
		if err := r.gather(ctx, retry.C); err != nil {
			return err
		}
		if err := r.take(ctx); err != nil {
			return err
		}
	}
	return nil
}

// gather waits for a block and takes in those that follow it at once or soon.
func (r *reading) gather(ctx context.Context, retry <-chan time.Time) error {
	var late <-chan time.Time
	for {
		select {
		case b := <-r.feed:
			if err := r.add(&b); err != nil {
				return err
			}
			if len(r.found) >= r.o.GroupMax || r.until != nil && r.height >= *r.until {
				return nil
			}
			if late == nil {
				timer := time.NewTimer(r.o.Linger)
				defer timer.Stop()
				late = timer.C
			}
		case <-late:
			return nil
		case <-retry:
			if err := r.payAll(ctx); err != nil {
				return err
			}
		case err := <-r.ended:
			return errors.Join(errEnded, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errEnded = errors.New("bonus: the ledger's blocks ended")

// add keeps of a block what concerns bonuses.
func (r *reading) add(b *ledger.Block) error {
	for i := range b.Batches {
		batch := &b.Batches[i]
		fresh, err := r.place.pass(b.Number, &batch.Header)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		r.fresh = true
		for n := range batch.Transfers {
			if concerns(&batch.Transfers[n]) {
				r.found = append(r.found, batch.Transfers[n])
			}
		}
	}
	r.height = b.Number + 1
	return nil
}

// concerns reports whether a transfer turned partner points into electricity points
// of the member, or took such a conversion back.
func concerns(t *ledger.Transfer) bool {
	return t.Kind == ledger.KindConvertIn || t.Kind == ledger.KindReverse && t.Source != nil && t.Destination == nil
}

// take decides about what was gathered, and pays.
func (r *reading) take(ctx context.Context) error {
	if r.fresh {
		changed, err := r.decide(ctx, r.found)
		if err != nil {
			return err
		}
		if err := r.o.Store.DecideBonuses(ctx, changed, r.place.marks()); err != nil {
			return fmt.Errorf("bonus: store what was decided: %w", err)
		}
		r.found, r.fresh = r.found[:0], false
		if err := r.pay(ctx, changed); err != nil {
			return err
		}
	}
	r.Follower.height.Store(r.height)
	return nil
}
