package cluster

import (
	"context"
	"sync"
)

// gate lets commands of other gateways in, as long as their tokens count, and knows
// which are inside.
type gate struct {
	mu     sync.Mutex
	floor  [SlotsMax]uint64 // the lowest token that counts
	inside map[Slot]int
	left   chan struct{} // closed when somebody leaves while one waits for it
}

func newGate() *gate { return &gate{inside: map[Slot]int{}} }

// enter lets in commands of a gateway, which must leave. It reports false for one
// whose token was raised.
func (g *gate) enter(s Slot) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Token < g.floor[s.Number] {
		return false
	}
	g.inside[s]++
	return true
}

func (g *gate) leave(s Slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside[s]--; g.inside[s] == 0 {
		delete(g.inside, s)
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
}

// empty waits until nobody with an older token than these is inside. It returns the
// context's error.
func (g *gate) empty(ctx context.Context, tokens []Slot) error {
	for {
		left := g.older(tokens)
		if left == nil {
			return nil
		}
		select {
		case <-left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// older returns a channel that is closed when somebody leaves; nil when none with an
// older token is inside.
func (g *gate) older(tokens []Slot) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range tokens {
		for inside := range g.inside {
			if inside.Number == s.Number && inside.Token < s.Token {
				if g.left == nil {
					g.left = make(chan struct{})
				}
				return g.left
			}
		}
	}
	return nil
}
