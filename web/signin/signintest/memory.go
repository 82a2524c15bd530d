package signintest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/pointgrid/pointgrid/web/signin"
)

// Memory is a [signin.Store] that lives and dies with the process.
type Memory struct {
	mu       sync.Mutex
	users    map[signin.ID]*signin.User
	sessions map[[32]byte]signin.Session
	attempts map[[32]byte]signin.Attempts
}

var _ signin.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{users: map[signin.ID]*signin.User{}, sessions: map[[32]byte]signin.Session{}, attempts: map[[32]byte]signin.Attempts{}}
}

func (m *Memory) byLogin(login string) *signin.User {
	for _, u := range m.users {
		if u.Login == login {
			return u
		}
	}
	return nil
}

// CreateUser implements [signin.Store].
func (m *Memory) CreateUser(_ context.Context, u *signin.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byLogin(u.Login) != nil {
		return signin.ErrTaken
	}
	m.users[u.ID] = u.Clone()
	return nil
}

// UpdateUser implements [signin.Store].
func (m *Memory) UpdateUser(_ context.Context, u *signin.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.users[u.ID]
	if !ok || old.Version != u.Version {
		return signin.ErrChanged
	}
	row := u.Clone()
	row.Login, row.Company, row.CreatedAt = old.Login, old.Company, old.CreatedAt
	row.Version++
	m.users[u.ID] = row
	u.Version++
	return nil
}

// User implements [signin.Store].
func (m *Memory) User(_ context.Context, id signin.ID) (*signin.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u, ok := m.users[id]; ok {
		return u.Clone(), nil
	}
	return nil, signin.ErrNotFound
}

// UserByLogin implements [signin.Store].
func (m *Memory) UserByLogin(_ context.Context, login string) (*signin.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u := m.byLogin(login); u != nil {
		return u.Clone(), nil
	}
	return nil, signin.ErrNotFound
}

// Users implements [signin.Store].
func (m *Memory) Users(_ context.Context, company string) (all []*signin.User, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.users {
		if u.Company == company {
			all = append(all, u.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *signin.User) int { return strings.Compare(a.Login, b.Login) })
	return all, nil
}

// CreateSession implements [signin.Store].
func (m *Memory) CreateSession(_ context.Context, s *signin.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[s.Hash] = *s
	return nil
}

// Session implements [signin.Store].
func (m *Memory) Session(_ context.Context, hash [32]byte) (*signin.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[hash]; ok {
		return &s, nil
	}
	return nil, signin.ErrNotFound
}

// TouchSession implements [signin.Store].
func (m *Memory) TouchSession(_ context.Context, hash [32]byte, seenAt int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[hash]; ok {
		s.SeenAt = seenAt
		m.sessions[hash] = s
	}
	return nil
}

// EndSession implements [signin.Store].
func (m *Memory) EndSession(_ context.Context, hash [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, hash)
	return nil
}

// EndSessions implements [signin.Store].
func (m *Memory) EndSessions(_ context.Context, user signin.ID, except [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, s := range m.sessions {
		if s.User == user && hash != except {
			delete(m.sessions, hash)
		}
	}
	return nil
}

// Attempts implements [signin.Store].
func (m *Memory) Attempts(_ context.Context, key [32]byte) (signin.Attempts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.attempts[key], nil
}

// SwapAttempts implements [signin.Store].
func (m *Memory) SwapAttempts(_ context.Context, key [32]byte, old, new signin.Attempts) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.attempts[key] != old {
		return signin.ErrChanged
	}
	m.attempts[key] = new
	return nil
}

// ClearAttempts implements [signin.Store].
func (m *Memory) ClearAttempts(_ context.Context, key [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.attempts, key)
	return nil
}

// ForgetSignins implements [signin.Store].
func (m *Memory) ForgetSignins(_ context.Context, sessionsBefore, attemptsBefore int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, s := range m.sessions {
		if s.ExpiresAt < sessionsBefore {
			delete(m.sessions, hash)
		}
	}
	for key, a := range m.attempts {
		if a.At < attemptsBefore {
			delete(m.attempts, key)
		}
	}
	return nil
}
