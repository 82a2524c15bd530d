package malltest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// CreateMallOrder implements [mall.Store].
func (m *Memory) CreateMallOrder(_ context.Context, o *mall.Order) (*mall.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.orders {
		if x.Client == o.Client && x.Request.Key == o.Request.Key {
			return x.Clone(), nil
		}
	}
	if m.products[o.Product].Version != o.Version {
		return nil, mall.ErrChanged
	}
	if o.Stock == mall.Reserved {
		s := m.stocks[o.Product]
		if s.Available < o.Quantity {
			return nil, mall.ErrSoldOut
		}
		s.Available, s.Reserved = s.Available-o.Quantity, s.Reserved+o.Quantity
		m.stocks[o.Product] = s
	}
	m.orders[o.ID] = *o.Clone()
	return nil, nil
}

// UpdateMallOrder implements [mall.Store].
func (m *Memory) UpdateMallOrder(_ context.Context, o *mall.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, ok := m.orders[o.ID]
	if !ok {
		return mall.ErrNotFound
	}
	if before.Revision+1 != o.Revision {
		return mall.ErrChanged
	}
	if before.Stock == mall.Reserved && o.Stock != mall.Reserved {
		s := m.stocks[o.Product]
		s.Reserved -= o.Quantity
		if o.Stock == mall.Consumed {
			s.Consumed += o.Quantity
		} else {
			s.Available += o.Quantity
		}
		m.stocks[o.Product] = s
	}
	next := o.Clone()
	next.Returned = before.Returned
	m.orders[o.ID] = *next
	return nil
}

// MallOrder implements [mall.Store].
func (m *Memory) MallOrder(_ context.Context, id ledger.ID) (*mall.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.orders[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return o.Clone(), nil
}

// MallOrderByKey implements [mall.Store].
func (m *Memory) MallOrderByKey(_ context.Context, client, key string) (*mall.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.orders {
		if o.Client == client && o.Request.Key == key {
			return o.Clone(), nil
		}
	}
	return nil, mall.ErrNotFound
}

// MallOrders implements [mall.Store].
func (m *Memory) MallOrders(_ context.Context, f mall.OrderFilter) ([]*mall.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*mall.Order
	for _, o := range m.orders {
		if f.Picks(&o) && later(&o, &f) {
			all = append(all, o.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *mall.Order) int {
		if f.Waiting {
			return cmp.Or(turn(a.Fast)-turn(b.Fast), bytes.Compare(a.ID[:], b.ID[:]))
		}
		return bytes.Compare(b.ID[:], a.ID[:])
	})
	return all[:min(max(f.Limit, 0), len(all))], nil
}

// later reports whether an order comes after the page before.
func later(o *mall.Order, f *mall.OrderFilter) bool {
	if f.Waiting {
		return f.After.IsZero() || cmp.Or(turn(o.Fast)-turn(f.AfterFast), bytes.Compare(o.ID[:], f.After[:])) > 0
	}
	return f.Before.IsZero() || bytes.Compare(o.ID[:], f.Before[:]) < 0
}

// turn is the place of the fast channel in a queue.
func turn(fast bool) int {
	if fast {
		return 0
	}
	return 1
}

// UnfinishedMallOrders implements [mall.Store].
func (m *Memory) UnfinishedMallOrders(_ context.Context, at int64, after ledger.ID, limit int) ([]*mall.Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*mall.Order
	for _, o := range m.orders {
		if o.Step != mall.StepDone && o.WakeAt <= at && bytes.Compare(o.ID[:], after[:]) > 0 {
			all = append(all, o.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *mall.Order) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all[:min(max(limit, 0), len(all))], nil
}

// CreateReturn implements [mall.Store].
func (m *Memory) CreateReturn(_ context.Context, r *mall.Return) (*mall.Return, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.returns {
		if x.Client == r.Client && x.Request.Key == r.Request.Key {
			return &x, nil
		}
	}
	o, ok := m.orders[r.Order]
	if !ok {
		return nil, mall.ErrNotFound
	}
	for _, x := range m.returns {
		if x.Order == r.Order && x.Step != mall.StepDone {
			return nil, mall.ErrReturnUnderWay
		}
	}
	if o.Returned != r.Before {
		return nil, mall.ErrReturnUnderWay
	}
	m.returns[r.ID] = *r
	return nil, nil
}

// UpdateReturn implements [mall.Store].
func (m *Memory) UpdateReturn(_ context.Context, r *mall.Return) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, ok := m.returns[r.ID]
	if !ok {
		return mall.ErrNotFound
	}
	if before.Revision+1 != r.Revision {
		return mall.ErrChanged
	}
	m.returns[r.ID] = *r
	if before.Completed || !r.Completed {
		return nil
	}
	o := m.orders[r.Order]
	if o.Returned += r.Quantity; o.Returned == o.Quantity {
		o.Status = mall.Refunded
	}
	m.orders[r.Order] = o
	if r.Restock {
		s := m.stocks[o.Product]
		s.Consumed, s.Available = s.Consumed-r.Quantity, s.Available+r.Quantity
		m.stocks[o.Product] = s
	}
	return nil
}

// Return implements [mall.Store].
func (m *Memory) Return(_ context.Context, id ledger.ID) (*mall.Return, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.returns[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return &r, nil
}

// Returns implements [mall.Store].
func (m *Memory) Returns(_ context.Context, order ledger.ID) ([]*mall.Return, error) {
	return m.pick(func(r *mall.Return) bool { return r.Order == order }), nil
}

// UnfinishedReturns implements [mall.Store].
func (m *Memory) UnfinishedReturns(_ context.Context, after ledger.ID, limit int) ([]*mall.Return, error) {
	all := m.pick(func(r *mall.Return) bool { return r.Step != mall.StepDone && bytes.Compare(r.ID[:], after[:]) > 0 })
	return all[:min(max(limit, 0), len(all))], nil
}

func (m *Memory) pick(picks func(*mall.Return) bool) (all []*mall.Return) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.returns {
		if picks(&r) {
			all = append(all, &r)
		}
	}
	slices.SortFunc(all, func(a, b *mall.Return) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all
}

type saleKey struct {
	month   ledger.Month
	product string
}

// Sales implements [mall.Store].
func (m *Memory) Sales(_ context.Context, from, until ledger.Month, visit func(*mall.Sale) error) error {
	sums := m.sums(from, until)
	keys := slices.SortedFunc(maps.Keys(sums), func(a, b saleKey) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.product, b.product))
	})
	for _, k := range keys {
		if err := visit(sums[k]); err != nil {
			return err
		}
	}
	return nil
}

func (m *Memory) sums(from, until ledger.Month) map[saleKey]*mall.Sale {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[saleKey]*mall.Sale{}
	for _, o := range m.orders {
		if o.Status != mall.Fulfilled && o.Status != mall.Refunded || o.Month < from || o.Month > until {
			continue
		}
		k := saleKey{o.Month, o.Product}
		s := sums[k]
		if s == nil {
			s = &mall.Sale{Month: o.Month, Product: o.Product, Category: o.Category, Kind: o.Kind, Partner: o.Partner}
			sums[k] = s
		}
		s.Orders++
		s.Quantity += o.Quantity
		s.Points += o.Points * o.Quantity
		s.Fen += o.Fen * o.Quantity
		s.ReturnedPoints += o.Points * o.Returned
		s.ReturnedFen += o.Fen * o.Returned
	}
	return sums
}
