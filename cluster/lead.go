package cluster

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Leading is what a gateway does while it leads.
type Leading struct {
	// Start begins what must exist once. An error ends the gateway.
	Start func(ctx context.Context) error
	// Handler answers requests that other gateways forward, from when Start has
	// returned.
	Handler http.Handler
	// Failed is told why Start did not work out.
	Failed func(error)
	// Left lists the slots of which something is unfinished. It is asked by the leader.
	Left func(ctx context.Context) ([]uint8, error)
	// Adopt is told of all slots, besides our own, whose work the leader carries on:
	// whoever made it is dead, writes nothing any more, and has no command under way
	// in any lane.
	Adopt func(slots ...uint8)
	// Stop ends in order what Start began. It is called once, and only after Start
	// has returned without an error.
	Stop func()
}

// candidacy is a gateway that can lead, or does.
type candidacy struct {
	Leading
	ctx    context.Context // of leading
	cancel context.CancelFunc
	begun  bool           // guarded by the member's lock
	led    sync.WaitGroup // starting, and looking after orphans
}

// Stand makes this gateway a candidate: it leads as soon as nobody else does.
func (m *Member) Stand(l Leading) {
	c := &candidacy{Leading: l}
	c.ctx, c.cancel = context.WithCancel(m.ctx)
	m.mu.Lock()
	m.stand = c
	m.mu.Unlock()
	m.soon()
}

// seekLead takes the lead when nobody has it.
func (m *Member) seekLead(ctx context.Context) {
	m.mu.Lock()
	c, v, leaving := m.stand, m.view, m.leaving
	m.mu.Unlock()
	if c == nil || leaving || c.ctx.Err() != nil {
		return
	}
	d, ok := v.Duty(Lead)
	mine := ok && d.Owner == m.slot
	if _, _, held := v.Holder(Lead); !mine && (held || !m.takeDuty(ctx, v, Lead)) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !c.begun && c.ctx.Err() == nil {
		c.begun = true
		c.led.Go(func() { m.begin(c) })
	}
}

// begin leads.
func (m *Member) begin(c *candidacy) {
	m.o.Logger.Info("cluster: this gateway leads", "slot", m.slot.Number)
	if err := c.Start(c.ctx); err != nil {
		c.Failed(err)
		return
	}
	defer c.Stop()
	m.leader.Store(&c.Handler)
	defer m.leader.Store(nil)
	m.wake()
	tick := time.NewTicker(m.o.Every)
	defer tick.Stop()
	o := &orphanage{m: m, Leading: &c.Leading, estates: map[uint8]*estate{}}
	for {
		o.look(c.ctx)
		select {
		case <-c.ctx.Done():
			return
		case <-m.lost:
			return
		case <-tick.C:
		}
	}
}

// Leads reports whether this gateway leads and has begun what that means.
func (m *Member) Leads() bool { return m.leader.Load() != nil }

// StandDown stops leading, or seeking to: what must exist once has ended in order
// when it returns, and another gateway takes the lead at its next look.
func (m *Member) StandDown() {
	m.mu.Lock()
	c := m.stand
	m.stand = nil
	begun := false
	if c != nil {
		c.cancel()
		begun = c.begun
	}
	m.mu.Unlock()
	if !begun {
		return
	}
	c.led.Wait()
	if m.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	defer cancel()
	if err := m.o.Leases.Give(ctx, m.slot, Lead); err != nil {
		m.o.Logger.Warn("cluster: the lead could not be given back", "error", err)
	}
}
