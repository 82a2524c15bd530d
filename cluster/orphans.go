package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// leftAfter is how old an ID must be that carries a slot which nobody has, before
// its work counts as left behind: a gateway that has just taken the slot is not in
// the leader's view yet. Only a gateway that was no member leaves such work.
const leftAfter = 10 * time.Minute

// leftEvery is how often, in leases, it is asked whether a dead slot has something left.
const leftEvery = 2

// Mine reports whether this gateway may carry on work with this ID that it does not
// have in its hands: it made it, or leads, and whoever made it is dead, writes
// nothing any more, and has no command under way in any lane.
func (m *Member) Mine(id ledger.ID) bool {
	number := id.Slot()
	if number == m.slot.Number {
		return true
	}
	if !m.Leads() {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if token, ok := m.settled[number]; ok {
		g, there := m.view.row(number)
		return there && g.Token <= token
	}
	_, taken := m.view.row(number)
	return !taken && m.o.Clock().UnixMilli()-id.Milli() > leftAfter.Milliseconds()
}

// estate is what the leader knows of a slot whose gateway is dead.
type estate struct {
	dead  Slot // with the token that it was fenced with
	asked time.Time
}

// settleAll fences slots whose gateways are dead, makes sure that none of their
// commands is under way, and frees them once nothing of theirs is left.
func (m *Member) settleAll(ctx context.Context, estates map[uint8]*estate) {
	m.mu.Lock()
	v := m.view
	m.mu.Unlock()
	var open []Slot
	for _, g := range v.Gateways {
		if g.Alive || g.Number == m.slot.Number {
			delete(estates, g.Number)
			continue
		}
		if e := estates[g.Number]; e == nil || g.Token > e.dead.Token {
			token, err := m.o.Leases.Fence(ctx, m.slot, g.Number)
			if err != nil {
				m.unsettled(ctx, g.Number, err)
				continue
			}
			estates[g.Number] = &estate{dead: Slot{Number: g.Number, Token: token}}
		}
		if e := estates[g.Number]; m.isSettled(e.dead) {
			m.release(ctx, e, estates)
		} else {
			open = append(open, e.dead)
		}
	}
	if len(open) == 0 || !m.silence(ctx, v, open) {
		return
	}
	m.mu.Lock()
	for _, s := range open {
		m.settled[s.Number] = s.Token
	}
	m.mu.Unlock()
	m.o.Logger.Info("cluster: work of dead gateways is carried on", "slots", len(open))
}

func (m *Member) unsettled(ctx context.Context, number uint8, err error) {
	if errors.Is(err, ErrAlive) || errors.Is(err, ErrEarly) || errors.Is(err, ErrNoHolder) || errors.Is(err, ErrLapsed) || ctx.Err() != nil {
		return
	}
	m.o.Logger.Warn("cluster: a dead gateway could not be fenced", "slot", number, "error", err)
}

func (m *Member) isSettled(dead Slot) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.settled[dead.Number] == dead.Token
}

// silence reports whether nothing of the fenced gateways is under way in any lane:
// every lane has an owner who is alive, serves it, lets none of their commands in
// any more and has none inside. An owner serves a lane only once the ledger has its
// epoch, so what the dead had under way as owners is decided too.
func (m *Member) silence(ctx context.Context, v *View, dead []Slot) bool {
	ctx, cancel := context.WithTimeout(ctx, m.o.Patience)
	defer cancel()
	served := map[uint32]bool{}
	for _, g := range v.Alive() {
		lanes, err := m.hush(ctx, g, dead)
		if err != nil {
			m.o.Logger.Debug("cluster: a gateway does not say whether commands of the dead are under way", "slot", g.Number, "error", err)
			return false
		}
		for _, lane := range lanes {
			served[lane] = true
		}
	}
	for lane := range v.Lanes {
		if !served[lane] {
			return false
		}
	}
	return true
}

// hush has a gateway let nothing of the dead in, and returns the lanes that it
// serves once none of theirs is inside.
func (m *Member) hush(ctx context.Context, g Gateway, dead []Slot) ([]uint32, error) {
	if g.Slot != m.slot {
		return m.peers.hush(ctx, g, dead)
	}
	return m.quiet(ctx, dead)
}

func (m *Member) quiet(ctx context.Context, dead []Slot) (lanes []uint32, err error) {
	m.gate.raise(dead)
	if err := m.gate.empty(ctx, dead); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for lane := range m.held {
		lanes = append(lanes, lane)
	}
	return lanes, nil
}

// release frees a slot of which nothing is left.
func (m *Member) release(ctx context.Context, e *estate, estates map[uint8]*estate) {
	now := m.o.Now()
	if m.o.Left == nil || now.Sub(e.asked) < leftEvery*m.o.TTL {
		return
	}
	e.asked = now
	left, err := m.o.Left(ctx, e.dead.Number)
	if err != nil || left {
		if err != nil && ctx.Err() == nil {
			m.o.Logger.Warn("cluster: it cannot be said what a dead gateway has left", "slot", e.dead.Number, "error", err)
		}
		return
	}
	// From here on the slot may have another gateway any moment.
	m.mu.Lock()
	delete(m.settled, e.dead.Number)
	m.mu.Unlock()
	delete(estates, e.dead.Number)
	if err := m.o.Leases.Free(ctx, m.slot, e.dead); err != nil {
		m.o.Logger.Warn("cluster: a slot could not be freed", "slot", e.dead.Number, "error", err)
		return
	}
	m.o.Logger.Info("cluster: nothing is left of a dead gateway", "slot", e.dead.Number)
}
