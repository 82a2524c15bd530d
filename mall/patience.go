package mall

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is a row of random pauses below a bound that doubles: who failed
// together does not come back together. The randomness needs no secrecy and
// decides nothing but a moment.
type backoff struct{ bound, longest time.Duration }

func (b *backoff) next() time.Duration {
	pause := b.bound/2 + rand.N(b.bound/2+1)
	b.bound = min(2*b.bound, b.longest)
	return pause
}

// sleep reports false when it was cut short.
func sleep(ctx context.Context, stopping <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stopping:
	case <-ctx.Done():
	}
	return false
}

// verdict is what became of an attempt to get something done.
type verdict uint8

const (
	// settled: there is an answer.
	settled verdict = iota
	// expired: there is none, and the deadline has passed.
	expired
	// laidDown: there is none yet, and the work is laid down for now.
	laidDown
)

// patience says how long a job waits for an answer.
type patience struct {
	backoff  backoff
	stopping <-chan struct{}
	now      func() int64
	deadline int64 // milliseconds since 1970
	once     bool
}

func (m *Mall) patience(once bool, deadline int64) *patience {
	return &patience{backoff: backoff{m.o.RetryFirst, m.o.RetryMax}, stopping: m.shift.stopping,
		now: m.now, deadline: deadline, once: once}
}

func (p *patience) over() bool { return p.now() >= p.deadline }

// wait pauses before the next attempt. It returns settled when there is to be one.
func (p *patience) wait(ctx context.Context) verdict {
	switch {
	case ctx.Err() != nil:
		return laidDown
	case p.over():
		return expired
	case p.once:
		return laidDown
	}
	pause := p.backoff.next()
	if left := time.Duration(p.deadline-p.now()) * time.Millisecond; left < pause {
		pause = max(left, time.Millisecond)
	}
	if !sleep(ctx, p.stopping, pause) {
		return laidDown
	}
	if p.over() {
		return expired
	}
	return settled
}
