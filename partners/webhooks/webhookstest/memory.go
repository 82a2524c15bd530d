package webhookstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// Memory is a [webhooks.Store] in memory.
type Memory struct {
	now      func() time.Time
	mu       sync.Mutex
	all      []*webhooks.Endpoint // by ID
	messages map[ledger.ID][]*webhooks.Message
	last     map[ledger.ID]int64
	marks    map[[2]string]string
	notify   func(ledger.ID)
}

// NewMemory returns an empty store, whose messages bear the time of a clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, messages: map[ledger.ID][]*webhooks.Message{}, last: map[ledger.ID]int64{},
		marks: map[[2]string]string{}, notify: func(ledger.ID) {}}
}

func (m *Memory) find(id ledger.ID) (int, bool) {
	return slices.BinarySearchFunc(m.all, id, func(e *webhooks.Endpoint, id ledger.ID) int { return slices.Compare(e.ID[:], id[:]) })
}

// CreateEndpoint implements [webhooks.Store].
func (m *Memory) CreateEndpoint(_ context.Context, e *webhooks.Endpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, other := range m.all {
		if other.Partner == e.Partner {
			n++
		}
	}
	if n >= webhooks.EndpointsMax {
		return webhooks.ErrTooMany
	}
	i, _ := m.find(e.ID)
	m.all = slices.Insert(m.all, i, e.Clone())
	return nil
}

// UpdateEndpoint implements [webhooks.Store].
func (m *Memory) UpdateEndpoint(_ context.Context, e *webhooks.Endpoint, events ...webhooks.Event) error {
	m.mu.Lock()
	i, ok := m.find(e.ID)
	if !ok {
		m.mu.Unlock()
		return webhooks.ErrNotFound
	}
	if m.all[i].Version != e.Version {
		m.mu.Unlock()
		return webhooks.ErrChanged
	}
	next := e.Clone()
	next.Version++
	next.Partner, next.CreatedAt = m.all[i].Partner, m.all[i].CreatedAt
	var told []ledger.ID
	for _, event := range events {
		told = append(told, m.tell(event, e.ID)...)
	}
	m.all[i] = next
	m.mu.Unlock()
	return m.wake(told)
}

// DeleteEndpoint implements [webhooks.Store].
func (m *Memory) DeleteEndpoint(_ context.Context, id ledger.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.find(id)
	if !ok {
		return webhooks.ErrNotFound
	}
	m.all = slices.Delete(m.all, i, i+1)
	delete(m.messages, id)
	return nil
}

// Endpoint implements [webhooks.Store].
func (m *Memory) Endpoint(_ context.Context, id ledger.ID) (*webhooks.Endpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.find(id)
	if !ok {
		return nil, webhooks.ErrNotFound
	}
	return m.all[i].Clone(), nil
}

// Endpoints implements [webhooks.Store].
func (m *Memory) Endpoints(_ context.Context, partner string, after ledger.ID, limit int) (found []*webhooks.Endpoint, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.all {
		if (partner == "" || e.Partner == partner) && slices.Compare(e.ID[:], after[:]) > 0 && len(found) < limit {
			found = append(found, e.Clone())
		}
	}
	return found, nil
}

// tell makes messages of an event, for itself whatever its status.
func (m *Memory) tell(e webhooks.Event, itself ledger.ID) (told []ledger.ID) {
	for _, endpoint := range m.all {
		enabled := endpoint.Status == webhooks.Enabled && e.Concerns(endpoint.Partner)
		if (enabled || endpoint.ID == itself) && webhooks.Subscribed(endpoint.Events, e.Type) {
			m.add(endpoint.ID, e)
			told = append(told, endpoint.ID)
		}
	}
	return told
}

func (m *Memory) add(endpoint ledger.ID, e webhooks.Event) *webhooks.Message {
	data, err := e.Encode()
	if err != nil {
		panic(err)
	}
	m.last[endpoint]++
	made := &webhooks.Message{Endpoint: endpoint, Sequence: m.last[endpoint], Type: e.Type, At: e.At, CreatedAt: m.now().UnixMilli(),
		Data: data, State: webhooks.Pending}
	m.messages[endpoint] = append(m.messages[endpoint], made)
	return made
}

func (m *Memory) wake(told []ledger.ID) error {
	m.mu.Lock()
	notify := m.notify
	m.mu.Unlock()
	for _, id := range told {
		notify(id)
	}
	return nil
}
