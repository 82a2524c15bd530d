package insighttest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

// Memory is an [insight.Store] in memory.
type Memory struct {
	mu        sync.Mutex
	flows     map[insight.Key]insight.Sums
	heads     map[insight.Head]insight.Head // by month, segment and tier
	presences map[insight.Presence]insight.Presence
	profiles  map[ledger.Account]insight.Profile
	places    map[uint32]ledger.Locator
	stages    map[ledger.Date][]insight.Stage
}

var _ insight.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{flows: map[insight.Key]insight.Sums{}, heads: map[insight.Head]insight.Head{}, presences: map[insight.Presence]insight.Presence{},
		profiles: map[ledger.Account]insight.Profile{}, places: map[uint32]ledger.Locator{}, stages: map[ledger.Date][]insight.Stage{}}
}

// SaveInsight implements [insight.Store].
func (m *Memory) SaveInsight(_ context.Context, g *insight.Group) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	flows := maps.Clone(m.flows)
	for _, f := range g.Flows {
		sums := flows[f.Key]
		if err := sums.Add(f.Sums); err != nil {
			return err
		}
		flows[f.Key] = sums
	}
	m.flows = flows
	for _, h := range g.Heads {
		key := insight.Head{Month: h.Month, Segment: h.Segment, Tier: h.Tier}
		was := m.heads[key]
		h.Members, h.Earned, h.Bought = h.Members+was.Members, h.Earned+was.Earned, h.Bought+was.Bought
		m.heads[key] = h
	}
	for _, p := range g.Presences {
		m.presences[insight.Presence{Month: p.Month, Account: p.Account, Segment: p.Segment, Tier: p.Tier}] = p
	}
	for _, p := range g.Profiles {
		m.profiles[p.Account] = p
	}
	m.places[g.Next.Lane] = g.Next
	return nil
}

// InsightPlace implements [insight.Store].
func (m *Memory) InsightPlace(_ context.Context, lane uint32) (ledger.Locator, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.places[lane]
	at.Lane = lane
	return at, nil
}

// InsightProfiles implements [insight.Store].
func (m *Memory) InsightProfiles(_ context.Context, accounts []ledger.Account) (all []insight.Profile, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for account, p := range m.profiles {
		if slices.Contains(accounts, account) {
			all = append(all, p)
		}
	}
	return all, nil
}

// InsightPresences implements [insight.Store].
func (m *Memory) InsightPresences(_ context.Context, month ledger.Month, accounts []ledger.Account) (all []insight.Presence, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.presences {
		if p.Month == month && slices.Contains(accounts, p.Account) {
			all = append(all, p)
		}
	}
	return all, nil
}

// sums adds up flows of some days by what is left of their key.
func (m *Memory) sums(from, to ledger.Date, left func(insight.Key) insight.Key) ([]insight.Flow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[insight.Key]insight.Sums{}
	for key, more := range m.flows {
		if key.Day < from || key.Day > to {
			continue
		}
		sum := sums[left(key)]
		if err := sum.Add(more); err != nil {
			return nil, err
		}
		sums[left(key)] = sum
	}
	all := make([]insight.Flow, 0, len(sums))
	for key, sum := range sums {
		all = append(all, insight.Flow{Key: key, Sums: sum})
	}
	slices.SortFunc(all, insight.CompareFlows)
	return all, nil
}

// InsightFlows implements [insight.Store].
func (m *Memory) InsightFlows(_ context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	return m.sums(from, to, func(k insight.Key) insight.Key { k.Day = 0; return k })
}

// InsightDays implements [insight.Store].
func (m *Memory) InsightDays(_ context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	return m.sums(from, to, func(k insight.Key) insight.Key { return insight.Key{Day: k.Day, Side: k.Side} })
}

// InsightMonths implements [insight.Store].
func (m *Memory) InsightMonths(_ context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	return m.sums(from, to, func(k insight.Key) insight.Key {
		return insight.Key{Day: insight.FirstDay(k.Day.Month()), Side: k.Side}
	})
}

// InsightHeads implements [insight.Store].
func (m *Memory) InsightHeads(_ context.Context, from, to ledger.Month) (all []insight.Head, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.heads {
		if h.Month >= from && h.Month <= to {
			all = append(all, h)
		}
	}
	return all, nil
}

// SaveStages implements [insight.Store].
func (m *Memory) SaveStages(_ context.Context, day ledger.Date, all []insight.Stage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stages[day] = slices.Clone(all)
	return nil
}

// StagesThrough implements [insight.Store].
func (m *Memory) StagesThrough(context.Context) (last ledger.Date, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for day := range m.stages {
		last = max(last, day)
	}
	return last, nil
}

// StagesUnfinished implements [insight.Store].
func (m *Memory) StagesUnfinished(context.Context) (days []ledger.Date, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for day, all := range m.stages {
		if slices.ContainsFunc(all, func(g insight.Stage) bool { return g.Step == insight.Processing }) {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return days, nil
}

// Stages implements [insight.Store].
func (m *Memory) Stages(_ context.Context, from, to ledger.Date) ([]insight.Stage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[insight.Stage]insight.Stage{}
	for day, all := range m.stages {
		for _, g := range all {
			if day < from || day > to {
				continue
			}
			g.Day = 0
			key := insight.Stage{Partner: g.Partner, Toward: g.Toward, Step: g.Step, Code: g.Code}
			g.Count, g.Points = g.Count+sums[key].Count, g.Points+sums[key].Points
			sums[key] = g
		}
	}
	return slices.Collect(maps.Values(sums)), nil
}
