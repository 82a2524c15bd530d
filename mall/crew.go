package mall

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// errLaidDown ends the work on a workflow for now: it stands in the store at the
// step it has reached, and will be taken up again.
var errLaidDown = errors.New("mall: laid down")

// job is one workflow in the hands of this process.
type job[T any] struct {
	id   ledger.ID
	row  atomic.Pointer[T] // what was stored last; never changed, only replaced
	done chan struct{}     // closed when the job has ended or was laid down
	free func()            // gives its place back
	// resumed: the step at which it stands may have been begun before.
	resumed bool
	// once: it is laid down where it would have to wait.
	once bool
}

// craft is how workflows of one kind are carried out.
type craft[T any] struct {
	what string
	// step does what the row says is to be done next and returns the row as it stands
	// afterwards. With errLaidDown the row, if there is one, is stored all the same.
	step func(ctx context.Context, j *job[T], row *T) (*T, error)
	done func(*T) bool
	load func(ctx context.Context, id ledger.ID) (*T, error)
	save func(ctx context.Context, row *T) error
	kept func(before, now *T) // told of every row that was stored
}

// crew carries out workflows of one kind, none twice at a time, each in a
// goroutine of its own.
type crew[T any] struct {
	craft craft[T]
	shift *workflow.Shift
	retry func() workflow.Backoff
	log   *slog.Logger

	mu   sync.Mutex
	jobs map[ledger.ID]*job[T]
}

func newCrew[T any](s *workflow.Shift, o *Options, c craft[T]) *crew[T] {
	first, longest := o.RetryFirst, o.RetryMax
	return &crew[T]{craft: c, shift: s, log: o.Logger, jobs: map[ledger.ID]*job[T]{},
		retry: func() workflow.Backoff { return workflow.Backoff{Bound: first, Longest: longest} }}
}

// take puts a workflow into the caller's hands, who must begin or drop it. When it
// is in somebody's hands already, mine is false and the job is theirs; after Close
// there is no job.
func (c *crew[T]) take(id ledger.ID, free func()) (j *job[T], mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j, ok := c.jobs[id]; ok {
		return j, false
	}
	if !c.shift.Enter() {
		return nil, false
	}
	j = &job[T]{id: id, done: make(chan struct{}), free: free}
	c.jobs[id] = j
	return j, true
}

// at returns the job of a workflow that somebody is at, or nil.
func (c *crew[T]) at(id ledger.ID) *job[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jobs[id]
}

// drop gives a job back.
func (c *crew[T]) drop(j *job[T]) {
	c.mu.Lock()
	delete(c.jobs, j.id)
	c.mu.Unlock()
	j.free()
	close(j.done)
	c.shift.Leave()
}

// begin starts the work on a row that is in the store as it is here.
func (c *crew[T]) begin(j *job[T], row *T) {
	j.row.Store(row)
	go func() {
		defer c.drop(j)
		for !c.craft.done(row) {
			if row = c.advance(j, row); row == nil {
				return
			}
			j.resumed = false
		}
	}()
}

// resume begins a job whose row was read before it was taken, and may be stale.
func (c *crew[T]) resume(ctx context.Context, j *job[T]) error {
	row, err := c.craft.load(ctx, j.id)
	if err != nil {
		c.drop(j)
		return err
	}
	j.resumed = true
	c.begin(j, row)
	return nil
}

// advance takes one step and stores where that leads; nil ends the work.
func (c *crew[T]) advance(j *job[T], row *T) *T {
	next, err := c.craft.step(c.shift.Ctx, j, row)
	kept := next == nil || c.keep(j, next)
	if kept && next != nil {
		c.craft.kept(row, next)
	}
	if err != nil && !errors.Is(err, errLaidDown) {
		c.log.Error("a workflow cannot go on; it will be tried again", "what", c.craft.what, "id", j.id.String(), "error", err)
	}
	if !kept || err != nil {
		return nil
	}
	return next
}

// saveTries is how often a row is given to a store that fails before the work is
// laid down. The step it belongs to is then done again later.
const saveTries = 5

// keep stores a row and makes it the job's.
func (c *crew[T]) keep(j *job[T], next *T) bool {
	wait := c.retry()
	for try := 1; ; try++ {
		err := c.craft.save(c.shift.Ctx, next)
		if err == nil {
			j.row.Store(next)
			return true
		}
		c.log.Error("a step could not be stored", "what", c.craft.what, "id", j.id.String(), "error", err)
		if errors.Is(err, ErrChanged) || try == saveTries || !workflow.Sleep(c.shift.Ctx, c.shift.Stopping, wait.Next()) {
			return false
		}
	}
}

// await waits until the job has ended, was laid down, or the context has ended.
func (j *job[T]) await(ctx context.Context) {
	select {
	case <-j.done:
	case <-ctx.Done():
	}
}
