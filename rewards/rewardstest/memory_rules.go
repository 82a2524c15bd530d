package rewardstest

import (
	"cmp"
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

func (m *Memory) rule(r *rewards.Rule) int {
	return slices.IndexFunc(m.rules, func(v rewards.Rule) bool { return v.Code == r.Code && v.Version == r.Version })
}

// AddRewardRule implements [rewards.Store].
func (m *Memory) AddRewardRule(_ context.Context, r *rewards.Rule) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rule(r) >= 0 {
		return rewards.ErrChanged
	}
	m.rules = append(m.rules, *r)
	slices.SortFunc(m.rules, func(a, b rewards.Rule) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Version, b.Version))
	})
	return nil
}

// DecideRewardRule implements [rewards.Store].
func (m *Memory) DecideRewardRule(_ context.Context, r *rewards.Rule) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.rule(r)
	if i < 0 || m.rules[i].State != rewards.Proposed {
		return rewards.ErrChanged
	}
	own := &m.rules[i]
	own.State, own.Checker, own.DecidedAt, own.Reason = r.State, r.Checker, r.DecidedAt, r.Reason
	return nil
}

// RewardRules implements [rewards.Store].
func (m *Memory) RewardRules(context.Context) ([]rewards.Rule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.rules), nil
}

// AnnounceExpiry implements [rewards.Store].
func (m *Memory) AnnounceExpiry(_ context.Context, all []rewards.Announcement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range all {
		if !slices.ContainsFunc(m.announced, func(b rewards.Announcement) bool {
			return a.Account == b.Account && a.Expiry == b.Expiry && a.Days == b.Days
		}) {
			a.Sequence = int64(len(m.announced) + 1)
			m.announced = append(m.announced, a)
		}
	}
	return nil
}

// ExpiryAnnouncements implements [rewards.Store].
func (m *Memory) ExpiryAnnouncements(_ context.Context, account ledger.Account, after int64, limit int) (all []rewards.Announcement, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.announced {
		if a.Sequence > after && (account.IsZero() || a.Account == account) {
			all = append(all, a)
		}
	}
	return first(all, limit), nil
}

// RewardNight implements [rewards.Store].
func (m *Memory) RewardNight(context.Context) (rewards.Night, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.night, nil
}

// SaveRewardNight implements [rewards.Store].
func (m *Memory) SaveRewardNight(_ context.Context, n rewards.Night, standings []*rewards.Standing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.night = n
	m.stand(standings)
	return nil
}
