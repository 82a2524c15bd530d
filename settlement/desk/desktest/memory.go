package desktest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Memory is a [desk.Store] in memory.
type Memory struct {
	mu     sync.Mutex
	cases  map[string]desk.Case
	trails map[string][]desk.Entry
	files  map[ledger.Hash][]byte
}

var _ desk.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{cases: map[string]desk.Case{}, trails: map[string][]desk.Entry{}, files: map[ledger.Hash][]byte{}}
}

// own returns a copy that shares nothing which a caller may change.
func own(c desk.Case) *desk.Case {
	for _, b := range []**desk.Book{&c.Ledger, &c.Ours, &c.Theirs} {
		if *b != nil {
			book := **b
			*b = &book
		}
	}
	if c.Resolution != nil {
		r := *c.Resolution
		c.Resolution = &r
	}
	c.Differs = slices.Clone(c.Differs)
	return &c
}

// SaveCase implements [desk.Store].
func (m *Memory) SaveCase(_ context.Context, c *desk.Case, e *desk.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cases[c.ID].Version+1 != c.Version || e.Number != c.Version || e.Case != c.ID {
		return desk.ErrChanged
	}
	m.cases[c.ID] = *own(*c)
	m.trails[c.ID] = append(m.trails[c.ID], *e)
	return nil
}

// Case implements [desk.Store].
func (m *Memory) Case(_ context.Context, id string) (*desk.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.cases[id]
	if !ok {
		return nil, desk.ErrNotFound
	}
	return own(c), nil
}

func compare(a, b *desk.Place) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID)) }

func picks(f *desk.Filter, c *desk.Case) bool {
	return (f.Partner == "" || f.Partner == c.Partner) && (f.Window == 0 || f.Window == c.Window) &&
		(f.State == "" || f.State == c.State) && (f.Type == "" || f.Type == c.Type) &&
		(f.Owner == nil || *f.Owner == c.Owner) && (!f.Blocking || c.Blocks()) &&
		(!f.Unended || !c.State.Ended()) && (f.DueBefore == 0 || c.Due != 0 && c.Due < f.DueBefore)
}

// Cases implements [desk.Store].
func (m *Memory) Cases(_ context.Context, f desk.Filter, o desk.Order, after *desk.Place, limit int) ([]*desk.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*desk.Case
	for _, c := range m.cases {
		if picks(&f, &c) && (after == nil || compare(o.After(&c), after) > 0) {
			all = append(all, own(c))
		}
	}
	slices.SortFunc(all, func(a, b *desk.Case) int { return compare(o.After(a), o.After(b)) })
	return all[:min(max(limit, 0), len(all))], nil
}

// CaseTrail implements [desk.Store].
func (m *Memory) CaseTrail(_ context.Context, id string) (all []*desk.Entry, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.trails[id] {
		all = append(all, &e)
	}
	return all, nil
}

// CaseCounts implements [desk.Store].
func (m *Memory) CaseCounts(_ context.Context, partner string, from, to ledger.Date) (all []desk.Count, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[desk.Count]*desk.Count{}
	for _, c := range m.cases {
		if partner != "" && c.Partner != partner || c.Window < from || c.Window > to {
			continue
		}
		key := desk.Count{Partner: c.Partner, Window: c.Window, State: c.State, Tolerated: c.Tolerated}
		if sums[key] == nil {
			count := key
			sums[key] = &count
		}
		sums[key].Cases++
		sums[key].Value += max(c.Value, -c.Value)
	}
	for _, s := range sums {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b desk.Count) int {
		tolerated := map[bool]int{true: 1}
		return cmp.Or(cmp.Compare(a.Window, b.Window), cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.State, b.State),
			cmp.Compare(tolerated[a.Tolerated], tolerated[b.Tolerated]))
	})
	return all, nil
}

// Clearances implements [desk.Store].
func (m *Memory) Clearances(_ context.Context, partner string, from, to ledger.Date) (all []desk.Clearance, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[desk.Clearance]int64{}
	for _, c := range m.cases {
		if partner != "" && c.Partner != partner || c.Window < from || c.Window > to || !c.State.Ended() {
			continue
		}
		ended := int64(0)
		for _, e := range m.trails[c.ID] {
			switch {
			case !e.State.Ended():
				ended = 0
			case ended == 0:
				ended = e.At
			}
		}
		sums[desk.Clearance{Type: c.Type, Hours: (ended - c.OpenedAt) / time.Hour.Milliseconds()}]++
	}
	for key, n := range sums {
		key.Cases = n
		all = append(all, key)
	}
	slices.SortFunc(all, func(a, b desk.Clearance) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Hours, b.Hours))
	})
	return all, nil
}

// SaveCaseFile implements [desk.Store].
func (m *Memory) SaveCaseFile(_ context.Context, digest ledger.Hash, file []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[digest]; !ok {
		m.files[digest] = bytes.Clone(file)
	}
	return nil
}

// CaseFile implements [desk.Store].
func (m *Memory) CaseFile(_ context.Context, digest ledger.Hash) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, ok := m.files[digest]
	if !ok {
		return nil, desk.ErrNotFound
	}
	return bytes.Clone(file), nil
}
