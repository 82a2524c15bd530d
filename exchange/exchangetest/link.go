package exchangetest

import (
	"context"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

func ofMember(partner, member string) [3]string { return [3]string{"member", partner, member} }

func ofMembership(partner, membership string) [3]string {
	return [3]string{"membership", partner, membership}
}

// CreateLink implements [exchange.Store].
func (m *Memory) CreateLink(_ context.Context, l *exchange.Link) error {
	row := *l
	m.mu.Lock()
	defer m.mu.Unlock()
	member, membership := ofMember(l.Partner, l.Member), ofMembership(l.Partner, l.Membership)
	if _, taken := m.standing[member]; taken {
		return exchange.ErrLinked
	}
	if _, taken := m.standing[membership]; taken {
		return exchange.ErrLinked
	}
	m.standing[member], m.standing[membership] = l.ID, l.ID
	m.links[l.ID] = &row
	return nil
}

// EndLink implements [exchange.Store].
func (m *Memory) EndLink(_ context.Context, id ledger.ID, at int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.links[id]
	if !ok || l.EndedAt != 0 {
		return exchange.ErrNotFound
	}
	l.EndedAt = at
	delete(m.standing, ofMember(l.Partner, l.Member))
	delete(m.standing, ofMembership(l.Partner, l.Membership))
	return nil
}

// Link implements [exchange.Store].
func (m *Memory) Link(_ context.Context, id ledger.ID) (*exchange.Link, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	l, ok := m.links[id]
	if !ok {
		return nil, exchange.ErrNotFound
	}
	row := *l
	return &row, nil
}

// LinkOf implements [exchange.Store].
func (m *Memory) LinkOf(ctx context.Context, partner, member string) (*exchange.Link, error) {
	m.mu.RLock()
	id, ok := m.standing[ofMember(partner, member)]
	m.mu.RUnlock()
	if !ok {
		return nil, exchange.ErrNotFound
	}
	return m.Link(ctx, id)
}

// Links implements [exchange.Store].
func (m *Memory) Links(_ context.Context, partner string, after ledger.ID, limit int) ([]*exchange.Link, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids := idsOf(m.links, func(l *exchange.Link) bool {
		return l.EndedAt == 0 && (partner == "" || l.Partner == partner) && compare(l.ID, after) > 0
	})
	var page []*exchange.Link
	for _, id := range ids[:min(limit, len(ids))] {
		row := *m.links[id]
		page = append(page, &row)
	}
	return page, nil
}
