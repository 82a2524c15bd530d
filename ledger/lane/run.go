package lane

import (
	"fmt"
	"runtime"

	"github.com/pointgrid/pointgrid/ledger"
)

// part is a call's share of a batch.
type part struct {
	call *call
	n    int
}

// run takes and executes batches until the lane is closed and empty.
func (l *Lane) run() {
	defer close(l.stopped)
	defer l.cancel()
	var parts []part
	var commands []ledger.Command
	for {
		batch, ok := l.next(&parts, commands[:0])
		if !ok {
			return
		}
		results, err := l.execute(batch)
		l.deliver(parts, results, err)
		// Those just answered may have more to give: let them, before the next
		// batch is formed without them. Under load this makes batches half as
		// large again, which saves one sync in three.
		runtime.Gosched()
		commands = batch.Commands
		clear(commands) // so that what was executed can be collected
	}
}

// next waits for something to do. It returns false when the lane is closed and
// nothing waits.
func (l *Lane) next(parts *[]part, buf []ledger.Command) (Batch, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if s := l.queue.oldest(); s != nil {
			batch := Batch{Caller: s.key.caller, Group: s.key.group, Commands: buf}
			*parts = l.take(s, &batch, (*parts)[:0])
			batch.Queued = l.queue.commands
			return batch, true
		}
		if l.closed {
			return Batch{}, false
		}
		l.work.Wait()
	}
}

// take fills a batch from a stream. A call is taken as far as its next commands
// may share the batch, whole or, unless it is the first, not at all.
func (l *Lane) take(s *stream, batch *Batch, parts []part) []part {
	for c := s.first; c != nil; c = s.first {
		n, alone := l.together(c.rest(), s.key.group)
		room := l.opts.BatchMax - len(batch.Commands)
		if len(parts) > 0 && (alone || n > room) {
			break
		}
		n = min(n, room)
		l.queue.unlink(c)
		l.queue.commands -= n
		batch.Commands = append(batch.Commands, c.rest()[:n]...)
		c.state, c.taken = running, c.taken+n
		if parts = append(parts, part{c, n}); alone {
			break
		}
	}
	return parts
}

// together returns how many commands from the front may share a batch, and
// whether the first must be alone.
func (l *Lane) together(commands []ledger.Command, group string) (n int, alone bool) {
	if solitary(commands[0]) {
		return 1, true
	}
	for n = 1; n < len(commands); n++ {
		if solitary(commands[n]) || l.group(commands[n]) != group {
			break
		}
	}
	return n, false
}

func solitary(c ledger.Command) bool { return c.Body != nil && c.Body.Kind().Alone() }

// execute fails a batch that Close no longer waits for.
func (l *Lane) execute(batch Batch) ([]ledger.Result, error) {
	if l.ctx.Err() != nil {
		return nil, ledger.ErrClosed
	}
	results, err := l.opts.Execute(l.ctx, batch)
	if err == nil && len(results) != len(batch.Commands) {
		return nil, fmt.Errorf("%w: %d results for %d commands", ledger.ErrOutcomeUnknown, len(results), len(batch.Commands))
	}
	return results, err
}

// deliver hands each call its results and puts back what is not finished.
func (l *Lane) deliver(parts []part, results []ledger.Result, err error) {
	l.mu.Lock()
	for i := range parts {
		p := &parts[i]
		var own []ledger.Result
		if err == nil {
			own, results = results[:p.n:p.n], results[p.n:]
		}
		p.call.settle(p.n, own, err)
		l.proceed(p)
	}
	l.mu.Unlock()
	for i := range parts {
		if parts[i].call != nil {
			parts[i].call.done <- struct{}{}
		}
		parts[i] = part{}
	}
}

// proceed decides what becomes of a call after a batch. It leaves in the part
// only a call whose waiter is to be woken.
func (l *Lane) proceed(p *part) {
	c := p.call
	rest := c.rest()
	switch {
	case c.abandoned || c.err != nil:
		l.queue.commands -= len(rest)
	case len(rest) > 0:
		l.queue.pushFront(c, l.group(rest[0]))
		p.call = nil
		return
	}
	c.state = finished
	if c.abandoned {
		p.call = nil
	}
}
