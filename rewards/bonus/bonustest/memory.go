package bonustest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// Memory is a [bonus.Store] in memory.
type Memory struct {
	mu    sync.Mutex
	all   map[ledger.ID]bonus.Bonus
	marks map[uint32]bonus.Mark
}

var _ bonus.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{all: map[ledger.ID]bonus.Bonus{}, marks: map[uint32]bonus.Mark{}}
}

// BonusMarks implements [bonus.Store].
func (m *Memory) BonusMarks(context.Context) (all []bonus.Mark, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.marks {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b bonus.Mark) int { return cmp.Compare(a.Lane, b.Lane) })
	return all, nil
}

// DecideBonuses implements [bonus.Store].
func (m *Memory) DecideBonuses(_ context.Context, all []*bonus.Bonus, marks []bonus.Mark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range all {
		own, there := m.all[b.Conversion]
		if !there {
			own = *b
			own.Moves = nil
		}
		own.Stays, own.Moves = b.Stays, append(slices.Clone(own.Moves), b.Moves[len(own.Moves):]...)
		m.all[b.Conversion] = own
	}
	for _, v := range marks {
		m.marks[v.Lane] = v
	}
	return nil
}

// SettleBonuses implements [bonus.Store].
func (m *Memory) SettleBonuses(_ context.Context, all []*bonus.Bonus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range all {
		own, there := m.all[b.Conversion]
		if !there {
			continue
		}
		own.Moves = slices.Clone(own.Moves)
		for i := range own.Moves {
			if v := &own.Moves[i]; v.State == bonus.Due {
				v.State, v.Code, v.Debt = b.Moves[i].State, b.Moves[i].Code, b.Moves[i].Debt
			}
		}
		m.all[b.Conversion] = own
	}
	return nil
}

// ForgoBonuses implements [bonus.Store].
func (m *Memory) ForgoBonuses(ctx context.Context, account ledger.Account, code string) error {
	all := m.where(func(b *bonus.Bonus) bool { return b.Account == account })
	for _, b := range all {
		for i := range b.Moves {
			b.Moves[i].State, b.Moves[i].Code = bonus.Refused, code
		}
	}
	return m.SettleBonuses(ctx, all)
}

// where returns copies of those that a condition holds for, by conversion.
func (m *Memory) where(holds func(b *bonus.Bonus) bool) (all []*bonus.Bonus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.all {
		if holds(&b) {
			b.Moves = slices.Clone(b.Moves)
			all = append(all, &b)
		}
	}
	slices.SortFunc(all, func(a, b *bonus.Bonus) int { return bytes.Compare(a.Conversion[:], b.Conversion[:]) })
	return all
}

func isDue(b *bonus.Bonus) bool {
	return slices.ContainsFunc(b.Moves, func(v bonus.Move) bool { return v.State == bonus.Due })
}

// Bonuses implements [bonus.Store].
func (m *Memory) Bonuses(_ context.Context, conversions []ledger.ID) ([]*bonus.Bonus, error) {
	return m.where(func(b *bonus.Bonus) bool { return slices.Contains(conversions, b.Conversion) }), nil
}

// DueBonuses implements [bonus.Store].
func (m *Memory) DueBonuses(_ context.Context, after ledger.ID, limit int) ([]*bonus.Bonus, error) {
	all := m.where(func(b *bonus.Bonus) bool { return isDue(b) && bytes.Compare(b.Conversion[:], after[:]) > 0 })
	return all[:min(len(all), limit)], nil
}

// BonusesOf implements [bonus.Store].
func (m *Memory) BonusesOf(_ context.Context, account ledger.Account, before ledger.ID, limit int) ([]*bonus.Bonus, error) {
	all := m.where(func(b *bonus.Bonus) bool {
		return b.Account == account && (before.IsZero() || bytes.Compare(b.Conversion[:], before[:]) < 0)
	})
	slices.Reverse(all)
	return all[:min(len(all), limit)], nil
}

// BonusTotals implements [bonus.Store].
func (m *Memory) BonusTotals(_ context.Context, from, to ledger.Date) (all []rewards.Totals, err error) {
	for _, b := range m.where(func(b *bonus.Bonus) bool { return from <= b.Window && b.Window <= to }) {
		i := slices.IndexFunc(all, func(t rewards.Totals) bool { return t.Day == b.Window && t.Code == b.Tier })
		if i < 0 {
			i = len(all)
			all = append(all, rewards.Totals{Day: b.Window, Kind: bonus.Kind, Code: b.Tier})
		}
		all[i].Events++
		all[i].Points += b.Rest()
		if b.Rest() == 0 {
			all[i].Cancelled++
		}
	}
	slices.SortFunc(all, func(a, b rewards.Totals) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Code, b.Code)) })
	return all, nil
}

// BonusBacklog implements [bonus.Store].
func (m *Memory) BonusBacklog(context.Context) (backlog bonus.Backlog, err error) {
	for _, b := range m.where(isDue) {
		for _, v := range b.Moves {
			if v.State == bonus.Due {
				backlog.Moves++
			}
		}
		if backlog.Oldest == 0 || b.RecordedAt < backlog.Oldest {
			backlog.Oldest = b.RecordedAt
		}
	}
	return backlog, nil
}
