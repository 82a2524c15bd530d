package workflow

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is a row of random pauses below a bound that doubles: who failed
// together does not come back together. The randomness needs no secrecy and
// decides nothing but a moment.
type Backoff struct {
	Bound, Longest time.Duration
	// Draw returns a number from 0 to below n; nil draws from the machine's randomness.
	Draw func(n int64) int64
}

// Next returns the next pause, at least half the bound.
func (b *Backoff) Next() time.Duration {
	draw := b.Draw
	if draw == nil {
		draw = rand.Int64N
	}
	pause := b.Bound/2 + time.Duration(draw(int64(b.Bound/2)+1))
	b.Bound = min(2*b.Bound, b.Longest)
	return pause
}

// Sleep waits; it reports false when it was cut short.
func Sleep(ctx context.Context, stopping <-chan struct{}, d time.Duration) bool {
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

// Verdict is what became of an attempt to get something done.
type Verdict uint8

const (
	// Settled: there is an answer.
	Settled Verdict = iota
	// Expired: there is none, and the deadline has passed.
	Expired
	// LaidDown: there is none yet, and the work is laid down for now.
	LaidDown
)

// Patience says how long a job waits for an answer. All fields are needed but Once.
type Patience struct {
	Backoff  Backoff
	Stopping <-chan struct{} // of the [Shift]
	Now      func() int64    // milliseconds since 1970
	Deadline int64           // likewise
	// Once: the work is not to wait, and is laid down after one attempt.
	Once bool
}

// Over reports whether the deadline has passed.
func (p *Patience) Over() bool { return p.Now() >= p.Deadline }

// Wait pauses before the next attempt, at least for the time given. It returns
// [Settled] when there is to be one.
func (p *Patience) Wait(ctx context.Context, least time.Duration) Verdict {
	switch {
	case ctx.Err() != nil:
		return LaidDown
	case p.Over():
		return Expired
	case p.Once:
		return LaidDown
	}
	pause := max(p.Backoff.Next(), least)
	if left := time.Duration(p.Deadline-p.Now()) * time.Millisecond; left < pause {
		pause = max(left, time.Millisecond)
	}
	if !Sleep(ctx, p.Stopping, pause) {
		return LaidDown
	}
	if p.Over() {
		return Expired
	}
	return Settled
}
