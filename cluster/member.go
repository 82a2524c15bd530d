package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Member is a gateway's part in the cluster, from [Join] to [Member.Leave]. Its
// methods may be called from many goroutines.
type Member struct {
	o       Options
	slot    Slot
	keys    *credentials
	gate    *gate
	peers   peers
	server  *http.Server
	forward http.RoundTripper
	leader  atomic.Pointer[http.Handler] // answers what was forwarded to us; nil while we do not lead

	ctx     context.Context // of everything that goes on in the background
	stop    context.CancelFunc
	working sync.WaitGroup
	kick    chan struct{}
	lost    chan struct{} // closed when the slot is lost
	waiting atomic.Int64  // commands that wait for the owner of their lane

	mu      sync.Mutex // guards what follows
	view    *View
	changed chan struct{} // closed, and made anew, whenever what is decided by could be another
	until   time.Time     // the lease lasts at least until then
	lanes   uint32
	held    map[uint32]uint64 // lanes that this gateway serves, with their epochs
	taking  map[uint32]bool   // lanes that are being taken or left
	free    map[string]time.Time
	cause   error // why the slot is lost
	leaving bool
	stand   *candidacy // nil until this gateway can lead
}

// Join listens on the internal address, leases a slot and takes part from then on:
// lanes are taken, and commands of other gateways carried out. It returns [ErrFull],
// and what leases and listener return.
func Join(ctx context.Context, o Options) (*Member, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	keys, err := newCredentials(o.Secret, o.Random)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("cluster: listen: %w", err)
	}
	if o.Address == "" {
		o.Address = l.Addr().String()
	}
	m := &Member{o: o, keys: keys, gate: newGate(), kick: make(chan struct{}, 1), lost: make(chan struct{}), view: &View{Lanes: 1}, lanes: 1,
		changed: make(chan struct{}), held: map[uint32]uint64{}, taking: map[uint32]bool{}, free: map[string]time.Time{}}
	begun := o.Now()
	if m.slot, err = o.Leases.Join(ctx, o.Address, o.TTL); err != nil {
		return nil, errors.Join(fmt.Errorf("cluster: join: %w", err), l.Close())
	}
	m.until = begun.Add(o.TTL)
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.peers.m, m.forward = m, keys.transport()
	m.listen(l)
	m.working.Go(m.run)
	m.working.Go(m.countLanes)
	o.Logger.Info("cluster: joined", "slot", m.slot.Number, "token", m.slot.Token, "address", o.Address)
	return m, nil
}

// Slot is what this gateway leases.
func (m *Member) Slot() Slot { return m.slot }

// Lost is closed when the slot was taken from this gateway, which can write nothing
// any more and must end.
func (m *Member) Lost() <-chan struct{} { return m.lost }

// Err returns why the slot is lost: an [ErrLost], or nil.
func (m *Member) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cause
}

// Status is what a gateway knows of the cluster.
type Status struct {
	View *View
	Slot Slot
	// Age is how old the view is.
	Age   time.Duration
	Leads bool
	Held  map[uint32]uint64 // the lanes that this gateway serves, with their epochs
}

// Status returns who owns what as this gateway sees it, and how old that is.
func (m *Member) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Status{View: m.view, Slot: m.slot, Age: m.o.Now().Sub(m.view.At), Leads: m.leader.Load() != nil, Held: maps.Clone(m.held)}
}

// run renews the lease and looks at the others until the member leaves.
func (m *Member) run() {
	tick := time.NewTicker(m.o.Every)
	defer tick.Stop()
	for {
		m.beat()
		select {
		case <-m.ctx.Done():
			return
		case <-m.lost:
			return
		case <-tick.C:
		case <-m.kick:
		}
	}
}

// soon has the next look come at once.
func (m *Member) soon() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// beat renews the lease, looks at the others, and does what follows.
func (m *Member) beat() {
	ctx, cancel := context.WithTimeout(m.ctx, m.o.TTL/2)
	defer cancel()
	begun := m.o.Now()
	err := m.o.Leases.Renew(ctx, m.slot, m.o.TTL)
	if err == nil {
		m.renewed(begun)
		err = m.look(ctx)
	}
	switch {
	case errors.Is(err, ErrLost):
		m.lose(err)
	case err != nil:
		if m.ctx.Err() == nil {
			m.o.Logger.Warn("cluster: the lease could not be renewed, or the others not be seen", "error", err)
		}
		m.wake()
	default:
		m.shareLanes(ctx)
		m.seekLead(ctx)
	}
}

func (m *Member) renewed(begun time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until = begun.Add(m.o.TTL)
}

// look reads who is there and who does what.
func (m *Member) look(ctx context.Context) error {
	v := &View{At: m.o.Now()}
	var err error
	if v.Duties, err = m.o.Leases.Duties(ctx); err != nil {
		return err
	}
	if v.Gateways, err = m.o.Leases.Gateways(ctx); err != nil {
		return err
	}
	var tokens []Slot
	for _, g := range v.Gateways {
		tokens = append(tokens, g.Slot)
	}
	m.gate.raise(tokens)
	m.mu.Lock()
	v.Lanes = m.lanes
	m.view = v
	m.mu.Unlock()
	m.peers.keep(v)
	m.wake()
	return nil
}

// wake tells those who wait that something may have changed.
func (m *Member) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.changed)
	m.changed = make(chan struct{})
}

// lose ends this gateway's part: it was called dead, and what it writes is refused.
func (m *Member) lose(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cause != nil {
		return
	}
	m.cause = err
	clear(m.held)
	close(m.lost)
	close(m.changed)
	m.changed = make(chan struct{})
	m.leader.Store(nil)
	m.o.Logger.Error("cluster: this gateway was taken for dead and has lost its slot; it ends", "slot", m.slot.Number, "token", m.slot.Token)
}

// lanesEvery is how often the ledger is asked for the number of its lanes.
const lanesEvery = 2 * time.Second

// countLanes keeps the number of lanes, which only rises.
func (m *Member) countLanes() {
	tick := time.NewTicker(lanesEvery)
	defer tick.Stop()
	for {
		n, err := m.o.Ledger.Lanes(m.ctx)
		if m.mu.Lock(); err == nil && n > m.lanes {
			m.lanes = n
		}
		m.mu.Unlock()
		select {
		case <-m.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// leavePatience bounds each step of leaving.
const leavePatience = 10 * time.Second

// Leave finishes what is under way in the lanes, gives everything back, so that
// others need not wait for a lease to run out, and ends the membership. Afterwards
// the ledger can be closed. A second call does nothing.
func (m *Member) Leave(ctx context.Context) error {
	m.mu.Lock()
	already, lost := m.leaving, m.cause != nil
	m.leaving = true
	lanes := slices.Sorted(maps.Keys(m.held))
	m.mu.Unlock()
	if already {
		return nil
	}
	m.StandDown()
	var errs []error
	for _, lane := range lanes {
		m.leaveLane(ctx, lane)
	}
	m.stop()
	errs = append(errs, m.server.Close())
	m.peers.close()
	m.working.Wait()
	if !lost {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leavePatience)
		defer cancel()
		errs = append(errs, m.o.Leases.Leave(ctx, m.slot))
		m.o.Logger.Info("cluster: left", "slot", m.slot.Number)
	}
	return errors.Join(errs...)
}
