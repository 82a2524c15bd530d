package partnerstest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Memory is a [partners.ClientStore] and a [partners.AccessStore] that lives and
// dies with the process. It keeps and hands out copies only.
type Memory struct {
	mu      sync.Mutex
	clients map[string]*partners.Client
	stamp   int64
	log     []partners.Access // ascending by ID
}

var (
	_ partners.ClientStore = (*Memory)(nil)
	_ partners.AccessStore = (*Memory)(nil)
)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{clients: map[string]*partners.Client{}} }

// Clients implements [partners.ClientStore].
func (m *Memory) Clients(context.Context) (all []*partners.Client, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.clients {
		all = append(all, c.Clone())
	}
	slices.SortFunc(all, func(a, b *partners.Client) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// ClientsStamp implements [partners.ClientStore].
func (m *Memory) ClientsStamp(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stamp, nil
}

// SaveClient implements [partners.ClientStore].
func (m *Memory) SaveClient(_ context.Context, c *partners.Client, note partners.Access) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var was int64
	if stored, ok := m.clients[c.ID]; ok {
		was = stored.Revision
	}
	if was != c.Revision-1 {
		return partners.ErrRevision
	}
	m.clients[c.ID] = c.Clone()
	m.stamp++
	m.append(note)
	return nil
}

// AppendAccess implements [partners.AccessStore].
func (m *Memory) AppendAccess(_ context.Context, entries []partners.Access) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range entries {
		m.append(a)
	}
	return nil
}

func (m *Memory) append(a partners.Access) {
	i, _ := slices.BinarySearchFunc(m.log, a.ID, func(b partners.Access, id ledger.ID) int { return bytes.Compare(b.ID[:], id[:]) })
	m.log = slices.Insert(m.log, i, a)
}

// Accesses implements [partners.AccessStore].
func (m *Memory) Accesses(_ context.Context, f partners.AccessFilter) (found []*partners.Access, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range slices.Backward(m.log) {
		switch {
		case len(found) == f.Limit:
			return found, nil
		case !f.All && a.Partner != f.Partner, f.Client != "" && a.Client != f.Client, f.Kind != "" && a.Kind != f.Kind,
			f.Problems && a.Status < 400, !f.Before.IsZero() && bytes.Compare(a.ID[:], f.Before[:]) >= 0:
			continue
		}
		found = append(found, &a)
	}
	return found, nil
}

// ForgetAccess implements [partners.AccessStore].
func (m *Memory) ForgetAccess(_ context.Context, before time.Time, keep int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := max(len(m.log)-keep, 0)
	for n < len(m.log) && m.log[n].At.Before(before) {
		n++
	}
	m.log = slices.Delete(m.log, 0, n)
	return n, nil
}
