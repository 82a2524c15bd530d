package memberstest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Memory is a [members.Store] in memory.
type Memory struct {
	mu       sync.Mutex
	members  map[string]members.Member
	erasures []members.Erasure // ascending by ID
}

var _ members.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{members: map[string]members.Member{}} }

func own(m members.Member) *members.Member {
	m.Salt = slices.Clone(m.Salt)
	return &m
}

// AddMembers implements [members.Store].
func (s *Memory) AddMembers(_ context.Context, all []members.Member) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range all {
		if _, known := s.members[m.Number]; !known {
			s.members[m.Number] = *own(m)
		}
	}
	return nil
}

// SetAccount implements [members.Store].
func (s *Memory) SetAccount(_ context.Context, number string, account ledger.Account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.members[number]
	if !known || !m.Account.IsZero() {
		return members.ErrNotFound
	}
	m.Account = account
	s.members[number] = m
	return nil
}

// Members implements [members.Store].
func (s *Memory) Members(_ context.Context, numbers []string) (all []*members.Member, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for _, n := range numbers {
		if m, known := s.members[n]; known && !seen[n] {
			all, seen[n] = append(all, own(m)), true
		}
	}
	return all, nil
}

// MemberWith implements [members.Store].
func (s *Memory) MemberWith(_ context.Context, account ledger.Account) (*members.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m.Account == account && !account.IsZero() {
			return own(m), nil
		}
	}
	return nil, members.ErrNotFound
}

// MembersWith implements [members.Store].
func (s *Memory) MembersWith(_ context.Context, accounts []ledger.Account) (all []*members.Member, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if slices.Contains(accounts, m.Account) && !m.Account.IsZero() {
			all = append(all, own(m))
		}
	}
	return all, nil
}

func (s *Memory) page(limit int, pick func(*members.Member) bool) (all []*members.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if pick(&m) {
			all = append(all, own(m))
		}
	}
	slices.SortFunc(all, func(a, b *members.Member) int { return cmp.Compare(a.Number, b.Number) })
	return all[:min(len(all), max(limit, 0))]
}

// Everybody implements [members.Store].
func (s *Memory) Everybody(_ context.Context, after string, limit int) ([]*members.Member, error) {
	return s.page(limit, func(m *members.Member) bool { return m.Number > after }), nil
}

// Unknown implements [members.Store].
func (s *Memory) Unknown(_ context.Context, limit int) ([]*members.Member, error) {
	return s.page(limit, func(m *members.Member) bool { return m.Account.IsZero() }), nil
}

// BeginErasure implements [members.Store].
func (s *Memory) BeginErasure(_ context.Context, e *members.Erasure) (*members.Erasure, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.erasures {
		if known.Account == e.Account && known.Step != members.StepWithdrawn {
			return &known, nil
		}
	}
	s.erasures = append(s.erasures, *e)
	slices.SortFunc(s.erasures, func(a, b members.Erasure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return nil, nil
}

// SaveErasure implements [members.Store].
func (s *Memory) SaveErasure(_ context.Context, e *members.Erasure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.save(e)
}

func (s *Memory) save(e *members.Erasure) error {
	for i := range s.erasures {
		if known := &s.erasures[i]; known.ID == e.ID && known.Revision+1 == e.Revision {
			known.Step, known.Code, known.Detail, known.FinishedAt, known.Revision = e.Step, e.Code, e.Detail, e.FinishedAt, e.Revision
			return nil
		}
	}
	return members.ErrChanged
}

// EndErasure implements [members.Store].
func (s *Memory) EndErasure(_ context.Context, e *members.Erasure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.save(e); err != nil {
		return err
	}
	for number, m := range s.members {
		if m.Account == e.Account {
			delete(s.members, number)
		}
	}
	return nil
}

// ErasureOf implements [members.Store].
func (s *Memory) ErasureOf(_ context.Context, account ledger.Account) (*members.Erasure, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.erasures) {
		if e.Account == account {
			return &e, nil
		}
	}
	return nil, members.ErrNotFound
}

// UnfinishedErasures implements [members.Store].
func (s *Memory) UnfinishedErasures(context.Context) (all []*members.Erasure, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.erasures {
		if !e.Step.Ended() {
			all = append(all, &e)
		}
	}
	return all, nil
}
