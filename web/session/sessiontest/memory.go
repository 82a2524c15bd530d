package sessiontest

import (
	"bytes"
	"context"
	"sync"

	"github.com/pointgrid/pointgrid/web/session"
)

// Memory is a [session.Store] that lives and dies with the process.
type Memory struct {
	mu  sync.Mutex
	all map[[32]byte]session.Session
}

var _ session.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{all: map[[32]byte]session.Session{}} }

// CreateMemberSession implements [session.Store].
func (m *Memory) CreateMemberSession(_ context.Context, s *session.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := *s
	own.Sealed = bytes.Clone(s.Sealed)
	m.all[s.Hash] = own
	return nil
}

// MemberSession implements [session.Store].
func (m *Memory) MemberSession(_ context.Context, hash [32]byte) (*session.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[hash]
	if !ok {
		return nil, session.ErrNotFound
	}
	s.Sealed = bytes.Clone(s.Sealed)
	return &s, nil
}

// TouchMemberSession implements [session.Store].
func (m *Memory) TouchMemberSession(_ context.Context, hash [32]byte, seenAt int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.all[hash]; ok {
		s.SeenAt = seenAt
		m.all[hash] = s
	}
	return nil
}

// EndMemberSession implements [session.Store].
func (m *Memory) EndMemberSession(_ context.Context, hash [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, hash)
	return nil
}

// EndSessionsOf implements [session.Store].
func (m *Memory) EndSessionsOf(_ context.Context, member string) error {
	m.remove(func(s session.Session) bool { return s.Member == member })
	return nil
}

// ForgetMemberSessions implements [session.Store].
func (m *Memory) ForgetMemberSessions(_ context.Context, before int64) error {
	m.remove(func(s session.Session) bool { return s.ExpiresAt < before })
	return nil
}

func (m *Memory) remove(is func(session.Session) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, s := range m.all {
		if is(s) {
			delete(m.all, hash)
		}
	}
}
