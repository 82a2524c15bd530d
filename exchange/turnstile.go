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
	// crowdAfter is how long somebody must have waited all the time for it to be a
	// crowd and no burst, as after a disk that stood still for half a second.
	crowdAfter = 2 * time.Second
	// crowdOver is how long nobody must have waited for the crowd to be over.
	crowdOver = 100 * time.Millisecond
)

// turnstile stands before the work that moves points: it lets so much of it in at
// a time, and when more is asked for takes it from the companies in turns
// (deficit round robin), so that a burst of one waits behind itself. A company
// that asks for little is let in next.
//
// A burst may wait for the patience. Where somebody has waited all the time for a
// while, more is asked for than can be done, and to wait would only make everything
// late: then nobody is let in who has waited longer than work may take, whose turn it
// would be otherwise, and lines are short (after the controlled delay of Nichols and
// Jacobson, which drops at the head).
type turnstile struct {
	patience time.Duration

	mu    sync.Mutex
	pace  pace
	used  int
	lines map[string]*line
	ring  []*line // those that have somebody waiting
	turn  int     // whose it is
	// granted: the line whose turn it is has got its credit for this round.
	granted bool
	since   time.Time // when somebody began to wait, after whom somebody always did
	emptied time.Time // when nobody waited any more
}

// line is what waits of one company.
type line struct {
	company string
	waiting []*waiter
	cost    int // of all that wait
	credit  int // what it may still have done in this round
}

type waiter struct {
	cost  int
	at    time.Time
	late  bool          // refused, because it has waited too long in a crowd
	ready chan struct{} // closed when it is in, or late
}

func newTurnstile(p pace, patience time.Duration) *turnstile {
	return &turnstile{pace: p, patience: patience, lines: map[string]*line{}}
}

// seat is what somebody who is in takes up; it is left in parts.
type seat struct {
	t    *turnstile
	left int       // what the work itself must not leave: guarded by the turnstile
	at   time.Time // when the work began
}

// enter waits for the company's turn to have so much work done. It returns a
// [*Busy] at once when the company's line is full, and after the patience.
func (t *turnstile) enter(ctx context.Context, company string, cost int) (*seat, error) {
	cost = min(cost, t.pace.most)
	s := &seat{t: t, left: cost}
	t.mu.Lock()
	if s.at = t.pace.now(); len(t.ring) == 0 && t.room(cost) {
		t.used += cost
		t.mu.Unlock()
		return s, nil
	}
	patience := t.patience
	if t.crowded(s.at) {
		patience = min(patience, t.pace.target)
	}
	w, l := t.queue(company, cost)
	t.mu.Unlock()
	if w == nil {
		return nil, lineFull()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	var instead error = lineFull()
	select {
	case <-w.ready:
	case <-late.C:
	case <-ctx.Done():
		instead = ctx.Err()
	}
	if t.withdraw(l, w) || w.late {
		return nil, instead
	}
	s.at = t.pace.now()
	return s, nil
}

func lineFull() *Busy { return &Busy{What: "the line of the company", RetryAfter: busyPause} }

// room reports whether so much work may begin. What is more than may be done at a
// time is done alone.
func (t *turnstile) room(cost int) bool { return t.used == 0 || t.used+cost <= t.pace.open }

// crowded reports whether somebody has waited for long all the time.
func (t *turnstile) crowded(now time.Time) bool {
	return len(t.ring) > 0 && !now.IsZero() && now.Sub(t.since) >= crowdAfter
}

// refuses tells before anything was done for a request whether the company's line is
// full in a crowd: one more would wait for longer than work may take, at the rate at
// which it was done of late.
func (t *turnstile) refuses(company string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[company]
	return l != nil && l.cost*len(t.ring) >= max(t.pace.within, paceFloor) && t.crowded(t.pace.now())
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
	now := t.pace.now()
	if len(t.ring) == 0 && now.Sub(t.emptied) >= crowdOver {
		t.since = now
	}
	t.pace.pressed = true
	w := &waiter{cost: cost, at: now, ready: make(chan struct{})}
	l.cost += cost
	if l.waiting = append(l.waiting, w); len(l.waiting) == 1 {
		t.ring = append(t.ring, l)
	}
	t.admit()
	return w, l
}

// withdraw takes a waiter out of its line, unless it is in, or late.
func (t *turnstile) withdraw(l *line, w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i < 0 {
		return false
	}
	l.waiting, l.cost = slices.Delete(l.waiting, i, i+1), l.cost-w.cost
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
	t.pace.took(n, s.at)
	t.admit()
}

// admit lets in whoever's turn it is until there is no more room. Nobody is
// overtaken because he needs more room than another: he would wait for ever.
func (t *turnstile) admit() {
	for len(t.ring) > 0 {
		t.turn %= len(t.ring)
		l := t.ring[t.turn]
		w := l.waiting[0]
		if now := t.pace.now(); t.crowded(now) && now.Sub(w.at) > t.pace.target {
			w.late = true
			t.next(l)
			continue
		}
		if !t.granted {
			l.credit, t.granted = l.credit+quantum, true
		}
		if l.credit < w.cost {
			t.turn, t.granted = t.turn+1, false
			continue
		}
		if !t.room(w.cost) {
			return
		}
		t.used += w.cost
		l.credit -= w.cost
		t.next(l)
	}
}

// next tells the first of a line, which is then shorter by one.
func (t *turnstile) next(l *line) {
	close(l.waiting[0].ready)
	l.cost -= l.waiting[0].cost
	l.waiting = slices.Delete(l.waiting, 0, 1)
	t.drop(l)
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
	if t.ring = slices.Delete(t.ring, i, i+1); len(t.ring) == 0 {
		t.emptied = t.pace.now()
	}
	switch {
	case i < t.turn:
		t.turn--
	case i == t.turn:
		t.granted = false
	}
	delete(t.lines, l.company)
}
