package exchangetest

import (
	"bytes"
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// CreateReversal implements [exchange.Store].
func (m *Memory) CreateReversal(_ context.Context, r *exchange.Reversal) (*exchange.Reversal, error) {
	row := r.Clone()
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{r.Party.Client, r.Request.Key}
	if id, ok := m.reversals.keys[key]; ok {
		return m.reversals.rows[id].Clone(), nil
	}
	c, ok := m.conversions.rows[r.Conversion]
	if !ok {
		return nil, exchange.ErrNotFound
	}
	if c.Reversed != r.Before || m.reversing(r.Conversion) {
		return nil, exchange.ErrReversalUnderWay
	}
	m.reversals.keys[key] = r.ID
	m.reversals.put(r.ID, row, r.Step == exchange.StepDone)
	return nil, nil
}

func (m *Memory) reversing(conversion ledger.ID) bool {
	for id := range m.reversals.unfinished {
		if m.reversals.rows[id].Conversion == conversion {
			return true
		}
	}
	return false
}

// UpdateReversal implements [exchange.Store].
func (m *Memory) UpdateReversal(_ context.Context, r *exchange.Reversal) error {
	n := r.Clone()
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.reversals.rows[r.ID]
	if !ok {
		return exchange.ErrNotFound
	}
	row := old.Clone()
	row.Status, row.Step, row.Failure = n.Status, n.Step, n.Failure
	row.SourceReference, row.DestinationReference = n.SourceReference, n.DestinationReference
	row.Window = n.Window
	row.FinishedAt, row.Deadline, row.EscalatedAt = n.FinishedAt, n.Deadline, n.EscalatedAt
	if row.Status == exchange.Completed && old.Status != exchange.Completed {
		m.addReversed(row)
	}
	m.reversals.put(r.ID, row, row.Step == exchange.StepDone)
	return nil
}

func (m *Memory) addReversed(r *exchange.Reversal) {
	c := m.conversions.rows[r.Conversion].Clone()
	c.Reversed += r.Amount
	if c.Reversed == c.From {
		c.Status = exchange.Reversed
	}
	m.conversions.rows[c.ID] = c
}

// Reversal implements [exchange.Store].
func (m *Memory) Reversal(_ context.Context, id ledger.ID) (*exchange.Reversal, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r, ok := m.reversals.rows[id]; ok {
		return r.Clone(), nil
	}
	return nil, exchange.ErrNotFound
}

// Reversals implements [exchange.Store].
func (m *Memory) Reversals(_ context.Context, conversion ledger.ID) ([]*exchange.Reversal, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []*exchange.Reversal
	for _, id := range idsOf(m.reversals.rows, func(r *exchange.Reversal) bool { return r.Conversion == conversion }) {
		all = append(all, m.reversals.rows[id].Clone())
	}
	return all, nil
}

// UnfinishedReversals implements [exchange.Store].
func (m *Memory) UnfinishedReversals(_ context.Context, after ledger.ID, limit int) ([]*exchange.Reversal, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var page []*exchange.Reversal
	for _, id := range firstAfter(m.reversals.unfinished, after, limit) {
		page = append(page, m.reversals.rows[id].Clone())
	}
	return page, nil
}

func compare(a, b ledger.ID) int { return bytes.Compare(a[:], b[:]) }

// idsOf returns, in ascending order, the IDs of the rows that keep selects.
func idsOf[T any](rows map[ledger.ID]*T, keep func(*T) bool) []ledger.ID {
	var ids []ledger.ID
	for id, row := range rows {
		if keep(row) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compare)
	return ids
}

// firstAfter returns the lowest IDs above after, at most limit, ascending.
func firstAfter[T any](set map[ledger.ID]T, after ledger.ID, limit int) []ledger.ID {
	var ids []ledger.ID
	for id := range set {
		if compare(id, after) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compare)
	return ids[:min(limit, len(ids))]
}
