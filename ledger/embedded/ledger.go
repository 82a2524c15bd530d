package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
	"github.com/pointgrid/pointgrid/ledger/reads"
)

// laneNumber is the one lane of this home: one process has nothing to gain from
// a second.
const laneNumber = 0

// Ledger is a ledger in this process. It implements [ledger.Laned].
type Ledger struct {
	reads.Reads

	opts   Options
	folder *folder
	sums   sums // as the ledger was found
	lanes  *lane.Owned

	// writing is held by whoever executes a transaction.
	writing sync.Mutex
	chain   *chain
	store   *store
	machine *machine
	at      atomic.Int64 // time of the last transaction

	failure         atomic.Pointer[error] // why nothing can be written any more
	stopCheckpoints func()

	mu      sync.RWMutex
	closed  bool
	readers sync.WaitGroup
	closing sync.Once
}

// Submit implements [ledger.Ledger]. After a failed write, whose own callers get
// [ledger.ErrOutcomeUnknown], it returns [ledger.ErrClosed] until the ledger is
// opened again.
func (l *Ledger) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	return l.SubmitLane(ctx, laneNumber, caller, commands...)
}

// failed returns [ledger.ErrClosed] with the reason once a write has failed.
func (l *Ledger) failed() error {
	if reason := l.failure.Load(); reason != nil {
		return fmt.Errorf("%w: nothing can be written since an earlier failure; open the ledger again: %v", ledger.ErrClosed, *reason)
	}
	return nil
}

// fail stops all writing. The system may have dropped what it could not write
// and report success on a second try, so there is none: opening the ledger
// again finds out what is on disk.
func (l *Ledger) fail(reason error) {
	if l.failure.CompareAndSwap(nil, &reason) {
		l.opts.Logger.Error("the ledger takes no more commands until it is opened again", "error", reason)
	}
}

// Queued returns the number of commands that wait.
func (l *Ledger) Queued() int { return l.lanes.Queued() }

// Close implements [ledger.Ledger]. It executes what waits, takes a last
// checkpoint, writes the state to disk and notes the sum of every file.
func (l *Ledger) Close() (err error) {
	l.closing.Do(func() { err = l.close() })
	return err
}

func (l *Ledger) close() error {
	l.stopCheckpoints()
	err := l.lanes.Close(context.Background())
	if l.failed() == nil {
		if e := l.checkpoint(); e != nil {
			err = errors.Join(err, fmt.Errorf("last checkpoint: %w", e))
		}
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.chain.publish() // wakes who follows
	l.readers.Wait()
	return errors.Join(err, l.release(l.failed() == nil))
}

// release closes all files; in order, when the ledger was in order.
func (l *Ledger) release(orderly bool) error {
	var errs []error
	if l.store != nil {
		errs = append(errs, l.store.close(orderly))
	}
	if l.chain != nil {
		errs = append(errs, l.chain.close())
	}
	if err := errors.Join(errs...); orderly && err == nil {
		errs = append(errs, l.folder.seal(l.chain.end, l.sums, l.opts.disk))
	}
	return errors.Join(append(errs, l.folder.close())...)
}

// seal notes how the folder is left.
func (f *folder) seal(end position, earlier sums, d disk) error {
	if err := f.writeTip(end); err != nil {
		return err
	}
	if err := f.writeSums(earlier); err != nil {
		return err
	}
	return d.syncDir(f.path)
}
