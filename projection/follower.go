package projection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options say what a follower follows and how.
type Options struct {
	Blocks ledger.Blocks // required
	Store  Store         // required
	// GroupMax is the number of transfers from which on a group is not added to;
	// 0 is 256. It bounds how long others wait for the store.
	GroupMax int
	// Linger is how long a group waits for more to come, in place of many small
	// ones; 0 is 50 ms.
	Linger time.Duration
	// Logger hears what an operator should know; nil is silence.
	Logger *slog.Logger
	// Observe is called after every group; it must be quick. Nil is allowed.
	Observe func(Sample)
	// Timer measures for Observe. Without it durations are zero.
	Timer func() time.Time
}

// Sample is what there is to measure of one group.
type Sample struct {
	Blocks, Rows, Lots int
	Took               time.Duration // in the store
}

// Follower carries blocks into a store. One method may run at a time.
type Follower struct {
	opts   Options
	height atomic.Uint64
	faults atomic.Int64
}

// New returns a follower.
func New(o Options) *Follower {
	if o.GroupMax <= 0 {
		o.GroupMax = 256
	}
	if o.Linger <= 0 {
		o.Linger = 50 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Sample) {}
	}
	if o.Timer == nil {
		o.Timer = func() time.Time { return time.Time{} }
	}
	return &Follower{opts: o}
}

// After an error Run waits so long before it tries again, twice as long each
// time.
const (
	retryMin = 100 * time.Millisecond
	retryMax = 10 * time.Second
)

// Run follows the ledger until the context ends, whose error it returns, or the
// ledger is closed. It goes on after errors, from the store's checkpoint; only
// [ErrForeign] and [ledger.ErrDamaged] end it.
func (f *Follower) Run(ctx context.Context) error {
	for wait := retryMin; ; wait = min(2*wait, retryMax) {
		before := f.height.Load()
		err := f.follow(ctx, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrForeign), errors.Is(err, ledger.ErrDamaged), errors.Is(err, ledger.ErrClosed):
			return err
		}
		f.faults.Add(1)
		if f.height.Load() > before {
			wait = retryMin
		}
		f.opts.Logger.Warn("the projection stopped; trying again", "wait", wait, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// CatchUp follows the ledger to the height that it has now, which it returns.
func (f *Follower) CatchUp(ctx context.Context) (uint64, error) {
	height, err := f.opts.Blocks.Height(ctx)
	if err != nil {
		return 0, err
	}
	return height, f.follow(ctx, &height)
}

// State returns how many blocks have been applied, as far as is known without
// asking, and how often Run had to try again.
func (f *Follower) State() (height uint64, faults int64) { return f.height.Load(), f.faults.Load() }

// Lag returns the number of blocks that the ledger has and the copy has not.
func (f *Follower) Lag(ctx context.Context) (uint64, error) {
	applied := f.height.Load()
	height, err := f.opts.Blocks.Height(ctx)
	return max(height, applied) - applied, err
}

// feedMax is how many blocks wait to be taken into a group.
const feedMax = 4

// follow applies blocks from the checkpoint on, until a height or for ever.
func (f *Follower) follow(ctx context.Context, until *uint64) (err error) {
	at, err := f.opts.Store.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("projection: checkpoint: %w", err)
	}
	f.height.Store(at.Height)
	if err := f.placed(ctx, at); err != nil {
		return err
	}
	if until != nil && at.Height >= *until {
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
		ended <- f.opts.Blocks.FollowBlocks(ctx, at.Height, func(b ledger.Block) error {
			select {
			case feed <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	g := gathering{lots: newSums(), to: at}
	for until == nil || g.to.Height < *until {
		if err := f.gather(ctx, &g, feed, ended, until); err != nil {
			return err
		}
		if err := f.apply(ctx, g.take()); err != nil {
			return err
		}
	}
	return nil
}

// gather waits for a block and takes in those that follow it at once or soon.
func (f *Follower) gather(ctx context.Context, g *gathering, feed <-chan ledger.Block, ended <-chan error, until *uint64) error {
	var late <-chan time.Time
	for {
		select {
		case b := <-feed:
			if err := g.add(&b); err != nil {
				return err
			}
			if len(g.rows) >= f.opts.GroupMax || until != nil && g.to.Height >= *until {
				return nil
			}
			if late == nil {
				timer := time.NewTimer(f.opts.Linger)
				defer timer.Stop()
				late = timer.C
			}
		case <-late:
			return nil
		case err := <-ended:
			return errors.Join(errEnded, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errEnded = errors.New("projection: the ledger's blocks ended")

func (f *Follower) apply(ctx context.Context, g Group) error {
	begun := f.opts.Timer()
	if err := f.opts.Store.Apply(ctx, g); err != nil {
		return fmt.Errorf("projection: apply blocks to %d: %w", g.Checkpoint.Height, err)
	}
	before := f.height.Swap(g.Checkpoint.Height)
	f.opts.Observe(Sample{Blocks: int(g.Checkpoint.Height - before), Rows: len(g.Rows), Lots: len(g.Lots), Took: f.opts.Timer().Sub(begun)})
	return nil
}

// placed checks that the ledger has the block with which the copy ends.
func (f *Follower) placed(ctx context.Context, at Checkpoint) error {
	if at.Height == 0 {
		return nil
	}
	height, err := f.opts.Blocks.Height(ctx)
	if err != nil {
		return err
	}
	if height < at.Height {
		// A peer that is catching up gets there; another ledger is found out then.
		return fmt.Errorf("projection: it has %d blocks, the ledger only %d; if that stays so, make it again with `pointgrid migrate --rebuild`", at.Height, height)
	}
	if at.Root == (ledger.Hash{}) {
		return nil
	}
	found := errors.New("found")
	err = f.opts.Blocks.FollowBlocks(ctx, at.Block, func(b ledger.Block) error {
		if n := len(b.Batches); n == 0 || b.Batches[n-1].Header.Root != at.Root {
			return fmt.Errorf("%w: block %d has another content", ErrForeign, at.Block)
		}
		return found
	})
	if errors.Is(err, found) {
		return nil
	}
	return err
}
