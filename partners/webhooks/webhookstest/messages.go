package webhookstest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// Publish implements [webhooks.Store].
func (m *Memory) Publish(_ context.Context, events ...webhooks.Event) error {
	m.mu.Lock()
	var told []ledger.ID
	for _, e := range events {
		told = append(told, m.tell(e, ledger.ID{})...)
	}
	m.mu.Unlock()
	return m.wake(told)
}

// PublishTo implements [webhooks.Store].
func (m *Memory) PublishTo(_ context.Context, endpoint ledger.ID, e webhooks.Event) (*webhooks.Message, error) {
	m.mu.Lock()
	i, ok := m.find(endpoint)
	if !ok || m.all[i].Status != webhooks.Enabled {
		m.mu.Unlock()
		return nil, webhooks.ErrNotFound
	}
	made := m.add(endpoint, e).Clone()
	m.mu.Unlock()
	return made, m.wake([]ledger.ID{endpoint})
}

// Number implements [webhooks.Store]: nobody else publishes here.
func (m *Memory) Number(context.Context) (int64, error) { return 0, nil }

// Notify implements [webhooks.Store].
func (m *Memory) Notify(f func(ledger.ID)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notify = f
}

// Due implements [webhooks.Store].
func (m *Memory) Due(_ context.Context, endpoint ledger.ID, now int64, limit int) (due []*webhooks.Message, next int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pending []*webhooks.Message
	for _, one := range m.messages[endpoint] {
		if one.State == webhooks.Pending {
			pending = append(pending, one.Clone())
		}
	}
	slices.SortStableFunc(pending, func(a, b *webhooks.Message) int { return cmp.Compare(a.NextAt, b.NextAt) })
	for _, one := range pending {
		if one.NextAt > now {
			return due, one.NextAt, nil
		}
		if len(due) < limit {
			due = append(due, one)
		}
	}
	return due, 0, nil
}

// SaveAttempts implements [webhooks.Store].
func (m *Memory) SaveAttempts(_ context.Context, all []*webhooks.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, done := range all {
		if kept := m.message(done.Endpoint, done.Sequence); kept != nil && kept.Round == done.Round {
			kept.State, kept.Attempts, kept.NextAt = done.State, done.Attempts, done.NextAt
			kept.LastAt, kept.Took, kept.Code, kept.Answer, kept.Error = done.LastAt, done.Took, done.Code, done.Answer, done.Error
		}
	}
	return nil
}

func (m *Memory) message(endpoint ledger.ID, sequence int64) *webhooks.Message {
	for _, one := range m.messages[endpoint] {
		if one.Sequence == sequence {
			return one
		}
	}
	return nil
}

// Message implements [webhooks.Store].
func (m *Memory) Message(_ context.Context, endpoint ledger.ID, sequence int64) (*webhooks.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one := m.message(endpoint, sequence); one != nil {
		return one.Clone(), nil
	}
	return nil, webhooks.ErrNotFound
}

// Messages implements [webhooks.Store].
func (m *Memory) Messages(_ context.Context, f webhooks.Filter) (found []*webhooks.Message, _ error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, fmt.Errorf("webhookstest: limit is %d, must be 1 to 200", f.Limit)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range slices.Backward(m.messages[f.Endpoint]) {
		if (f.State == "" || one.State == f.State) && (f.Before == 0 || one.Sequence < f.Before) && len(found) < f.Limit {
			found = append(found, one.Clone())
		}
	}
	return found, nil
}

// Requeue implements [webhooks.Store].
func (m *Memory) Requeue(_ context.Context, endpoint ledger.ID, first, last int64) (n int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.messages[endpoint] {
		if one.Sequence >= first && one.Sequence <= last {
			one.State, one.Attempts, one.NextAt = webhooks.Pending, 0, 0
			one.Round++
			n++
		}
	}
	return n, nil
}

// Backlog implements [webhooks.Store].
func (m *Memory) Backlog(context.Context) (all []webhooks.Backlog, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, messages := range m.messages {
		b := webhooks.Backlog{Endpoint: id}
		for _, one := range messages {
			if one.State == webhooks.Pending {
				if b.Pending++; b.Pending == 1 {
					b.Oldest = one.CreatedAt
				}
			}
		}
		if b.Pending > 0 {
			all = append(all, b)
		}
	}
	return all, nil
}

// ForgetMessages implements [webhooks.Store].
func (m *Memory) ForgetMessages(_ context.Context, before int64) (gone int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, messages := range m.messages {
		m.messages[id] = slices.DeleteFunc(messages, func(one *webhooks.Message) bool {
			old := one.State != webhooks.Pending && one.CreatedAt < before && one.Sequence < m.last[id]
			if old {
				gone++
			}
			return old
		})
	}
	return gone, nil
}

// Marks implements [webhooks.Store].
func (m *Memory) Marks(_ context.Context, kind string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]string{}
	for key, value := range m.marks {
		if key[0] == kind {
			all[key[1]] = value
		}
	}
	return all, nil
}

// Mark implements [webhooks.Store].
func (m *Memory) Mark(_ context.Context, marks ...webhooks.Mark) error {
	m.mu.Lock()
	var told []ledger.ID
	for _, mark := range marks {
		key := [2]string{mark.Kind, mark.Name}
		if before, known := m.marks[key]; mark.Event != nil && (!known || before != mark.Value) {
			told = append(told, m.tell(*mark.Event, ledger.ID{})...)
		}
		m.marks[key] = mark.Value
	}
	m.mu.Unlock()
	return m.wake(told)
}
