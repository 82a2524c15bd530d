//go:build unix

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// load is companies' programs that convert all the while, each with one request
// after another.
type load struct {
	w         *world
	callers   sync.WaitGroup
	stopping  chan struct{}
	turns     chan struct{}
	completed atomic.Int64

	mu       sync.Mutex
	clients  map[string]*client.Client
	all      []*asked
	open     []*asked       // given up
	answers  map[string]int // other than final ones, by what they were
	failures []error        // answers of 500
	latest   string         // of those, with its words
	last     time.Time      // when a conversion was last completed
	silence  time.Duration  // the longest since the scenario began
	since    int64          // completed before the scenario began
}

func newLoad(w *world) *load {
	return &load{w: w, stopping: make(chan struct{}), turns: make(chan struct{}), clients: map[string]*client.Client{}, answers: map[string]int{}}
}

// start has the callers convert until the load ends or the context does.
func (l *load) start(ctx context.Context) {
	l.begin()
	l.callers.Go(func() { l.pace(ctx) })
	for n := range l.w.o.Callers {
		r := rand.New(rand.NewPCG(l.w.o.Seed, uint64(1000+n)))
		l.callers.Go(func() { l.call(ctx, r, fmt.Sprintf("f%d-%d", l.w.o.Seed, n)) })
	}
}

// pace gives turns at the rate that is asked for.
func (l *load) pace(ctx context.Context) {
	tick := time.NewTicker(time.Second / time.Duration(l.w.o.Rate))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.stopping:
			return
		case <-tick.C:
		}
		select {
		case l.turns <- struct{}{}:
		default: // all are waiting for answers
		}
	}
}

func (l *load) call(ctx context.Context, r *rand.Rand, name string) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-l.stopping:
			return
		case <-l.turns:
		}
		a := newAsked(r, fmt.Sprintf("%s-%d", name, n), l.w.o.Members)
		l.mu.Lock()
		l.all = append(l.all, a)
		l.mu.Unlock()
		if err := l.carry(ctx, a); err != nil {
			l.mu.Lock()
			l.open = append(l.open, a)
			l.mu.Unlock()
			return
		}
	}
}

// carry asks until there is a final answer, to the conversion and to its reversal.
func (l *load) carry(ctx context.Context, a *asked) error {
	got, err := l.ask(ctx, a.company, a.request())
	if err != nil {
		return err
	}
	a.id, a.outcome, a.code = got.ID, got.outcome, got.code
	if a.outcome != completed {
		a.back = nil
		return nil
	}
	l.done()
	if a.back == nil {
		return nil
	}
	got, err = l.ask(ctx, a.company, a.reversal())
	a.back.id, a.back.outcome, a.back.code = got.ID, got.outcome, got.code
	return err
}

// done notes that a conversion was completed.
func (l *load) done() {
	l.completed.Add(1)
	now := l.w.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silence = max(l.silence, now.Sub(l.last))
	l.last = now
}

// begin measures silence from now on.
func (l *load) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.silence, l.since = l.w.o.Now(), 0, l.completed.Load()
}

// span says what was measured since the beginning.
func (l *load) span() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d conversions answered 201, longest silence %s", l.completed.Load()-l.since,
		max(l.silence, l.w.o.Now().Sub(l.last)).Round(100*time.Millisecond))
}

// trouble says what answers there were that were not final.
func (l *load) trouble() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var said []string
	for what, n := range l.answers {
		said = append(said, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(said)
	return strings.Join(said, ", ") + "; the last: " + l.latest
}

// endPatience bounds how long callers may need, once nothing is broken any more, for
// their last answers.
const endPatience = 3 * time.Minute

// end has the callers finish what they are at.
func (l *load) end(ctx context.Context) error {
	close(l.stopping)
	ended := make(chan struct{})
	go func() { defer close(ended); l.callers.Wait() }()
	select {
	case <-ended:
	case <-time.After(endPatience):
		return fmt.Errorf("callers had no final answer %s after the last fault: %s", endPatience, l.trouble())
	}
	if len(l.open) > 0 {
		return fmt.Errorf("%d requests were given up, the first: %s", len(l.open), l.open[0])
	}
	return ctx.Err()
}
