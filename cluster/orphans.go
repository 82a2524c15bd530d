package cluster

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// leftEvery is how often, in leases, it is asked of which slots something is left.
const leftEvery = 2

// orphanage is how the leader has the work of dead gateways carried on. It belongs to
// one goroutine.
type orphanage struct {
	*Leading
	m       *Member
	estates map[uint8]*estate
	asked   time.Time
}

// estate is what a dead gateway has left.
type estate struct {
	dead    Slot // with the token that it was fenced with
	settled bool // nobody can be at its work any more
}

// look fences slots whose gateways are dead, has their work carried on once nobody
// else can be at it, and frees them when nothing of it is left.
func (o *orphanage) look(ctx context.Context) {
	o.m.mu.Lock()
	v := o.m.view
	o.m.mu.Unlock()
	for _, g := range v.Gateways {
		if !g.Alive && g.Number != o.m.slot.Number && o.estates[g.Number] == nil {
			o.fence(ctx, g.Number)
		}
	}
	o.settle(ctx, v)
	if now := o.m.o.Now(); now.Sub(o.asked) >= leftEvery*o.m.o.TTL {
		o.asked = now
		o.sift(ctx, v)
	}
}

func (o *orphanage) fence(ctx context.Context, number uint8) {
	token, err := o.m.o.Leases.Fence(ctx, o.m.slot, number)
	switch {
	case err == nil:
		o.estates[number] = &estate{dead: Slot{Number: number, Token: token}}
	case errors.Is(err, ErrAlive), errors.Is(err, ErrEarly), errors.Is(err, ErrLapsed), ctx.Err() != nil:
	default:
		o.m.o.Logger.Warn("cluster: a dead gateway could not be fenced", "slot", number, "error", err)
	}
}

// settle has the work of those carried on of whom nothing is under way any more.
func (o *orphanage) settle(ctx context.Context, v *View) {
	var open []Slot
	for _, e := range o.estates {
		if !e.settled {
			open = append(open, e.dead)
		}
	}
	if len(open) == 0 || !o.m.silence(ctx, v, open) {
		return
	}
	for _, s := range open {
		o.estates[s.Number].settled = true
	}
	o.m.o.Logger.Info("cluster: the work of dead gateways is carried on", "slots", len(open))
	o.adopt()
}

func (o *orphanage) adopt() {
	var all []uint8
	for _, number := range slices.Sorted(maps.Keys(o.estates)) {
		if o.estates[number].settled {
			all = append(all, number)
		}
	}
	o.Adopt(all...)
}

// sift frees the slots of which nothing is left, and fences those that nobody has
// and of which something is: that was left by a gateway outside of any cluster.
func (o *orphanage) sift(ctx context.Context, v *View) {
	left, err := o.Left(ctx)
	if err != nil {
		if ctx.Err() == nil {
			o.m.o.Logger.Warn("cluster: it cannot be said what dead gateways have left", "error", err)
		}
		return
	}
	for number, e := range o.estates {
		if e.settled && !slices.Contains(left, number) {
			o.free(ctx, number, e.dead)
		}
	}
	for _, number := range left {
		if _, taken := v.row(number); !taken && o.estates[number] == nil {
			o.fence(ctx, number)
		}
	}
}

// free lets a slot be leased again. From then on work that bears it may be another
// gateway's, so it is no longer ours before that.
func (o *orphanage) free(ctx context.Context, number uint8, dead Slot) {
	delete(o.estates, number)
	o.adopt()
	if err := o.m.o.Leases.Free(ctx, o.m.slot, dead); err != nil {
		o.m.o.Logger.Warn("cluster: a slot could not be freed", "slot", number, "error", err)
		return
	}
	o.m.o.Logger.Info("cluster: nothing is left of a dead gateway", "slot", number)
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

func (m *Member) quiet(ctx context.Context, dead []Slot) ([]uint32, error) {
	m.gate.raise(dead)
	if err := m.gate.empty(ctx, dead); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.held)), nil
}
