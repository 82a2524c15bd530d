package malltest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// Memory is a [mall.Store] in memory.
type Memory struct {
	mu         sync.Mutex
	categories map[string]mall.Category
	products   map[string]mall.Product
	changes    map[string][]mall.Change
	stocks     map[string]mall.Stock
	codes      []pooled
	orders     map[ledger.ID]mall.Order
	returns    map[ledger.ID]mall.Return
	proposals  map[ledger.ID]mall.Proposal
	pictures   map[string]mall.Picture
	claims     map[ledger.ID]mall.Claim
}

// pooled is a code of the pool.
type pooled struct {
	product string
	order   ledger.ID
	code    mall.SealedCode
}

var _ mall.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{categories: map[string]mall.Category{}, products: map[string]mall.Product{}, changes: map[string][]mall.Change{},
		stocks: map[string]mall.Stock{}, orders: map[ledger.ID]mall.Order{}, returns: map[ledger.ID]mall.Return{},
		proposals: map[ledger.ID]mall.Proposal{}, pictures: map[string]mall.Picture{}, claims: map[ledger.ID]mall.Claim{}}
}

// SaveCategory implements [mall.Store].
func (m *Memory) SaveCategory(_ context.Context, c *mall.Category, e *mall.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.categories[c.ID].Version+1 != c.Version || e.Number != c.Version {
		return mall.ErrChanged
	}
	m.categories[c.ID] = *c
	m.changes[e.Subject] = append(m.changes[e.Subject], *e)
	return nil
}

// Categories implements [mall.Store].
func (m *Memory) Categories(context.Context) (all []*mall.Category, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.categories {
		all = append(all, &c)
	}
	slices.SortFunc(all, func(a, b *mall.Category) int { return cmp.Or(cmp.Compare(a.Shelf, b.Shelf), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// SaveProduct implements [mall.Store].
func (m *Memory) SaveProduct(_ context.Context, p *mall.Product, e *mall.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saveProduct(p, e)
}

func (m *Memory) saveProduct(p *mall.Product, e *mall.Change) error {
	if m.products[p.ID].Version+1 != p.Version || e.Number != p.Version {
		return mall.ErrChanged
	}
	if p.Version == 1 {
		m.stocks[p.ID] = mall.Stock{Product: p.ID}
	}
	m.products[p.ID] = *p.Clone()
	m.changes[e.Subject] = append(m.changes[e.Subject], *e)
	return nil
}

// Product implements [mall.Store].
func (m *Memory) Product(_ context.Context, id string) (*mall.Product, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.products[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return p.Clone(), nil
}

// Products implements [mall.Store].
func (m *Memory) Products(_ context.Context, f mall.ProductFilter) (all []*mall.Product, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.products {
		later := f.AfterID == "" || cmp.Or(cmp.Compare(p.Shelf, f.AfterShelf), cmp.Compare(p.ID, f.AfterID)) > 0
		if later && f.Picks(&p) && found(p.Terms(), f.Wanted) {
			all = append(all, p.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *mall.Product) int { return cmp.Or(cmp.Compare(a.Shelf, b.Shelf), cmp.Compare(a.ID, b.ID)) })
	return all[:min(max(f.Limit, 0), len(all))], nil
}

func found(terms, wanted []string) bool {
	for _, w := range wanted {
		if !slices.ContainsFunc(terms, func(t string) bool { return strings.HasPrefix(t, w) }) {
			return false
		}
	}
	return true
}

// MallChanges implements [mall.Store].
func (m *Memory) MallChanges(_ context.Context, subject string) (all []*mall.Change, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.changes[subject] {
		all = append(all, &e)
	}
	slices.SortStableFunc(all, func(a, b *mall.Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.What, b.What), cmp.Compare(a.Number, b.Number))
	})
	return all, nil
}

// Stock implements [mall.Store].
func (m *Memory) Stock(_ context.Context, product string) (*mall.Stock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.stocks[product]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return &s, nil
}

// Stocks implements [mall.Store].
func (m *Memory) Stocks(_ context.Context, products []string) (all []*mall.Stock, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range products {
		if s, ok := m.stocks[id]; ok {
			all = append(all, &s)
		}
	}
	return all, nil
}

// AddStock implements [mall.Store].
func (m *Memory) AddStock(_ context.Context, delta int64, e *mall.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.stocks[e.Subject]
	if !ok {
		return mall.ErrNotFound
	}
	if s.Version+1 != e.Number || s.Available+delta < 0 {
		return mall.ErrChanged
	}
	s.Available, s.Version = s.Available+delta, e.Number
	m.stocks[e.Subject] = s
	m.changes[e.Subject] = append(m.changes[e.Subject], *e)
	return nil
}

// AddCodes implements [mall.Store].
func (m *Memory) AddCodes(_ context.Context, codes []mall.SealedCode, e *mall.Change) (added int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.stocks[e.Subject]
	if !ok {
		return 0, mall.ErrNotFound
	}
	if s.Version+1 != e.Number {
		return 0, mall.ErrChanged
	}
	for _, c := range codes {
		if slices.ContainsFunc(m.codes, func(p pooled) bool { return p.code.Fingerprint == c.Fingerprint }) {
			continue
		}
		c.Sealed = slices.Clone(c.Sealed)
		m.codes = append(m.codes, pooled{product: e.Subject, code: c})
		added++
	}
	s.Available, s.Version = s.Available+added, e.Number
	m.stocks[e.Subject] = s
	m.changes[e.Subject] = append(m.changes[e.Subject], *e)
	return added, nil
}

// GiveCodes implements [mall.Store].
func (m *Memory) GiveCodes(_ context.Context, order ledger.ID, product string, n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var free []int
	for i, p := range m.codes {
		if p.order == order {
			return nil
		}
		if p.product == product && p.order.IsZero() {
			free = append(free, i)
		}
	}
	if int64(len(free)) < n {
		return mall.ErrSoldOut
	}
	for _, i := range free[:n] {
		m.codes[i].order = order
	}
	return nil
}

// Codes implements [mall.Store].
func (m *Memory) Codes(_ context.Context, order ledger.ID) (all []mall.SealedCode, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.codes {
		if p.order == order {
			all = append(all, p.code)
		}
	}
	return all, nil
}
