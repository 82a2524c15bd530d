package bulkfiletest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
)

// Memory is a [bulkfile.Store] that lives and dies with the process. It hands out
// and keeps copies only.
type Memory struct {
	mu   sync.Mutex
	rows map[ledger.ID]*bulkfile.File
}

var _ bulkfile.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{rows: map[ledger.ID]*bulkfile.File{}} }

func row(f *bulkfile.File) *bulkfile.File {
	f = f.Clone()
	f.Offset = 0
	return f
}

// CreateFile implements [bulkfile.Store].
func (m *Memory) CreateFile(_ context.Context, f *bulkfile.File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[f.ID] = row(f)
	return nil
}

// UpdateFile implements [bulkfile.Store].
func (m *Memory) UpdateFile(_ context.Context, f *bulkfile.File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.rows[f.ID]
	if !ok {
		return bulkfile.ErrNotFound
	}
	if other := m.byDigest(f.Party.Partner, f.Digest); other != nil && other.ID != f.ID {
		return bulkfile.ErrKnown
	}
	n := row(old)
	n.State, n.Bytes, n.Lines, n.Digest, n.Progress = f.State, f.Bytes, f.Lines, f.Digest, f.Progress
	n.CompletedAt, n.FinishedAt = f.CompletedAt, f.FinishedAt
	m.rows[f.ID] = n
	return nil
}

// DeleteFile implements [bulkfile.Store].
func (m *Memory) DeleteFile(_ context.Context, id ledger.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.rows[id]; !ok {
		return bulkfile.ErrNotFound
	}
	delete(m.rows, id)
	return nil
}

// File implements [bulkfile.Store].
func (m *Memory) File(_ context.Context, id ledger.ID) (*bulkfile.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.rows[id]; ok {
		return f.Clone(), nil
	}
	return nil, bulkfile.ErrNotFound
}

// FileByDigest implements [bulkfile.Store].
func (m *Memory) FileByDigest(_ context.Context, partner string, digest ledger.Hash) (*bulkfile.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.byDigest(partner, digest); f != nil {
		return f.Clone(), nil
	}
	return nil, bulkfile.ErrNotFound
}

func (m *Memory) byDigest(partner string, digest ledger.Hash) *bulkfile.File {
	for _, f := range m.rows {
		if f.Party.Partner == partner && f.Digest == digest && !digest.IsZero() {
			return f
		}
	}
	return nil
}

// Files implements [bulkfile.Store].
func (m *Memory) Files(_ context.Context, partner string, before ledger.ID, limit int) ([]*bulkfile.File, error) {
	all := m.selected(func(f *bulkfile.File) bool {
		return (partner == "" || f.Party.Partner == partner) && (before.IsZero() || bytes.Compare(f.ID[:], before[:]) < 0)
	})
	slices.Reverse(all)
	return all[:min(len(all), limit)], nil
}

// OpenFiles implements [bulkfile.Store].
func (m *Memory) OpenFiles(_ context.Context, after ledger.ID, limit int) ([]*bulkfile.File, error) {
	all := m.selected(func(f *bulkfile.File) bool {
		return (f.State == bulkfile.Uploading || f.State == bulkfile.Processing) && bytes.Compare(f.ID[:], after[:]) > 0
	})
	return all[:min(len(all), limit)], nil
}

func (m *Memory) selected(by func(*bulkfile.File) bool) (all []*bulkfile.File) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.rows {
		if by(f) {
			all = append(all, f.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *bulkfile.File) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all
}
