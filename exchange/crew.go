package exchange

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
var errLaidDown = errors.New("exchange: laid down")

// job is one workflow in the hands of this process.
type job[T any] struct {
	id ledger.ID
	// row is what was stored last. It is never changed, only replaced.
	row    atomic.Pointer[T]
	done   chan struct{} // closed when the job has ended or was laid down
	places places
	// origin is the context of the request that began it, for its values; nil when
	// nobody asks for them.
	origin context.Context
	// resumed: the step at which it stands may have been begun before.
	resumed bool
	// once: it is laid down where it would have to wait.
	once bool
}

// craft is how workflows of one kind are carried out.
type craft[T any] struct {
	what string
	// step does what the row says is to be done next and returns the row as it
	// stands afterwards. With errLaidDown the row, if there is one, is stored all
	// the same.
	step func(ctx context.Context, j *job[T], row *T) (*T, error)
	done func(*T) bool
	at   func(*T) Step
	// along reports whether a row's step is one for stride; with stride.
	along func(*T) bool
	// stride does the next step of many at once. It returns nil for a row whose
	// step is not one that can be done so, or did not work out: that workflow goes
	// on by itself, with the same step. Nil if there are no such steps.
	stride  func(ctx context.Context, rows []*T) []*T
	load    func(ctx context.Context, id ledger.ID) (*T, error)
	save    func(ctx context.Context, row *T) error
	saveAll func(ctx context.Context, rows []*T) error // all or none; with stride
	ended   func(row *T)                               // told of what was stored as ended
}

// crew carries out workflows of one kind, none twice at a time, each in a
// goroutine of its own or together with others (see convoy.go).
type crew[T any] struct {
	craft craft[T]
	shift *workflow.Shift
	retry func() workflow.Backoff
	// observe is Options.Around.
	observe func(context.Context, Work) (context.Context, func(error))
	log     *slog.Logger

	mu   sync.Mutex
	jobs map[ledger.ID]*job[T]
}

func newCrew[T any](s *workflow.Shift, o *Options, c craft[T]) *crew[T] {
	first, longest, draw := o.RetryFirst, o.RetryMax, o.Jitter
	return &crew[T]{craft: c, shift: s, observe: o.Around, log: o.Logger, jobs: map[ledger.ID]*job[T]{},
		retry: func() workflow.Backoff { return workflow.Backoff{Bound: first, Longest: longest, Draw: draw} }}
}

// take puts a workflow into the caller's hands, who must begin or drop it. When
// it is in somebody's hands already, mine is false and the job is theirs; after
// Close there is no job.
func (c *crew[T]) take(id ledger.ID) (j *job[T], mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j, ok := c.jobs[id]; ok {
		return j, false
	}
	if !c.shift.Enter() {
		return nil, false
	}
	j = &job[T]{id: id, done: make(chan struct{})}
	c.jobs[id] = j
	return j, true
}

// busy reports whether somebody is at the workflow.
func (c *crew[T]) busy(id ledger.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.jobs[id]
	return ok
}

// drop gives a job back.
func (c *crew[T]) drop(j *job[T]) {
	c.mu.Lock()
	delete(c.jobs, j.id)
	c.mu.Unlock()
	j.places.release()
	close(j.done)
	c.shift.Leave()
}

// begin starts the work on a row that is in the store as it is here.
func (c *crew[T]) begin(j *job[T], row *T) {
	j.row.Store(row)
	go c.work(j, row)
}

// resume begins a job whose row was read before it was taken, and may be stale.
// It reports false, and has dropped the job, when there is nothing to do.
func (c *crew[T]) resume(ctx context.Context, j *job[T]) (bool, error) {
	row, err := c.craft.load(ctx, j.id)
	if err != nil {
		c.drop(j)
		return false, err
	}
	if c.craft.done(row) {
		j.row.Store(row)
		c.drop(j)
		return false, nil
	}
	j.resumed = true
	c.begin(j, row)
	return true, nil
}

// work carries one workflow on from where its row stands in the store.
func (c *crew[T]) work(j *job[T], row *T) {
	defer c.drop(j)
	c.carry(j, row)
}

func (c *crew[T]) carry(j *job[T], row *T) {
	for !c.craft.done(row) {
		if row = c.advance(j, row); row == nil {
			return
		}
		j.resumed = false
	}
}

// advance takes one step and stores where that leads; nil ends the work.
func (c *crew[T]) advance(j *job[T], row *T) *T {
	ctx, end := c.around(j, row)
	next, err := c.craft.step(ctx, j, row)
	kept := next == nil || c.keep(ctx, j, next)
	end(err)
	if !kept || err != nil {
		c.report(j, err)
		return nil
	}
	return next
}

func (c *crew[T]) report(j *job[T], err error) {
	if err != nil && !errors.Is(err, errLaidDown) {
		c.log.Error("a workflow cannot go on; it will be tried again", "what", c.craft.what, "id", j.id.String(), "error", err)
	}
}

// saveTries is how often a row is given to a store that fails before the work
// is laid down. The step it belongs to is then done again later.
const saveTries = 5

// keep stores a row and makes it the job's.
func (c *crew[T]) keep(ctx context.Context, j *job[T], next *T) bool {
	wait := c.retry()
	for try := 1; ; try++ {
		err := c.craft.save(ctx, next)
		if err == nil {
			c.kept(j, next)
			return true
		}
		c.log.Error("a step could not be stored", "what", c.craft.what, "id", j.id.String(), "error", err)
		if try == saveTries || !workflow.Sleep(c.shift.Ctx, c.shift.Stopping, wait.Next()) {
			return false
		}
	}
}

// kept makes a row that is in the store the job's.
func (c *crew[T]) kept(j *job[T], next *T) {
	j.row.Store(next)
	if c.craft.done(next) {
		c.craft.ended(next)
	}
}

// await waits until the job has ended, was laid down, or the context has ended,
// and returns how the workflow stands in the store; nil without a job.
func (j *job[T]) await(ctx context.Context) *T {
	if j == nil {
		return nil
	}
	select {
	case <-j.done:
	default:
		select {
		case <-j.done:
		case <-ctx.Done():
		}
	}
	return j.row.Load()
}
