package clustertest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
)

// Memory is [cluster.Leases] in memory, by a clock of its own.
type Memory struct {
	mu     sync.Mutex
	now    func() time.Time
	slots  map[uint8]*lease
	duties map[string]*cluster.Duty
}

type lease struct {
	token   uint64
	address string
	since   time.Time // without a gap
	until   time.Time
	ttl     time.Duration
	free    bool
}

var _ cluster.Leases = (*Memory)(nil)

// NewMemory returns leases that nobody has taken yet.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, slots: map[uint8]*lease{}, duties: map[string]*cluster.Duty{}}
}

func (m *Memory) alive(l *lease) bool { return !l.free && m.now().Before(l.until) }

// own returns the caller's lease when it holds.
func (m *Memory) own(s cluster.Slot) (*lease, error) {
	l := m.slots[s.Number]
	switch {
	case l == nil || l.free || l.token != s.Token:
		return nil, cluster.ErrLost
	case !m.alive(l):
		return nil, cluster.ErrLapsed
	}
	return l, nil
}

// Join implements [cluster.Leases].
func (m *Memory) Join(_ context.Context, address string, ttl time.Duration) (cluster.Slot, error) {
	if err := cluster.CheckLease(address, ttl); err != nil {
		return cluster.Slot{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.vacancy()
	if err != nil {
		return cluster.Slot{}, err
	}
	l := m.slots[n]
	if l == nil {
		l = &lease{}
		m.slots[n] = l
	}
	now := m.now()
	*l = lease{token: l.token + 1, address: address, since: now, until: now.Add(ttl), ttl: ttl}
	return cluster.Slot{Number: n, Token: l.token}, nil
}

func (m *Memory) vacancy() (uint8, error) {
	oldest := -1
	for n := range cluster.SlotsMax {
		l := m.slots[uint8(n)]
		if l == nil || l.free {
			return uint8(n), nil
		}
		if oldest < 0 || l.until.Before(m.slots[uint8(oldest)].until) {
			oldest = n
		}
	}
	for _, l := range m.slots {
		if m.alive(l) {
			return 0, cluster.ErrFull
		}
	}
	for _, l := range m.slots {
		l.token++
	}
	return uint8(oldest), nil
}

// Renew implements [cluster.Leases].
func (m *Memory) Renew(_ context.Context, s cluster.Slot, ttl time.Duration) error {
	if err := cluster.CheckLease("", ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.own(s)
	if l == nil && err == cluster.ErrLapsed {
		l = m.slots[s.Number]
		l.since = m.now()
		err = nil
	}
	if err != nil {
		return err
	}
	l.until, l.ttl = m.now().Add(ttl), ttl
	return nil
}

// Leave implements [cluster.Leases].
func (m *Memory) Leave(_ context.Context, s cluster.Slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.slots[s.Number]; l != nil && l.token == s.Token && !l.free {
		l.token, l.until = l.token+1, m.now()
	}
	return nil
}

// Gateways implements [cluster.Leases].
func (m *Memory) Gateways(context.Context) (all []cluster.Gateway, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n, l := range m.slots {
		if !l.free {
			all = append(all, cluster.Gateway{Slot: cluster.Slot{Number: n, Token: l.token}, Address: l.address, Alive: m.alive(l)})
		}
	}
	slices.SortFunc(all, func(a, b cluster.Gateway) int { return cmp.Compare(a.Number, b.Number) })
	return all, nil
}

func (m *Memory) held(d *cluster.Duty) bool {
	l := m.slots[d.Owner.Number]
	return d.Held && l != nil && !l.free && l.token == d.Owner.Token
}

// Take implements [cluster.Leases].
func (m *Memory) Take(_ context.Context, s cluster.Slot, duty string) (uint64, error) {
	if err := cluster.CheckDuty(duty); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.own(s); err != nil {
		return 0, err
	}
	d := m.duties[duty]
	if d == nil {
		d = &cluster.Duty{Name: duty}
		m.duties[duty] = d
	}
	if m.held(d) {
		if d.Owner == s {
			return d.Epoch, nil
		}
		if err := m.fence(s, d.Owner.Number); err == cluster.ErrAlive {
			return 0, cluster.ErrTaken
		} else if err != nil {
			return 0, err
		}
	}
	d.Owner, d.Held, d.Epoch = s, true, d.Epoch+1
	return d.Epoch, nil
}

// Give implements [cluster.Leases].
func (m *Memory) Give(_ context.Context, s cluster.Slot, duty string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := m.duties[duty]; d != nil && d.Owner == s {
		d.Held = false
	}
	return nil
}

// Duties implements [cluster.Leases].
func (m *Memory) Duties(context.Context) (all []cluster.Duty, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.duties {
		if d.Epoch > 0 {
			duty := *d
			duty.Held = m.held(d)
			all = append(all, duty)
		}
	}
	slices.SortFunc(all, func(a, b cluster.Duty) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Fence implements [cluster.Leases].
func (m *Memory) Fence(_ context.Context, by cluster.Slot, number uint8) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(by, number); err != nil {
		return 0, err
	}
	return m.slots[number].token, nil
}

func (m *Memory) fence(by cluster.Slot, number uint8) error {
	own, err := m.own(by)
	if err != nil {
		return err
	}
	l := m.slots[number]
	switch {
	case l == nil:
		m.slots[number] = &lease{token: 1, until: m.now()}
		return nil
	case l.free:
		l.free, l.until = false, m.now()
	case m.alive(l):
		return cluster.ErrAlive
	case m.now().Before(own.since.Add(own.ttl)):
		return cluster.ErrEarly
	}
	l.token++
	return nil
}

// Free implements [cluster.Leases].
func (m *Memory) Free(_ context.Context, by, dead cluster.Slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.own(by); err != nil {
		return err
	}
	l := m.slots[dead.Number]
	if l == nil || l.token != dead.Token {
		return cluster.ErrLost
	}
	if m.alive(l) {
		return cluster.ErrAlive
	}
	l.free = true
	return nil
}
