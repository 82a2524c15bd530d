package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
)

const (
	// queueMax bounds the writes that wait; more callers wait to get into the queue.
	queueMax = 4096
	// batchMax bounds the statements of one transaction, and with it how long the
	// first write waits for the last; a write that has more is alone.
	batchMax = 1024
	// culpritsMax bounds how often a transaction is made anew without a write that
	// failed in it.
	culpritsMax = 8
)

// statement is one SQL statement with its arguments, which are of the types
// int64, string, []byte or nil.
type statement struct {
	query    string
	args     []any
	affected int64 // rows, once it has been executed
}

func stmt(query string, args ...any) statement { return statement{query: query, args: args} }

// session carries out transactions, one at a time.
type session interface {
	// transact executes the statements in order in one transaction, sets how many
	// rows each affected and returns when they are durable. On an error nothing is
	// stored; only after a [commitError] that cannot be said.
	transact(all []*statement) error
	// tidy does what is due between two transactions, when no caller waits for one.
	tidy() error
	// broken reports whether after this error the session cannot be trusted.
	broken(err error) bool
	close() error
}

// commitError is a failure of the commit itself, when no statement is to blame.
type commitError struct{ err error }

func (e *commitError) Error() string { return "commit: " + e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

// groupError is a failure that no statement is to blame for, such as a lost
// server or a full disk: nothing was stored, and to try each alone would not help.
type groupError struct{ err error }

func (e *groupError) Error() string { return e.err.Error() }
func (e *groupError) Unwrap() error { return e.err }

// statementError says which statement of a transaction failed.
type statementError struct {
	index int
	err   error
}

func (e *statementError) Error() string { return e.err.Error() }
func (e *statementError) Unwrap() error { return e.err }

// write is what one caller wants stored: all of its statements or none.
type write struct {
	statements []statement
	state      atomic.Int32
	err        error
	done       chan struct{}
}

const (
	queued int32 = iota
	taken        // by the writer, which will close done
	withdrawn
)

func (w *write) claim(state int32) bool { return w.state.CompareAndSwap(queued, state) }

// writer is the only one that writes. It takes everything that has queued up
// while the last transaction was on its way to disk into the next one.
type writer struct {
	session session
	logger  *slog.Logger
	queue   chan *write
	closing chan struct{}
	stopped chan struct{}
	next    *write // taken from the queue and found too large for its batch; of run's goroutine alone
	fault   error  // why nothing is written any more; of run's goroutine alone
	counts  counts
}

type counts struct {
	transactions, writes, statements, retries atomic.Int64
	stopped                                   atomic.Bool
}

func newWriter(s session, logger *slog.Logger) *writer {
	w := &writer{session: s, logger: logger, queue: make(chan *write, queueMax),
		closing: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	return w
}

// do stores the statements and returns how many rows each affected.
func (w *writer) do(ctx context.Context, statements ...statement) ([]statement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	op := &write{statements: statements, done: make(chan struct{})}
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.stopped:
		return nil, ErrClosed
	}
	if err := w.wait(ctx, op); err != nil {
		return nil, err
	}
	return op.statements, nil
}

// one is do for a single statement.
func (w *writer) one(ctx context.Context, query string, args ...any) (affected int64, err error) {
	done, err := w.do(ctx, stmt(query, args...))
	if err != nil {
		return 0, err
	}
	return done[0].affected, nil
}

// wait returns the outcome, or withdraws the write if it has not been taken when
// the context ends or the writer stops.
func (w *writer) wait(ctx context.Context, op *write) error {
	var instead error
	select {
	case <-op.done:
		return op.err
	case <-ctx.Done():
		instead = ctx.Err()
	case <-w.stopped:
		instead = ErrClosed
	}
	if op.claim(withdrawn) {
		return instead
	}
	<-op.done
	return op.err
}

// close stops taking writes, carries out those that wait and ends the session.
func (w *writer) close() error {
	close(w.closing)
	<-w.stopped
	return w.session.close()
}

func (w *writer) run() {
	defer close(w.stopped)
	batch := make([]*write, 0, batchMax)
	for {
		if w.next != nil {
			batch = w.carryOut(batch[:0])
			continue
		}
		select {
		case op := <-w.queue:
			batch = w.carryOut(append(batch[:0], op))
			continue
		case <-w.closing:
		}
		for len(w.queue) > 0 || w.next != nil {
			batch = w.carryOut(batch[:0])
		}
		return
	}
}

// gather adds to a batch what waits and finds room in it. A write that does not
// is the first of the next batch.
func (w *writer) gather(batch []*write) []*write {
	if w.next != nil {
		batch, w.next = append(batch, w.next), nil
	}
	room := batchMax
	for _, op := range batch {
		room -= len(op.statements)
	}
	for room > 0 && len(w.queue) > 0 {
		op := <-w.queue
		if len(op.statements) > room && len(batch) > 0 {
			w.next = op
			break
		}
		batch, room = append(batch, op), room-len(op.statements)
	}
	return batch
}

// carryOut adds what waits to the batch, stores it and wakes the callers.
func (w *writer) carryOut(batch []*write) []*write {
	// Those that were just woken often have their next write at once; a
	// transaction for all of them costs little more than one for the first.
	runtime.Gosched()
	batch = w.gather(batch)
	ops := batch[:0]
	for _, op := range batch {
		if op.claim(taken) {
			ops = append(ops, op)
		}
	}
	if len(ops) > 0 {
		w.store(ops)
	}
	for _, op := range ops {
		close(op.done)
	}
	if err := w.session.tidy(); err != nil {
		w.logger.Error("store: tidying up failed", "error", err)
	}
	clear(batch)
	return batch
}

// store sets the outcome of each write. A write with a statement that fails is
// tried alone after the others, so that nobody suffers for a neighbour. When the
// session does not say which it was, each has its own transaction.
func (w *writer) store(ops []*write) {
	var culprits []*write
	err := w.transact(ops)
	for err != nil && len(ops) > 1 && w.fault == nil && !concernsAll(err) && len(culprits) < culpritsMax {
		i := culprit(ops, err)
		if i < 0 {
			break
		}
		culprits = append(culprits, ops[i])
		ops = slices.Delete(slices.Clone(ops), i, i+1)
		err = w.transact(ops)
	}
	if err == nil || len(ops) == 1 || w.fault != nil || concernsAll(err) {
		for _, op := range ops {
			op.err = err
		}
	} else {
		culprits = append(culprits, ops...)
	}
	for _, op := range culprits {
		w.counts.retries.Add(1)
		op.err = w.transact([]*write{op})
	}
}

// culprit returns which of the writes has the statement that failed, -1 when the
// error does not say.
func culprit(ops []*write, err error) int {
	var failed *statementError
	if !errors.As(err, &failed) {
		return -1
	}
	n := failed.index
	for i, op := range ops {
		if n < len(op.statements) {
			return i
		}
		n -= len(op.statements)
	}
	return -1
}

func concernsAll(err error) bool {
	var commit *commitError
	var group *groupError
	return errors.As(err, &commit) || errors.As(err, &group)
}

func (w *writer) transact(ops []*write) error {
	if w.fault != nil {
		return w.fault
	}
	all := make([]*statement, 0, len(ops))
	for _, op := range ops {
		for i := range op.statements {
			all = append(all, &op.statements[i])
		}
	}
	err := w.session.transact(all)
	if err == nil {
		w.counts.transactions.Add(1)
		w.counts.writes.Add(int64(len(ops)))
		w.counts.statements.Add(int64(len(all)))
		return nil
	}
	err = fmt.Errorf("sqlstore: write: %w", err)
	w.logger.Error("store: write failed", "writes", len(ops), "error", err)
	if w.session.broken(err) {
		w.fault = fmt.Errorf("%w: %w", ErrStopped, err)
		w.counts.stopped.Store(true)
		w.logger.Error("store: stopped; open it again once the cause is gone")
	}
	return err
}
