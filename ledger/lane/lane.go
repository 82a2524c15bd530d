package lane

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrTooLarge is returned by [Lane.Submit] for a call with more commands than
// the queue could ever take. Nothing was done; give fewer at a time.
var ErrTooLarge = errors.New("lane: more commands in one call than the queue takes")

// Batch is what is executed together.
type Batch struct {
	Caller ledger.Identity
	Group  string // what Options.Group said of each command
	// Commands are valid until Execute returns; it neither keeps nor changes them.
	Commands []ledger.Command
	Queued   int // commands that were waiting when the batch was taken, its own not counted
}

// Options say how a lane works.
type Options struct {
	// Execute carries out a batch and returns one result per command, or an error
	// for all of them: [ledger.ErrOutcomeUnknown] when they may have been carried
	// out, anything else when they certainly were not. It is never called twice at
	// a time. The context ends only when [Lane.Close] gives up waiting. Required.
	Execute func(ctx context.Context, batch Batch) ([]ledger.Result, error)
	// QueueMax bounds the commands that wait; 0 is [QueueDefault].
	QueueMax int
	// BatchMax bounds the commands of one batch, 1 to [ledger.BatchMax]; 0 is
	// [ledger.BatchMax].
	BatchMax int
	// Group tells which commands may share a batch, such as the companies that
	// must endorse them. Nil puts all in one group.
	Group func(ledger.Command) string
}

// QueueDefault is the number of commands that may wait unless said otherwise.
const QueueDefault = 65536

// Lane is a sequencer. Its methods may be called from many goroutines.
type Lane struct {
	opts    Options
	ctx     context.Context // of Execute
	cancel  context.CancelFunc
	stopped chan struct{} // closed when the runner has ended

	mu     sync.Mutex
	work   sync.Cond // something to run, or closed
	queue  queue
	closed bool
}

// New starts a lane. It returns an error for options out of range.
func New(opts Options) (*Lane, error) {
	if opts.QueueMax == 0 {
		opts.QueueMax = QueueDefault
	}
	if opts.BatchMax == 0 {
		opts.BatchMax = ledger.BatchMax
	}
	switch {
	case opts.Execute == nil:
		return nil, errors.New("lane: Execute is missing")
	case opts.QueueMax < 1:
		return nil, fmt.Errorf("lane: QueueMax is %d, must be at least 1", opts.QueueMax)
	case opts.BatchMax < 1 || opts.BatchMax > ledger.BatchMax:
		return nil, fmt.Errorf("lane: BatchMax is %d, must be 1 to %d", opts.BatchMax, ledger.BatchMax)
	}
	l := &Lane{opts: opts, stopped: make(chan struct{}), queue: newQueue()}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.work.L = &l.mu
	go l.run()
	return l, nil
}

// Submit puts commands in the queue and waits until they are executed. The
// slice must not be changed before Submit returns. It returns [ErrTooLarge],
// [ledger.ErrBusy], [ledger.ErrClosed] or the context's error when no command
// was executed, and [ledger.ErrOutcomeUnknown] when the context ended, or the
// execution failed, after some were begun.
func (l *Lane) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if err := ctx.Err(); err != nil || len(commands) == 0 {
		return nil, err
	}
	if len(commands) > l.opts.QueueMax {
		return nil, fmt.Errorf("%w: %d, at most %d", ErrTooLarge, len(commands), l.opts.QueueMax)
	}
	c := newCall(caller, commands)
	if err := l.enqueue(c); err != nil {
		c.free()
		return nil, err
	}
	select {
	case <-c.done:
		return c.finish()
	case <-ctx.Done():
		return l.leave(ctx, c)
	}
}

func (l *Lane) enqueue(c *call) error {
	group := l.group(c.commands[0])
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ledger.ErrClosed
	case l.queue.commands+len(c.commands) > l.opts.QueueMax:
		return fmt.Errorf("%w: %d commands are waiting, at most %d", ledger.ErrBusy, l.queue.commands, l.opts.QueueMax)
	}
	l.queue.push(c, group)
	l.work.Signal()
	return nil
}

// leave ends a call whose context has ended.
func (l *Lane) leave(ctx context.Context, c *call) ([]ledger.Result, error) {
	l.mu.Lock()
	at := c.state
	c.abandoned = true
	if at == waiting {
		l.queue.remove(c)
	}
	l.mu.Unlock()
	switch {
	case at == finished:
		<-c.done
		return c.finish()
	case at == waiting && c.taken == 0:
		c.free()
		return nil, ctx.Err()
	}
	// The context's error is deliberately not wrapped: alone it means that
	// nothing was done.
	return nil, fmt.Errorf("%w: %v while the commands were being executed", ledger.ErrOutcomeUnknown, ctx.Err())
}

// Queued returns the number of commands that wait.
func (l *Lane) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.commands
}

// Close takes no more calls, executes what waits and returns when all is done.
// When the context ends first, it ends the context of the batch under way and
// fails what still waits with [ledger.ErrClosed]; it then returns the context's
// error. Later calls wait for the same end.
func (l *Lane) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.work.Signal()
	l.mu.Unlock()
	select {
	case <-l.stopped:
		return nil
	case <-ctx.Done():
	}
	l.cancel()
	<-l.stopped
	return ctx.Err()
}

func (l *Lane) group(c ledger.Command) string {
	if l.opts.Group == nil {
		return ""
	}
	return l.opts.Group(c)
}
