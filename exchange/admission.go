package exchange

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// busyPause is when to come back after a [Busy].
const busyPause = time.Second

// gate bounds how much is under way at a time.
type gate struct {
	what  string
	limit int64
	used  atomic.Int64
}

func (g *gate) enter() bool {
	if g.used.Add(1) <= g.limit {
		return true
	}
	g.used.Add(-1)
	return false
}

// places are what one workflow takes up: in the house, at the source and at the
// destination, a seat if it is work that is done in turns, and what it takes of
// the member's allowances.
type places struct {
	gates     [3]*gate
	seat      *seat
	allotment *allotment
}

func (p *places) release() {
	for i, g := range p.gates {
		if g != nil {
			g.used.Add(-1)
			p.gates[i] = nil
		}
	}
	if p.seat != nil {
		p.seat.leave(1)
		p.seat = nil
	}
	p.allotment.release()
	p.allotment = nil
}

// gates hold a gate for every partner and mode, so that a slow partner fills
// its own places and nobody else's.
type gates struct {
	total    gate
	recovery gate
	called   map[string]*gate // by partner, for those that we call
	pushing  map[string]*gate
	resumed  map[string]*gate // of the recovery, by partner
}

func newGates(o *Options) *gates {
	g := &gates{total: gate{what: "the exchange", limit: int64(o.TotalMax)},
		recovery: gate{what: "the recovery", limit: int64(o.RecoveryMax)},
		called:   map[string]*gate{}, pushing: map[string]*gate{}, resumed: map[string]*gate{}}
	for _, p := range o.Registry.All() {
		calls := p.Connector.MaxInFlight + p.Connector.MaxQueue
		if calls <= 0 {
			calls = partners.ConnectorMaxInFlight + partners.ConnectorMaxQueue
		}
		g.called[p.Code] = &gate{what: "the queue of partner " + p.Code, limit: int64(calls)}
		g.pushing[p.Code] = &gate{what: "the queue of partner " + p.Code, limit: int64(o.PartnerMax)}
		g.resumed[p.Code] = &gate{what: "the recovery of partner " + p.Code, limit: int64(max(o.RecoveryMax/4, 1))}
	}
	return g
}

// admit takes places for a conversion, or for a reversal of it. It returns a
// [*Busy] when one of them is not free.
func (g *gates) admit(c *Conversion) (places, error) {
	taken, full := enterAll(&g.total, g.of(c.In, c.SourceMode), g.of(c.Out, c.DestinationMode))
	if full != nil {
		return taken, &Busy{What: full.what, RetryAfter: busyPause}
	}
	return taken, nil
}

func (g *gates) of(leg *ledger.LegTerms, mode partners.Mode) *gate {
	switch {
	case leg == nil:
		return nil
	case mode == partners.Push:
		return g.pushing[leg.Partner]
	}
	return g.called[leg.Partner]
}

// readmit is admit for what an earlier process, or an earlier attempt, left. It
// returns the gate that is full, if one is.
func (g *gates) readmit(c *Conversion) (taken places, full *gate) {
	var in, out *gate
	if c.In != nil {
		in = g.resumed[c.In.Partner]
	}
	if c.Out != nil {
		out = g.resumed[c.Out.Partner]
	}
	return enterAll(&g.recovery, in, out)
}

func enterAll(house, in, out *gate) (taken places, full *gate) {
	for i, g := range [...]*gate{house, in, out} {
		if g == nil {
			continue
		}
		if !g.enter() {
			taken.release()
			return places{}, g
		}
		taken.gates[i] = g
	}
	return taken, nil
}

// caller is a client's idempotency key for one kind of request.
type caller struct {
	what, client, key string
}

// callers are the requests that are inside their wait.
type callers struct {
	mu      sync.Mutex
	running map[caller]ledger.Hash
}

// enter notes a request. It returns [ErrStillRunning] when the same is inside
// its wait already, and [ErrKeyReused] when another one is that has its key.
func (c *callers) enter(who caller, hash ledger.Hash) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	running, ok := c.running[who]
	switch {
	case ok && running != hash:
		return ErrKeyReused
	case ok:
		return ErrStillRunning
	}
	c.running[who] = hash
	return nil
}

func (c *callers) leave(who caller) {
	c.mu.Lock()
	delete(c.running, who)
	c.mu.Unlock()
}

// Room tells, before anything was done for a request, whether there is room for what
// moves points: a [*Busy] while so much of the company waits that more would be
// refused. To refuse is then nearly free.
func (s *Service) Room(p Party) error {
	if s.turns.refuses(p.Partner) {
		return lineFull()
	}
	return nil
}
