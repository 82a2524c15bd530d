package lane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/ledger"
)

// Tenure is the time for which one owner has a lane.
type Tenure struct {
	Lane  uint32
	Epoch uint64
}

// OwnedOptions say how lanes are owned. Execute is as in [Options] and is called
// for several lanes at a time; one that returns [ledger.ErrFenced] ends the tenure.
type OwnedOptions struct {
	Execute            func(ctx context.Context, of Tenure, batch Batch) ([]ledger.Result, error)
	QueueMax, BatchMax int // of each lane
	Group              func(ledger.Command) string
}

// Owned are the lanes of which this process is the owner, each with a [Lane]. Its
// methods may be called from many goroutines.
type Owned struct {
	opts OwnedOptions

	mu     sync.RWMutex // guards what follows
	lanes  map[uint32]*owned
	ended  map[uint32]error // why a lane that was owned is not any more
	closed bool
	ending sync.WaitGroup // of tenures that were fenced
}

// owned is a lane during a tenure.
type owned struct {
	*Lane
	Tenure
	fenced atomic.Bool
}

// NewOwned returns the owner of no lane.
func NewOwned(opts OwnedOptions) *Owned {
	return &Owned{opts: opts, lanes: map[uint32]*owned{}, ended: map[uint32]error{}}
}

// Take begins a tenure. One that has begun already goes on; an earlier one of the
// same lane must have ended ([Owned.Leave]). It returns [ledger.ErrClosed], and
// errors of [New].
func (o *Owned) Take(t Tenure) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ledger.ErrClosed
	}
	if l := o.lanes[t.Lane]; l != nil {
		if l.Tenure != t {
			return fmt.Errorf("lane: lane %d is owned under epoch %d already, not %d", t.Lane, l.Epoch, t.Epoch)
		}
		return nil
	}
	l := &owned{Tenure: t}
	var err error
	l.Lane, err = New(Options{Execute: o.execute(l), QueueMax: o.opts.QueueMax, BatchMax: o.opts.BatchMax, Group: o.opts.Group})
	if err != nil {
		return err
	}
	delete(o.ended, t.Lane)
	o.lanes[t.Lane] = l
	return nil
}

// execute carries out the batches of a tenure until it is fenced; what waits then
// fails like the batch that was.
func (o *Owned) execute(l *owned) func(context.Context, Batch) ([]ledger.Result, error) {
	return func(ctx context.Context, b Batch) ([]ledger.Result, error) {
		if l.fenced.Load() {
			return nil, fencedError(l.Tenure)
		}
		results, err := o.opts.Execute(ctx, l.Tenure, b)
		if errors.Is(err, ledger.ErrFenced) && l.fenced.CompareAndSwap(false, true) {
			o.drop(l)
		}
		return results, err
	}
}

func fencedError(t Tenure) error {
	return fmt.Errorf("%w: lane %d was owned under epoch %d", ledger.ErrFenced, t.Lane, t.Epoch)
}

// drop ends a tenure that was fenced. It is called by the lane's own runner, which
// ends when nothing waits any more.
func (o *Owned) drop(l *owned) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lanes[l.Tenure.Lane] == l {
		delete(o.lanes, l.Tenure.Lane)
		o.ended[l.Tenure.Lane] = fencedError(l.Tenure)
	}
	o.ending.Go(func() { _ = l.Close(context.Background()) })
}

// Drop ends the tenure of a lane that was found to have been taken over otherwise
// than by a batch.
func (o *Owned) Drop(t Tenure) {
	o.mu.RLock()
	l := o.lanes[t.Lane]
	o.mu.RUnlock()
	if l != nil && l.Tenure == t && l.fenced.CompareAndSwap(false, true) {
		o.drop(l)
	}
}

// Known reports whether a lane is owned, or once was.
func (o *Owned) Known(number uint32) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.ended[number] != nil || o.lanes[number] != nil || o.closed
}

// get returns a lane that is owned.
func (o *Owned) get(number uint32) (*owned, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.closed {
		return nil, ledger.ErrClosed
	}
	if l := o.lanes[number]; l != nil {
		return l, nil
	}
	if err := o.ended[number]; err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: lane %d", ledger.ErrNotOwner, number)
}

// Submit is [Lane.Submit] of a lane that is owned. Besides, it returns
// [ledger.ErrNotOwner] and [ledger.ErrFenced].
func (o *Owned) Submit(ctx context.Context, number uint32, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	l, err := o.get(number)
	if err != nil {
		return nil, err
	}
	results, err := l.Submit(ctx, caller, commands...)
	if errors.Is(err, ledger.ErrClosed) && !errors.Is(err, ledger.ErrOutcomeUnknown) {
		if _, now := o.get(number); now != nil { // it was left, not closed
			return nil, now
		}
	}
	return results, err
}

// Leave ends a tenure as [Lane.Close] ends a lane, and returns its error.
func (o *Owned) Leave(ctx context.Context, number uint32) error {
	o.mu.Lock()
	l := o.lanes[number]
	if l == nil {
		o.mu.Unlock()
		return nil
	}
	delete(o.lanes, number)
	o.ended[number] = fmt.Errorf("%w: lane %d was left", ledger.ErrNotOwner, number)
	o.mu.Unlock()
	return l.Close(ctx)
}

// Tenures returns the tenures under way, in ascending order of lane.
func (o *Owned) Tenures() []Tenure {
	o.mu.RLock()
	defer o.mu.RUnlock()
	all := make([]Tenure, 0, len(o.lanes))
	for _, l := range o.lanes {
		all = append(all, l.Tenure)
	}
	slices.SortFunc(all, func(a, b Tenure) int { return int(a.Lane) - int(b.Lane) })
	return all
}

// Queued returns the number of commands that wait in all lanes.
func (o *Owned) Queued() (n int) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, l := range o.lanes {
		n += l.Queued()
	}
	return n
}

// Close closes all lanes as [Lane.Close] closes one. Nothing is taken afterwards.
func (o *Owned) Close(ctx context.Context) error {
	o.mu.Lock()
	o.closed = true
	all := make([]*owned, 0, len(o.lanes))
	for _, l := range o.lanes {
		all = append(all, l)
	}
	o.mu.Unlock()
	errs := make([]error, len(all))
	var closing sync.WaitGroup
	for i, l := range all {
		closing.Go(func() { errs[i] = l.Close(ctx) })
	}
	closing.Wait()
	o.ending.Wait()
	return errors.Join(errs...)
}
