package exchangetest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// Memory is an [exchange.Store] that lives and dies with the process. It hands
// out and keeps copies only.
type Memory struct {
	mu          sync.RWMutex
	quotes      map[ledger.ID]*exchange.Quote
	quotesUsed  map[ledger.ID]bool
	conversions table[exchange.Conversion]
	reversals   table[exchange.Reversal]
	links       map[ledger.ID]*exchange.Link
	standing    map[[3]string]ledger.ID // see ofMember and ofMembership
	signed      map[ledger.Hash][]byte
}

// table is the rows of conversions or reversals with what finds them.
type table[T any] struct {
	rows       map[ledger.ID]*T
	keys       map[[2]string]ledger.ID // client and idempotency key
	unfinished map[ledger.ID]struct{}
}

func newTable[T any]() table[T] {
	return table[T]{rows: map[ledger.ID]*T{}, keys: map[[2]string]ledger.ID{}, unfinished: map[ledger.ID]struct{}{}}
}

func (t *table[T]) put(id ledger.ID, row *T, done bool) {
	t.rows[id] = row
	if done {
		delete(t.unfinished, id)
		return
	}
	t.unfinished[id] = struct{}{}
}

var _ exchange.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		quotes: map[ledger.ID]*exchange.Quote{}, quotesUsed: map[ledger.ID]bool{},
		conversions: newTable[exchange.Conversion](), reversals: newTable[exchange.Reversal](),
		links: map[ledger.ID]*exchange.Link{}, standing: map[[3]string]ledger.ID{}, signed: map[ledger.Hash][]byte{},
	}
}

// CreateQuote implements [exchange.Store].
func (m *Memory) CreateQuote(_ context.Context, q *exchange.Quote) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quotes[q.ID] = q.Clone()
	return nil
}

// Quote implements [exchange.Store].
func (m *Memory) Quote(_ context.Context, id ledger.ID) (*exchange.Quote, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if q, ok := m.quotes[id]; ok {
		return q.Clone(), nil
	}
	return nil, exchange.ErrNotFound
}

func (m *Memory) create(c *exchange.Conversion) (*exchange.Conversion, error) {
	row := c.Clone()
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{c.Party.Client, c.Request.Key}
	if id, ok := m.conversions.keys[key]; ok {
		return m.conversions.rows[id].Clone(), nil
	}
	if !c.QuoteID.IsZero() {
		if m.quotesUsed[c.QuoteID] {
			return nil, exchange.ErrQuoteUsed
		}
		m.quotesUsed[c.QuoteID] = true
	}
	m.conversions.keys[key] = c.ID
	m.conversions.put(c.ID, row, c.Step == exchange.StepDone)
	return nil, nil
}

// UpdateConversion implements [exchange.Store].
func (m *Memory) UpdateConversion(_ context.Context, c *exchange.Conversion) error {
	n := c.Clone()
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.conversions.rows[c.ID]
	if !ok {
		return exchange.ErrNotFound
	}
	m.change(old, n)
	return nil
}

// change stores what can change.
func (m *Memory) change(old, n *exchange.Conversion) {
	row := old.Clone()
	row.Status, row.Step, row.Outcome, row.Failure = n.Status, n.Step, n.Outcome, n.Failure
	row.SourceReference, row.DestinationReference = n.SourceReference, n.DestinationReference
	row.Window = n.Window
	row.FinishedAt, row.Deadline, row.TurnedAt, row.EscalatedAt = n.FinishedAt, n.Deadline, n.TurnedAt, n.EscalatedAt
	m.conversions.put(row.ID, row, row.Step == exchange.StepDone)
}

// DecideReview implements [exchange.Store].
func (m *Memory) DecideReview(ctx context.Context, c *exchange.Conversion) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.conversions.rows[c.ID]
	if !ok || old.Step != exchange.StepReview {
		return exchange.ErrNotFound
	}
	m.change(old, c.Clone())
	row := m.conversions.rows[c.ID]
	for _, l := range [][2]*ledger.LegTerms{{row.In, c.In}, {row.Out, c.Out}} {
		if l[0] != nil && l[1] != nil {
			l[0].LockedAt = l[1].LockedAt
		}
	}
	return nil
}

// CreateConversions implements [exchange.Store].
func (m *Memory) CreateConversions(_ context.Context, all []*exchange.Conversion) ([]exchange.Creation, error) {
	made := make([]exchange.Creation, len(all))
	for i, c := range all {
		made[i].Existing, made[i].Err = m.create(c)
	}
	return made, nil
}

// UpdateConversions implements [exchange.Store].
func (m *Memory) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	var errs []error
	for _, c := range all {
		errs = append(errs, m.UpdateConversion(ctx, c))
	}
	return errors.Join(errs...)
}

// Conversion implements [exchange.Store].
func (m *Memory) Conversion(_ context.Context, id ledger.ID) (*exchange.Conversion, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if c, ok := m.conversions.rows[id]; ok {
		return c.Clone(), nil
	}
	return nil, exchange.ErrNotFound
}

// ConversionByKey implements [exchange.Store].
func (m *Memory) ConversionByKey(ctx context.Context, client, key string) (*exchange.Conversion, error) {
	m.mu.RLock()
	id, ok := m.conversions.keys[[2]string{client, key}]
	m.mu.RUnlock()
	if !ok {
		return nil, exchange.ErrNotFound
	}
	return m.Conversion(ctx, id)
}

// Conversions implements [exchange.Store].
func (m *Memory) Conversions(_ context.Context, f exchange.Filter) ([]*exchange.Conversion, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids := idsOf(m.conversions.rows, func(c *exchange.Conversion) bool { return selects(f, c) })
	var page []*exchange.Conversion
	for i := len(ids) - 1; i >= 0 && len(page) < f.Limit; i-- {
		page = append(page, m.conversions.rows[ids[i]].Clone())
	}
	return page, nil
}

func selects(f exchange.Filter, c *exchange.Conversion) bool {
	switch {
	case f.Programme != "" && c.Source != f.Programme && c.Destination != f.Programme,
		f.Status != "" && c.Status != f.Status,
		f.Escalated && c.EscalatedAt == 0,
		f.InReview && c.Step != exchange.StepReview,
		!f.Account.IsZero() && (c.Account != f.Account || c.Party.Partner != ""),
		f.CreatedFrom != 0 && c.CreatedAt < f.CreatedFrom,
		f.CreatedUntil != 0 && c.CreatedAt >= f.CreatedUntil,
		!f.Before.IsZero() && compare(c.ID, f.Before) >= 0:
		return false
	}
	return true
}

// UnfinishedSlots implements [exchange.Store].
func (m *Memory) UnfinishedSlots(_ context.Context, now int64) (all []uint8, _ error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for id := range m.conversions.unfinished {
		if c := m.conversions.rows[id]; c.Step != exchange.StepReview || c.Deadline <= now {
			all = append(all, exchange.SlotOf(id))
		}
	}
	for id := range m.reversals.unfinished {
		all = append(all, exchange.SlotOf(id))
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// UnfinishedConversions implements [exchange.Store].
func (m *Memory) UnfinishedConversions(_ context.Context, after ledger.ID, limit int) ([]*exchange.Conversion, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var page []*exchange.Conversion
	for _, id := range firstAfter(m.conversions.unfinished, after, limit) {
		page = append(page, m.conversions.rows[id].Clone())
	}
	return page, nil
}
