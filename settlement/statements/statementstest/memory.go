package statementstest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// Memory is a [statements.Store] in memory.
type Memory struct {
	mu  sync.Mutex
	all []statements.Statement // by ID
}

var _ statements.Store = (*Memory)(nil)

// own returns a copy that shares nothing which a caller may change.
func own(s statements.Statement) *statements.Statement {
	s.Problems, s.Notes = slices.Clone(s.Problems), slices.Clone(s.Notes)
	return &s
}

// SaveStatement implements [statements.Store].
func (m *Memory) SaveStatement(_ context.Context, s *statements.Statement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.all {
		if same(&m.all[i], s.Partner, s.Day, s.Digest, s.Refused) {
			return statements.ErrKnown
		}
	}
	m.all = append(m.all, *own(*s))
	slices.SortFunc(m.all, func(a, b statements.Statement) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return nil
}

func same(s *statements.Statement, partner string, day ledger.Date, digest ledger.Hash, refused bool) bool {
	return s.Partner == partner && s.Day == day && s.Digest == digest && s.Refused == refused
}

// last returns the newest that is picked.
func (m *Memory) last(picks func(*statements.Statement) bool) (*statements.Statement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.all) - 1; i >= 0; i-- {
		if picks(&m.all[i]) {
			return own(m.all[i]), nil
		}
	}
	return nil, statements.ErrNotFound
}

// KeepRedacted implements [statements.Store].
func (m *Memory) KeepRedacted(_ context.Context, digest, kept ledger.Hash, bytes int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.all {
		if m.all[i].Digest == digest {
			m.all[i].Kept, m.all[i].KeptBytes = kept, bytes
		}
	}
	return nil
}

// Statement implements [statements.Store].
func (m *Memory) Statement(_ context.Context, id ledger.ID) (*statements.Statement, error) {
	return m.last(func(s *statements.Statement) bool { return s.ID == id })
}

// StatementOf implements [statements.Store].
func (m *Memory) StatementOf(_ context.Context, partner string, day ledger.Date, digest ledger.Hash, refused bool) (*statements.Statement, error) {
	return m.last(func(s *statements.Statement) bool { return same(s, partner, day, digest, refused) })
}

// CurrentStatement implements [statements.Store].
func (m *Memory) CurrentStatement(_ context.Context, partner string, day ledger.Date) (*statements.Statement, error) {
	return m.last(func(s *statements.Statement) bool { return s.Partner == partner && s.Day == day && !s.Refused })
}

// Statements implements [statements.Store].
func (m *Memory) Statements(_ context.Context, f statements.Filter, before ledger.ID, limit int) ([]*statements.Statement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page []*statements.Statement
	for i := len(m.all) - 1; i >= 0 && len(page) < limit; i-- {
		s := &m.all[i]
		if (f.Partner == "" || f.Partner == s.Partner) && (f.Day == 0 || f.Day == s.Day) && (f.Refused == nil || *f.Refused == s.Refused) &&
			(before.IsZero() || bytes.Compare(s.ID[:], before[:]) < 0) {
			page = append(page, own(*s))
		}
	}
	return page, nil
}
