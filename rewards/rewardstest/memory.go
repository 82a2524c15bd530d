package rewardstest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// Memory is a [rewards.Store] in memory.
type Memory struct {
	mu        sync.Mutex
	records   map[string]rewards.Record
	standings map[string]rewards.Standing
	changes   []rewards.TierChange
	rules     []rewards.Rule
	announced []rewards.Announcement
	night     rewards.Night
}

var _ rewards.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[string]rewards.Record{}, standings: map[string]rewards.Standing{}}
}

// stored is a record as any store gives it back.
func stored(r *rewards.Record) rewards.Record {
	own := *r
	own.Explanation = rewards.StoredExplanation(&r.Explanation)
	return own
}

// RewardRecords implements [rewards.Store].
func (m *Memory) RewardRecords(_ context.Context, ids []string) (all []*rewards.Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if r, ok := m.records[id]; ok {
			all = append(all, &r)
		}
	}
	return all, nil
}

// SaveRewards implements [rewards.Store].
func (m *Memory) SaveRewards(_ context.Context, records []*rewards.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		m.records[r.ID] = stored(r)
	}
	return nil
}

// SettleRewards implements [rewards.Store].
func (m *Memory) SettleRewards(_ context.Context, records []*rewards.Record, standings []*rewards.Standing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		if own, ok := m.records[r.ID]; ok {
			own.State, own.Filled, own.Code, own.Detail, own.Taken, own.Debt = r.State, r.Filled, r.Code, r.Detail, r.Taken, r.Debt
			m.records[r.ID] = own
		}
	}
	m.stand(standings)
	return nil
}

func (m *Memory) stand(standings []*rewards.Standing) {
	for _, s := range standings {
		if _, ok := m.standings[s.Member]; ok {
			own := *s
			own.Changed = nil
			m.standings[s.Member] = own
		}
		if c := s.Changed; c != nil && !slices.ContainsFunc(m.changes, func(o rewards.TierChange) bool { return o.Account == c.Account && o.At == c.At }) {
			m.changes = append(m.changes, *c)
		}
	}
}

// TierChanges implements [rewards.Store].
func (m *Memory) TierChanges(_ context.Context, accounts []ledger.Account, after int64) (all []rewards.TierChange, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.changes {
		if c.At > after && slices.Contains(accounts, c.Account) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b rewards.TierChange) int { return cmp.Compare(a.At, b.At) })
	return all, nil
}

// where returns copies of the records that match.
func (m *Memory) where(match func(*rewards.Record) bool) (all []*rewards.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.records {
		if match(&r) {
			all = append(all, &r)
		}
	}
	return all
}

func first[T any](all []T, limit int) []T { return all[:min(len(all), max(limit, 0))] }

// UnfinishedRewards implements [rewards.Store].
func (m *Memory) UnfinishedRewards(_ context.Context, after string, limit int) ([]*rewards.Record, error) {
	all := m.where(func(r *rewards.Record) bool { return r.State.Unfinished() && r.ID > after })
	slices.SortFunc(all, func(a, b *rewards.Record) int { return cmp.Compare(a.ID, b.ID) })
	return first(all, limit), nil
}

// RewardsEarned implements [rewards.Store].
func (m *Memory) RewardsEarned(_ context.Context, members []string, from, to ledger.Date) ([]rewards.Earned, error) {
	sums := map[rewards.Earned]int64{}
	for _, r := range m.where(func(r *rewards.Record) bool {
		return r.State.Counts() && r.Points > 0 && slices.Contains(members, r.Member) && from <= r.Day && r.Day <= to
	}) {
		sums[rewards.Earned{Member: r.Member, Day: r.Day, Code: r.Explanation.Rule}] += r.Points
	}
	all := make([]rewards.Earned, 0, len(sums))
	for key, points := range sums {
		key.Points = points
		all = append(all, key)
	}
	return all, nil
}

// RewardsEarnedSince implements [rewards.Store].
func (m *Memory) RewardsEarnedSince(_ context.Context, members []string, from ledger.Date) (map[string]int64, error) {
	sums := map[string]int64{}
	for _, r := range m.where(func(r *rewards.Record) bool {
		return (r.State == rewards.Issued || r.State == rewards.Cancelling) && slices.Contains(members, r.Member) && r.Day >= from
	}) {
		sums[r.Member] += r.Points
	}
	return sums, nil
}

// RewardHistory implements [rewards.Store].
func (m *Memory) RewardHistory(_ context.Context, member string, before *rewards.Place, limit int) ([]*rewards.Record, error) {
	all := m.where(func(r *rewards.Record) bool {
		return r.Member == member && (before == nil || r.Day < before.Day || r.Day == before.Day && r.ID < before.ID)
	})
	slices.SortFunc(all, func(a, b *rewards.Record) int { return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.ID, a.ID)) })
	return first(all, limit), nil
}

func place(r *rewards.Record) rewards.Place {
	return rewards.Place{Day: r.Day, Member: r.Member, ID: r.ID}
}

func comparePlaces(a, b rewards.Place) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Member, b.Member), cmp.Compare(a.ID, b.ID))
}

// PastRewards implements [rewards.Store].
func (m *Memory) PastRewards(_ context.Context, from, to ledger.Date, after *rewards.Place, limit int) ([]*rewards.Record, error) {
	all := m.where(func(r *rewards.Record) bool {
		return r.Member != "" && from <= r.Day && r.Day <= to && (after == nil || comparePlaces(place(r), *after) > 0)
	})
	slices.SortFunc(all, func(a, b *rewards.Record) int { return comparePlaces(place(a), place(b)) })
	return first(all, limit), nil
}

// RewardTotals implements [rewards.Store].
func (m *Memory) RewardTotals(_ context.Context, from, to ledger.Date) ([]rewards.Totals, error) {
	sums := map[rewards.Totals]*rewards.Totals{}
	for _, r := range m.where(func(r *rewards.Record) bool { return r.Member != "" && from <= r.Day && r.Day <= to }) {
		key := rewards.Totals{Day: r.Day, Channel: r.Channel, Segment: r.Segment, Kind: r.Kind, Code: r.Explanation.Rule}
		if sums[key] == nil {
			own := key
			sums[key] = &own
		}
		t := sums[key]
		t.Events++
		t.Amount += r.Amount
		if r.State.Counts() {
			t.Points += r.Points
		}
		if r.CancelledAt != 0 {
			t.Cancelled++
		}
	}
	all := make([]rewards.Totals, 0, len(sums))
	for _, t := range sums {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b rewards.Totals) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Segment, b.Segment),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code))
	})
	return all, nil
}

// AddStandings implements [rewards.Store].
func (m *Memory) AddStandings(_ context.Context, numbers []string, s rewards.Standing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range numbers {
		if _, ok := m.standings[n]; !ok {
			s.Member = n
			m.standings[n] = s
		}
	}
	return nil
}

// Standings implements [rewards.Store].
func (m *Memory) Standings(_ context.Context, members []string) (all []*rewards.Standing, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, member := range members {
		if s, ok := m.standings[member]; ok {
			all = append(all, &s)
		}
	}
	return all, nil
}

// EverybodyStanding implements [rewards.Store].
func (m *Memory) EverybodyStanding(_ context.Context, after string, limit int) (all []*rewards.Standing, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, member := range slices.Sorted(maps.Keys(m.standings)) {
		if s := m.standings[member]; member > after {
			all = append(all, &s)
		}
	}
	return first(all, limit), nil
}
