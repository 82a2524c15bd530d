package supporttest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

// Memory is a [support.Store] in memory. It hands out and keeps copies only.
type Memory struct {
	mu       sync.Mutex
	disputes map[ledger.ID]*support.Dispute
	trails   map[ledger.ID][]support.Entry
	acts     map[ledger.ID]support.Act
}

var _ support.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{disputes: map[ledger.ID]*support.Dispute{}, trails: map[ledger.ID][]support.Entry{}, acts: map[ledger.ID]support.Act{}}
}

// CreateDispute implements [support.Store].
func (m *Memory) CreateDispute(_ context.Context, d *support.Dispute, e *support.Entry) (*support.Dispute, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.disputes {
		if x.Client == d.Client && x.Request.Key == d.Request.Key {
			return x.Clone(), nil
		}
	}
	for _, x := range m.disputes {
		if x.Kind == d.Kind && x.Subject == d.Subject && x.State != support.Resolved {
			return nil, support.ErrTaken
		}
	}
	m.disputes[d.ID], m.trails[d.ID] = d.Clone(), []support.Entry{*e}
	return nil, nil
}

// SaveDispute implements [support.Store].
func (m *Memory) SaveDispute(_ context.Context, d *support.Dispute, e *support.Entry, a *support.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.disputes[d.ID]
	if !ok || old.Version+1 != d.Version || e.Number != d.Version || e.Dispute != d.ID {
		return support.ErrChanged
	}
	next := d.Clone()
	next.Member, next.Client, next.Request, next.OpenedAt = old.Member, old.Client, old.Request, old.OpenedAt
	m.disputes[d.ID], m.trails[d.ID] = next, append(m.trails[d.ID], *e)
	if a != nil {
		m.acts[a.ID] = *a
	}
	return nil
}

// Dispute implements [support.Store].
func (m *Memory) Dispute(_ context.Context, id ledger.ID) (*support.Dispute, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.disputes[id]; ok {
		return d.Clone(), nil
	}
	return nil, support.ErrNotFound
}

func compare(a, b ledger.ID) int { return bytes.Compare(a[:], b[:]) }

// order is how disputes come; see [support.Filter].
func order(f *support.Filter) func(a, b *support.Dispute) int {
	if f.Unended {
		return func(a, b *support.Dispute) int { return cmp.Or(cmp.Compare(a.Due, b.Due), compare(a.ID, b.ID)) }
	}
	return func(a, b *support.Dispute) int { return compare(b.ID, a.ID) }
}

// Disputes implements [support.Store].
func (m *Memory) Disputes(_ context.Context, f support.Filter) ([]*support.Dispute, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*support.Dispute
	by := order(&f)
	for _, d := range m.disputes {
		switch {
		case !f.Picks(d):
		case f.Unended && f.After != nil && by(d, &support.Dispute{Due: f.After.Due, ID: f.After.ID}) <= 0:
		case !f.Unended && !f.Before.IsZero() && compare(d.ID, f.Before) >= 0:
		default:
			all = append(all, d.Clone())
		}
	}
	slices.SortFunc(all, by)
	return all[:min(f.Limit, len(all))], nil
}

// DisputeTrail implements [support.Store].
func (m *Memory) DisputeTrail(_ context.Context, id ledger.ID) (all []*support.Entry, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.trails[id] {
		all = append(all, &e)
	}
	return all, nil
}

// DisputeCounts implements [support.Store].
func (m *Memory) DisputeCounts(context.Context) (map[support.State]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[support.State]int64{}
	for _, d := range m.disputes {
		counts[d.State]++
	}
	return counts, nil
}

// CreateAct implements [support.Store].
func (m *Memory) CreateAct(_ context.Context, a *support.Act) (*support.Act, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	review := func(a *support.Act) bool { return a.Kind == support.Release || a.Kind == support.Refuse }
	for _, x := range m.acts {
		if x.Client == a.Client && x.Request.Key == a.Request.Key {
			return &x, nil
		}
		if review(a) && review(&x) && x.Subject == a.Subject {
			return nil, support.ErrTaken
		}
	}
	m.acts[a.ID] = *a
	return nil, nil
}

// SaveAct implements [support.Store].
func (m *Memory) SaveAct(_ context.Context, a *support.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.acts[a.ID]
	if !ok || old.Version+1 != a.Version {
		return support.ErrChanged
	}
	old.State, old.Checker, old.Code, old.Detail, old.DecidedAt, old.FinishedAt, old.Version = a.State, a.Checker, a.Code, a.Detail, a.DecidedAt, a.FinishedAt, a.Version
	m.acts[a.ID] = old
	return nil
}

// Act implements [support.Store].
func (m *Memory) Act(_ context.Context, id ledger.ID) (*support.Act, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.acts[id]; ok {
		return &a, nil
	}
	return nil, support.ErrNotFound
}

// Acts implements [support.Store].
func (m *Memory) Acts(_ context.Context, f support.ActFilter) ([]*support.Act, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*support.Act
	for _, a := range m.acts {
		if f.Picks(&a) && (f.Before.IsZero() || compare(a.ID, f.Before) < 0) {
			all = append(all, &a)
		}
	}
	slices.SortFunc(all, func(a, b *support.Act) int { return compare(b.ID, a.ID) })
	return all[:min(f.Limit, len(all))], nil
}

// GoodwillAlone implements [support.Store].
func (m *Memory) GoodwillAlone(_ context.Context, maker string, day ledger.Date, of string) (byDay, byCase int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.acts {
		if a.Kind != support.Goodwill || !a.Alone || a.State == support.ActDeclined || a.State == support.ActRefused {
			continue
		}
		if a.Maker == maker && a.Day == day {
			byDay += a.Points
		}
		if a.Case() == of {
			byCase += a.Points
		}
	}
	return byDay, byCase, nil
}

// GoodwillTotals implements [support.Store].
func (m *Memory) GoodwillTotals(_ context.Context, from, to ledger.Date) (all []support.GoodwillTotal, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[ledger.Date]*support.GoodwillTotal{}
	for _, a := range m.acts {
		if a.Kind != support.Goodwill || a.State != support.ActDone || a.Day < from || a.Day > to {
			continue
		}
		if sums[a.Day] == nil {
			sums[a.Day] = &support.GoodwillTotal{Day: a.Day}
		}
		sums[a.Day].Acts++
		sums[a.Day].Points += a.Points
	}
	for _, s := range sums {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b support.GoodwillTotal) int { return cmp.Compare(a.Day, b.Day) })
	return all, nil
}

// ForgetMember implements [support.Store].
func (m *Memory) ForgetMember(_ context.Context, member, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, d := range m.disputes {
		if d.Member != member {
			continue
		}
		d.Member = token
		if d.Resolution != nil {
			d.Resolution.Text = ""
		}
		for i := range m.trails[id] {
			m.trails[id][i].Text = ""
		}
	}
	for id, a := range m.acts {
		if a.Member == member {
			a.Member, a.Reason = token, ""
			m.acts[id] = a
		}
	}
	return nil
}
