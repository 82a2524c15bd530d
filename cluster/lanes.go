package cluster

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// shareLanes takes lanes that nobody has, and gives one back when another gateway
// has fewer.
func (m *Member) shareLanes(ctx context.Context) {
	m.mu.Lock()
	v, leaving := m.view, m.leaving
	m.mu.Unlock()
	if leaving {
		return
	}
	m.serveOwned(v)
	mine := len(v.lanesOf(m.slot))
	least, others := v.fewest(m.slot)
	for lane := range v.Lanes {
		if _, _, ok := v.Holder(LaneDuty(lane)); ok {
			m.noteHeld(LaneDuty(lane))
			continue
		}
		if others && mine > least && !m.longFree(LaneDuty(lane)) {
			continue // somebody else has less to do
		}
		if m.takeDuty(ctx, v, LaneDuty(lane)) {
			mine++
		}
	}
	if others && mine > least+1 {
		m.giveOne(v)
	}
}

// serveOwned begins to serve lanes that are ours, and are not served.
func (m *Member) serveOwned(v *View) {
	for _, lane := range v.lanesOf(m.slot) {
		d, _ := v.Duty(LaneDuty(lane))
		m.serve(lane, d.Epoch)
	}
}

// takeDuty takes a duty that nobody has, or whose owner is dead. It reports whether
// that came about.
func (m *Member) takeDuty(ctx context.Context, v *View, duty string) bool {
	before, died := v.Duty(duty)
	epoch, err := m.o.Leases.Take(ctx, m.slot, duty)
	switch {
	case errors.Is(err, ErrLost):
		m.lose(err)
		return false
	case errors.Is(err, ErrTaken), errors.Is(err, ErrEarly), errors.Is(err, ErrLapsed):
		return false
	case err != nil:
		m.o.Logger.Warn("cluster: a duty could not be taken", "duty", duty, "error", err)
		return false
	}
	died = died && before.Owner != m.slot
	m.o.Logger.Info("cluster: took a duty", "duty", duty, "epoch", epoch, "from_the_dead", died)
	m.o.Took(duty, epoch, died)
	// Tokens that were raised before the duty changed hands must be known before the
	// first command comes in.
	if err := m.look(ctx); err != nil {
		return true // the next look sees it
	}
	if lane, ok := LaneOf(duty); ok {
		m.serve(lane, epoch)
	}
	return true
}

// serve becomes the lane's owner on the ledger, in the background.
func (m *Member) serve(lane uint32, epoch uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[lane] == epoch || m.taking[lane] || m.leaving || m.cause != nil {
		return
	}
	delete(m.held, lane)
	m.taking[lane] = true
	m.working.Go(func() { m.takeLane(lane, epoch) })
}

func (m *Member) takeLane(lane uint32, epoch uint64) {
	err := m.o.Ledger.TakeLane(m.ctx, lane, epoch)
	if err == nil {
		// What came in when the lane was ours before must not be carried out now: others
		// had it meanwhile, and may have answered a later copy.
		err = m.gate.emptyBefore(m.ctx, lane, epoch)
	}
	if errors.Is(err, ledger.ErrFenced) {
		// The ledger has seen a higher epoch than the leases, as after the database
		// was restored from a backup. Each taking raises ours by one.
		m.o.Logger.Error("cluster: the ledger knows a later owner of a lane than the leases", "lane", lane, "epoch", epoch)
		if err := m.o.Leases.Give(m.ctx, m.slot, LaneDuty(lane)); err != nil {
			m.o.Logger.Warn("cluster: a duty could not be given back", "duty", LaneDuty(lane), "error", err)
		}
	} else if err != nil && m.ctx.Err() == nil {
		m.o.Logger.Warn("cluster: a lane could not be taken and will be tried again", "lane", lane, "epoch", epoch, "error", err)
	}
	m.mu.Lock()
	delete(m.taking, lane)
	if err == nil && m.cause == nil {
		m.held[lane] = epoch
	}
	m.mu.Unlock()
	m.wake()
}

// giveOne leaves the last of our lanes, so that a gateway with fewer can take it.
func (m *Member) giveOne(v *View) {
	mine := v.lanesOf(m.slot)
	lane := mine[len(mine)-1]
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, held := m.held[lane]; !held || m.taking[lane] {
		return
	}
	m.taking[lane] = true
	m.working.Go(func() {
		m.leaveLane(m.ctx, lane)
		m.mu.Lock()
		delete(m.taking, lane)
		m.mu.Unlock()
	})
}

// leaveLane finishes what a lane has under way and gives it back.
func (m *Member) leaveLane(ctx context.Context, lane uint32) {
	m.mu.Lock()
	delete(m.held, lane)
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leavePatience)
	defer cancel()
	if err := m.o.Ledger.LeaveLane(ctx, lane); err != nil {
		m.o.Logger.Warn("cluster: a lane was left with commands that were not carried out", "lane", lane, "error", err)
	}
	if err := m.o.Leases.Give(ctx, m.slot, LaneDuty(lane)); err != nil && !errors.Is(err, ErrLost) {
		m.o.Logger.Warn("cluster: a duty could not be given back", "duty", LaneDuty(lane), "error", err)
	}
	m.wake()
}

// drop stops serving a lane that somebody else was found to have.
func (m *Member) drop(lane uint32, epoch uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[lane] == epoch {
		delete(m.held, lane)
	}
}

// noteHeld and longFree know for how long nobody has had a duty. One that those who
// have less to do leave lying is taken by who sees it.
func (m *Member) noteHeld(duty string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.free, duty)
}

func (m *Member) longFree(duty string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	since, ok := m.free[duty]
	if !ok {
		m.free[duty] = m.o.Now()
	}
	return ok && m.o.Now().Sub(since) > m.o.TTL
}
