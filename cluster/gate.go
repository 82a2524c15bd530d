package cluster

import (
	"context"
	"fmt"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// gate lets commands of other gateways in, as long as their tokens count, and knows
// which are inside.
//
// A gateway whose connection breaks gives what it has no answer to once more, on
// another. The gate sees to it that the last copy of a command is also the last to be
// carried out, so that its answer lasts: once a later connection has greeted nothing
// comes in any more from those before it, and a copy waits until those that came in
// earlier have left.
type gate struct {
	mu     sync.Mutex
	floor  [SlotsMax]uint64 // the lowest token that counts
	latest map[Slot]uint64  // the number of the connection that greeted last
	inside map[Slot]int
	lanes  map[tenure]int
	copies map[ledger.ID]*turn // who came in last with a command
	left   chan struct{}       // closed when somebody leaves while one waits for it
}

func newGate() *gate {
	return &gate{latest: map[Slot]uint64{}, inside: map[Slot]int{}, lanes: map[tenure]int{}, copies: map[ledger.ID]*turn{}}
}

// tenure is the time for which a lane has one owner.
type tenure struct {
	lane  uint32
	epoch uint64
}

// turn is an order that was let in.
type turn struct {
	who      Slot
	of       tenure
	commands []ledger.Command
	earlier  []*turn // with some of the same commands
	over     chan struct{}
}

// come returns when those with the same commands have left that came in earlier. When
// the context ends first it returns [ledger.ErrClosed] with [ledger.ErrOutcomeUnknown]:
// nothing was done, but by one of those.
func (t *turn) come(ctx context.Context) error {
	for _, e := range t.earlier {
		select {
		case <-e.over:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w: an earlier copy of the commands is under way", ledger.ErrOutcomeUnknown, ledger.ErrClosed)
		}
	}
	return nil
}

// greet notes a connection. Older ones of the same gateway count no longer.
func (g *gate) greet(l line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latest[l.Slot] = max(g.latest[l.Slot], l.number)
}

// enter lets in an order, which must leave. It returns nil when the token of who gives
// it was raised, or a later connection counts.
func (g *gate) enter(l line, o *order) *turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.Token < g.floor[l.Number] || l.number < g.latest[l.Slot] {
		return nil
	}
	t := &turn{who: l.Slot, of: tenure{o.lane, o.epoch}, commands: o.commands, over: make(chan struct{})}
	for i := range t.commands {
		id := t.commands[i].ID
		if e := g.copies[id]; e != nil && e != t {
			t.earlier = append(t.earlier, e)
		}
		g.copies[id] = t
	}
	g.inside[t.who]++
	g.lanes[t.of]++
	return t
}

func (g *gate) leave(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range t.commands {
		if id := t.commands[i].ID; g.copies[id] == t {
			delete(g.copies, id)
		}
	}
	close(t.over)
	if g.inside[t.who]--; g.inside[t.who] == 0 {
		delete(g.inside, t.who)
	}
	if g.lanes[t.of]--; g.lanes[t.of] == 0 {
		delete(g.lanes, t.of)
	}
	if g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// raise lets nobody in any more with an older token of these slots.
func (g *gate) raise(tokens []Slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range tokens {
		g.floor[s.Number] = max(g.floor[s.Number], s.Token)
	}
	for s := range g.latest {
		if s.Token < g.floor[s.Number] {
			delete(g.latest, s)
		}
	}
}

// empty waits until nobody with an older token than these is inside. It returns the
// context's error.
func (g *gate) empty(ctx context.Context, tokens []Slot) error {
	return g.until(ctx, func() bool { return !g.older(tokens) })
}

// emptyBefore waits until nothing is inside that was meant for a lane under a lower
// epoch. It returns the context's error.
func (g *gate) emptyBefore(ctx context.Context, lane uint32, epoch uint64) error {
	return g.until(ctx, func() bool {
		for of := range g.lanes {
			if of.lane == lane && of.epoch < epoch {
				return false
			}
		}
		return true
	})
}

// until waits for what holds when enough have left.
func (g *gate) until(ctx context.Context, holds func() bool) error {
	for {
		g.mu.Lock()
		if holds() {
			g.mu.Unlock()
			return nil
		}
		if g.left == nil {
			g.left = make(chan struct{})
		}
		left := g.left
		g.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// older reports whether anybody with an older token is inside.
func (g *gate) older(tokens []Slot) bool {
	for _, s := range tokens {
		for inside := range g.inside {
			if inside.Number == s.Number && inside.Token < s.Token {
				return true
			}
		}
	}
	return false
}
