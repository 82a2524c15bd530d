package paymenttest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// Memory is a [payment.Store] in memory.
type Memory struct {
	mu       sync.Mutex
	orders   map[string]payment.Order // without payments
	payments map[string]payment.Payment
	readings map[ledger.Hash]payment.Reading
}

var _ payment.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{orders: map[string]payment.Order{}, payments: map[string]payment.Payment{}, readings: map[ledger.Hash]payment.Reading{}}
}

// CreateOrder implements [payment.Store].
func (m *Memory) CreateOrder(_ context.Context, o *payment.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.orders[o.ID]; there {
		return payment.ErrTaken
	}
	for i := range o.Payments {
		if _, there := m.payments[o.Payments[i].Reference]; there {
			return payment.ErrTaken
		}
	}
	m.put(o)
	return nil
}

func (m *Memory) put(o *payment.Order) {
	for _, p := range o.Payments {
		m.payments[p.Reference] = p
	}
	kept := *o
	kept.Settlements, kept.Payments = slices.Clone(o.Settlements), nil
	m.orders[o.ID] = kept
}

// UpdateOrder implements [payment.Store].
func (m *Memory) UpdateOrder(_ context.Context, o *payment.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, there := m.orders[o.ID]; !there || before.Version+1 != o.Version {
		return payment.ErrChanged
	}
	m.put(o)
	return nil
}

func compare(a, b *payment.Payment) int {
	return cmp.Or(cmp.Compare(a.Settlement, b.Settlement), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Attempt, b.Attempt))
}

func (m *Memory) whole(o payment.Order) *payment.Order {
	o.Settlements = slices.Clone(o.Settlements)
	for _, p := range m.payments {
		if p.Order == o.ID {
			o.Payments = append(o.Payments, p)
		}
	}
	slices.SortFunc(o.Payments, func(a, b payment.Payment) int { return compare(&a, &b) })
	return &o
}

// Order implements [payment.Store].
func (m *Memory) Order(_ context.Context, id string) (*payment.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, there := m.orders[id]
	if !there {
		return nil, payment.ErrNotFound
	}
	return m.whole(o), nil
}

func newest(a, b *payment.Order) int {
	return cmp.Or(cmp.Compare(b.PreparedAt, a.PreparedAt), cmp.Compare(b.ID, a.ID))
}

// Orders implements [payment.Store].
func (m *Memory) Orders(_ context.Context, before string, limit int) ([]*payment.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, there := m.orders[before]
	if before != "" && !there {
		return nil, payment.ErrNotFound
	}
	var all []*payment.Order
	for _, o := range m.orders {
		if before == "" || newest(&o, &last) > 0 {
			all = append(all, m.whole(o))
		}
	}
	slices.SortFunc(all, newest)
	return all[:min(max(limit, 0), len(all))], nil
}

// Unreleased implements [payment.Store].
func (m *Memory) Unreleased(context.Context) (all []*payment.Order, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.orders {
		if o.State == payment.Releasing {
			all = append(all, m.whole(o))
		}
	}
	slices.SortFunc(all, func(a, b *payment.Order) int { return newest(b, a) })
	return all, nil
}

// Payment implements [payment.Store].
func (m *Memory) Payment(_ context.Context, reference string) (*payment.Payment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, there := m.payments[reference]
	if !there {
		return nil, payment.ErrNotFound
	}
	return &p, nil
}

// PaymentsOf implements [payment.Store].
func (m *Memory) PaymentsOf(_ context.Context, settlement string) (all []*payment.Payment, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.payments {
		if p.Settlement == settlement {
			all = append(all, &p)
		}
	}
	slices.SortFunc(all, compare)
	return all, nil
}

// UpdatePayment implements [payment.Store].
func (m *Memory) UpdatePayment(_ context.Context, p *payment.Payment) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, there := m.payments[p.Reference]; !there || before.Version+1 != p.Version {
		return payment.ErrChanged
	}
	m.payments[p.Reference] = *p
	return nil
}

// SaveReading implements [payment.Store].
func (m *Memory) SaveReading(_ context.Context, r *payment.Reading) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.readings[r.Digest]; !there {
		kept := *r
		kept.Outcomes, kept.Settled, kept.Replayed = slices.Clone(r.Outcomes), slices.Clone(r.Settled), false
		m.readings[r.Digest] = kept
	}
	return nil
}

// Reading implements [payment.Store].
func (m *Memory) Reading(_ context.Context, digest ledger.Hash) (*payment.Reading, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, there := m.readings[digest]
	if !there {
		return nil, payment.ErrNotFound
	}
	return &r, nil
}

// Readings implements [payment.Store].
func (m *Memory) Readings(_ context.Context, limit int) (all []*payment.Reading, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.readings {
		all = append(all, &r)
	}
	slices.SortFunc(all, func(a, b *payment.Reading) int {
		return cmp.Or(cmp.Compare(b.At, a.At), slices.Compare(a.Digest[:], b.Digest[:]))
	})
	return all[:min(max(limit, 0), len(all))], nil
}
