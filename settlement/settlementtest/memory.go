package settlementtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// Memory is a store of settlements in memory.
type Memory struct {
	mu  sync.Mutex
	all map[string]settlement.Settlement
	// Told are the states that were reached, in order, as events would tell them.
	told []string
}

var _ settlement.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{all: map[string]settlement.Settlement{}} }

func own(s settlement.Settlement) settlement.Settlement {
	s.Channels, s.Marks = slices.Clone(s.Channels), slices.Clone(s.Marks)
	return s
}

// SaveSettlements implements [settlement.Store].
func (m *Memory) SaveSettlements(_ context.Context, all []settlement.Settlement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range all {
		if s.ID != settlement.ID(s.Window, s.Partner) {
			return fmt.Errorf("settlementtest: %q is not the ID of %s, %s", s.ID, s.Window, s.Partner)
		}
	}
	for _, s := range all {
		if m.all[s.ID].State != s.State {
			m.told = append(m.told, s.ID+" "+string(s.State))
		}
		m.all[s.ID] = own(s)
	}
	return nil
}

// Told returns the states that settlements reached, in order.
func (m *Memory) Told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

// Settlement implements [settlement.Store].
func (m *Memory) Settlement(_ context.Context, id string) (*settlement.Settlement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[id]
	if !ok {
		return nil, settlement.ErrNotFound
	}
	s = own(s)
	return &s, nil
}

func newest(a, b *settlement.Settlement) int {
	return cmp.Or(cmp.Compare(b.Window, a.Window), cmp.Compare(a.Partner, b.Partner))
}

// Settlements implements [settlement.Store].
func (m *Memory) Settlements(_ context.Context, partner, before string, limit int) ([]*settlement.Settlement, error) {
	all := m.which(func(s *settlement.Settlement) bool { return partner == "" || s.Partner == partner })
	slices.SortFunc(all, newest)
	if before != "" {
		date, code, found := strings.Cut(before, ".")
		window, err := ledger.ParseDate(date)
		if err != nil || !found {
			return nil, errors.New("settlementtest: not the ID of a settlement")
		}
		last := &settlement.Settlement{Window: window, Partner: code}
		all = slices.DeleteFunc(all, func(s *settlement.Settlement) bool { return newest(s, last) <= 0 })
	}
	return all[:min(max(limit, 0), len(all))], nil
}

// Unsettled returns the settlements that are not settled, oldest window first and
// then by partner, at most limit.
func (m *Memory) Unsettled(_ context.Context, limit int) ([]*settlement.Settlement, error) {
	all := m.which(func(s *settlement.Settlement) bool { return s.State != settlement.Settled })
	slices.SortFunc(all, func(a, b *settlement.Settlement) int {
		return cmp.Or(cmp.Compare(a.Window, b.Window), cmp.Compare(a.Partner, b.Partner))
	})
	return all[:min(max(limit, 0), len(all))], nil
}

func (m *Memory) which(picks func(*settlement.Settlement) bool) (all []*settlement.Settlement) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.all {
		if s = own(s); picks(&s) {
			all = append(all, &s)
		}
	}
	return all
}
