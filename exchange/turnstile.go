package exchange

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of what waits before the turnstile, for one company.
const (
	lineMax = 4096 // requests
	// quantum is how much a company may have done in one round before it is
	// another's turn: one call of many, or many of one.
	quantum = 64
)

// turnstile stands before the work that moves points: it lets so much of it in at
// a time, and when more is asked for takes it from the companies in turns
// (deficit round robin), so that a burst of one waits behind itself. A company
// that asks for little is let in next.
type turnstile struct {
	limit    int
	patience time.Duration

	mu    sync.Mutex
	used  int
	lines map[string]*line
	ring  []*line // those that have somebody waiting
	turn  int     // whose it is
	// granted: the line whose turn it is has got its credit for this round.
	granted bool
}

// line is what waits of one company.
type line struct {
	company string
	waiting []*waiter
	credit  int // what it may still have done in this round
}

type waiter struct {
	cost  int
	ready chan struct{} // closed when it is in
}

func newTurnstile(limit int, patience time.Duration) *turnstile {
	return &turnstile{limit: limit, patience: patience, lines: map[string]*line{}}
}

// seat is what somebody who is in takes up; it is left in parts.
type seat struct {
	t    *turnstile
	left int // what the work itself must not leave: guarded by the turnstile
}

// enter waits for the company's turn to have so much work done. It returns a
// [*Busy] at once when the company's line is full, and after the patience.
func (t *turnstile) enter(ctx context.Context, company string, cost int) (*seat, error) {
	cost = min(cost, t.limit)
	s := &seat{t: t, left: cost}
	t.mu.Lock()
	if len(t.ring) == 0 && t.used+cost <= t.limit {
		t.used += cost
		t.mu.Unlock()
		return s, nil
	}
	w, l := t.queue(company, cost)
	t.mu.Unlock()
	if w == nil {
		return nil, &Busy{What: "the line of the company", RetryAfter: busyPause}
	}
	late := time.NewTimer(t.patience)
	defer late.Stop()
	var instead error = &Busy{What: "the line of the company", RetryAfter: busyPause}
	select {
	case <-w.ready:
		return s, nil
	case <-late.C:
	case <-ctx.Done():
		instead = ctx.Err()
	}
	if t.withdraw(l, w) {
		return nil, instead
	}
	return s, nil // it was let in at that moment
}

// queue puts a waiter into its company's line; nil when that is full.
func (t *turnstile) queue(company string, cost int) (*waiter, *line) {
	l := t.lines[company]
	if l == nil {
		l = &line{company: company}
		t.lines[company] = l
	}
	if len(l.waiting) >= lineMax {
		return nil, l
	}
	w := &waiter{cost: cost, ready: make(chan struct{})}
	if l.waiting = append(l.waiting, w); len(l.waiting) == 1 {
		t.ring = append(t.ring, l)
	}
	t.admit()
	return w, l
}

// withdraw takes a waiter out of its line, unless it is in.
func (t *turnstile) withdraw(l *line, w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	t.drop(l)
	t.admit() // the one behind may need less
	return true
}

// leave gives back so much of a seat.
func (s *seat) leave(n int) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	n = min(n, s.left) // a request that costs more than all there is took all there is
	s.left -= n
	t.used -= n
	t.admit()
}

// admit lets in whoever's turn it is until there is no more room. Nobody is
// overtaken because he needs more room than another: he would wait for ever.
func (t *turnstile) admit() {
	for len(t.ring) > 0 {
		t.turn %= len(t.ring)
		l := t.ring[t.turn]
		w := l.waiting[0]
		if !t.granted {
			l.credit, t.granted = l.credit+quantum, true
		}
		if l.credit < w.cost {
			t.turn, t.granted = t.turn+1, false
			continue
		}
		if t.used+w.cost > t.limit {
			return
		}
		t.used += w.cost
		l.credit -= w.cost
		l.waiting = slices.Delete(l.waiting, 0, 1)
		close(w.ready)
		t.drop(l)
	}
}

// drop takes a line in which nobody waits out of the ring. What it had not used
// of its turn is gone.
func (t *turnstile) drop(l *line) {
	if len(l.waiting) > 0 {
		return
	}
	i := slices.Index(t.ring, l)
	if i < 0 {
		return
	}
	t.ring = slices.Delete(t.ring, i, i+1)
	switch {
	case i < t.turn:
		t.turn--
	case i == t.turn:
		t.granted = false
	}
	delete(t.lines, l.company)
}
