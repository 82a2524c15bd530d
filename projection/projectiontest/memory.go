package projectiontest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

// Memory is a [projection.Store] for tests, gone with the process.
type Memory struct {
	mu   sync.Mutex
	at   projection.Checkpoint
	rows map[ledger.Locator]projection.Row
	lots map[key]projection.Lot
}

type key struct {
	account ledger.Account
	expiry  ledger.Month
}

var _ projection.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{rows: map[ledger.Locator]projection.Row{}, lots: map[key]projection.Lot{}}
}

// Checkpoint implements [projection.Store].
func (m *Memory) Checkpoint(ctx context.Context) (projection.Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at, ctx.Err()
}

// Apply implements [projection.Store].
func (m *Memory) Apply(ctx context.Context, g projection.Group) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range g.Rows {
		if _, there := m.rows[g.Rows[i].Locator]; there {
			return fmt.Errorf("row %+v is there already", g.Rows[i].Locator)
		}
	}
	for _, r := range g.Rows {
		m.rows[r.Locator] = r
	}
	m.change(g.Lots)
	m.at = g.Checkpoint
	return nil
}

func (m *Memory) change(lots []projection.Lot) {
	for _, l := range lots {
		k := key{l.Account, l.Expiry}
		was := m.lots[k]
		l.Amount, l.Held = l.Amount+was.Amount, l.Held+was.Held
		m.lots[k] = l
	}
}

// Cut implements [projection.Store].
func (m *Memory) Cut(ctx context.Context, c projection.Cut) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, r := range m.rows {
		if r.Block >= c.Block {
			delete(m.rows, at)
		}
	}
	m.change(c.Lots)
	m.at = c.Checkpoint
	return ctx.Err()
}

// Reset implements [projection.Store].
func (m *Memory) Reset(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.rows)
	clear(m.lots)
	m.at = projection.Checkpoint{}
	return ctx.Err()
}

// Rows implements [projection.Store].
func (m *Memory) Rows(_ context.Context, from ledger.Locator, limit int) ([]projection.Row, error) {
	return m.page(limit, byPlace, func(r *projection.Row) bool { return compare(r.Locator, from) >= 0 }), nil
}

// History implements [projection.Store].
func (m *Memory) History(_ context.Context, account ledger.Account, before *ledger.Locator, limit int) ([]projection.Row, error) {
	order := func(a, b projection.Row) int { return byPlace(b, a) }
	return m.page(limit, order, func(r *projection.Row) bool {
		return r.Transfer.Account == account && (before == nil || compare(r.Locator, *before) < 0)
	}), nil
}

func (m *Memory) page(limit int, order func(a, b projection.Row) int, keep func(*projection.Row) bool) (all []projection.Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if keep(&r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, order)
	return all[:min(limit, len(all))]
}

func byPlace(a, b projection.Row) int { return compare(a.Locator, b.Locator) }

func compare(a, b ledger.Locator) int {
	return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Index, b.Index))
}

// Lots implements [projection.Store].
func (m *Memory) Lots(_ context.Context, after *projection.Lot, limit int) ([]projection.Lot, error) {
	all := m.sorted(func(l *projection.Lot) bool { return after == nil || compareLots(*l, *after) > 0 })
	return all[:min(limit, len(all))], nil
}

// Account implements [projection.Store].
func (m *Memory) Account(_ context.Context, account ledger.Account) ([]projection.Lot, error) {
	return m.sorted(func(l *projection.Lot) bool { return l.Account == account }), nil
}

func (m *Memory) sorted(keep func(*projection.Lot) bool) (all []projection.Lot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lots {
		if (l.Amount != 0 || l.Held != 0) && keep(&l) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, compareLots)
	return all
}

func compareLots(a, b projection.Lot) int {
	return cmp.Or(bytes.Compare(a.Account[:], b.Account[:]), cmp.Compare(a.Expiry, b.Expiry))
}
