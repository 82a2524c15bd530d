package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

const messageColumns = `endpoint, sequence, type, at, created_at, data, state, round, attempts, next_at, last_at, took, code, answer, error`

const updateMessage = `UPDATE webhook_messages SET state = $1, attempts = $2, next_at = $3, last_at = $4, took = $5, code = $6,
	answer = $7, error = $8 WHERE endpoint = $9 AND sequence = $10 AND round = $11`

const requeueMessages = `UPDATE webhook_messages SET state = 'pending', round = round + 1, attempts = 0, next_at = 0
	WHERE endpoint = $1 AND sequence >= $2 AND sequence <= $3`

// forgetMessages leaves the last of each endpoint, from which numbering goes on.
const forgetMessages = `DELETE FROM webhook_messages WHERE endpoint = $1 AND sequence IN
	(SELECT m.sequence FROM webhook_messages AS m WHERE m.endpoint = $2 AND m.created_at < $3 AND m.state <> 'pending'
	AND m.sequence < (SELECT MAX(l.sequence) FROM webhook_messages AS l WHERE l.endpoint = $4) ORDER BY m.sequence LIMIT 1000)`

const (
	selectMessage = `SELECT ` + messageColumns + ` FROM webhook_messages WHERE endpoint = $1 AND sequence = $2`
	selectLast    = `SELECT ` + messageColumns + ` FROM webhook_messages WHERE endpoint = $1 AND type = $2 ORDER BY sequence DESC LIMIT 1`
	// selectDue returns one that is not due yet, if there is room for it: those due
	// come first.
	selectDue = `SELECT ` + messageColumns + ` FROM webhook_messages
		WHERE endpoint = $1 AND state = 'pending' ORDER BY next_at, sequence LIMIT $2`
	selectMessages = `SELECT ` + messageColumns + ` FROM webhook_messages
		WHERE endpoint = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3`
	selectMessagesInState = `SELECT ` + messageColumns + ` FROM webhook_messages
		WHERE endpoint = $1 AND sequence < $2 AND state = $3 ORDER BY sequence DESC LIMIT $4`
	// selectFailed says it in the words of the index.
	selectFailed = `SELECT ` + messageColumns + ` FROM webhook_messages
		WHERE endpoint = $1 AND sequence < $2 AND state = 'failed' ORDER BY sequence DESC LIMIT $3`
	selectBacklog = `SELECT endpoint, COUNT(*), MIN(created_at) FROM webhook_messages WHERE state = 'pending' GROUP BY endpoint`
)

// Publish implements [webhooks.Store].
func (s *Store) Publish(ctx context.Context, events ...webhooks.Event) error {
	t := told{outbox: &s.outbox}
	for _, e := range events {
		if err := t.tell(e, always); err != nil {
			return err
		}
	}
	if len(t.statements) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, t.statements...)
	if err == nil {
		t.notify()
	}
	return err
}

// PublishTo implements [webhooks.Store].
func (s *Store) PublishTo(ctx context.Context, endpoint ledger.ID, e webhooks.Event) (*webhooks.Message, error) {
	data, err := e.Encode()
	if err != nil {
		return nil, fmt.Errorf("sqlstore: event %s: %w", e.Type, err)
	}
	t := told{outbox: &s.outbox}
	t.add(endpoint, e, data, always)
	done, err := s.writer.do(ctx, t.statements...)
	if err != nil {
		return nil, err
	}
	if done[0].affected == 0 {
		return nil, webhooks.ErrNotFound
	}
	if _, err := s.Number(ctx); err != nil {
		return nil, err
	}
	t.notify()
	return one(ctx, s.reader, scanMessage, webhooks.ErrNotFound, selectLast, endpoint[:], string(e.Type))
}

// Notify implements [webhooks.Store].
func (s *Store) Notify(f func(ledger.ID)) { s.outbox.notified.Store(&f) }

// Due implements [webhooks.Store].
func (s *Store) Due(ctx context.Context, endpoint ledger.ID, now int64, limit int) (due []*webhooks.Message, next int64, err error) {
	all, err := list(ctx, s.reader, scanMessage, selectDue, endpoint[:], int64(limit+1))
	if err != nil {
		return nil, 0, err
	}
	for i, m := range all {
		if m.NextAt > now {
			return all[:min(i, limit)], m.NextAt, nil
		}
	}
	return all[:min(len(all), limit)], 0, nil
}

// SaveAttempts implements [webhooks.Store].
func (s *Store) SaveAttempts(ctx context.Context, all []*webhooks.Message) error {
	statements := make([]statement, 0, len(all))
	for _, m := range all {
		statements = append(statements, stmt(updateMessage, string(m.State), m.Attempts, m.NextAt, m.LastAt, m.Took, m.Code,
			m.Answer, m.Error, m.Endpoint[:], m.Sequence, m.Round))
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

// Message implements [webhooks.Store].
func (s *Store) Message(ctx context.Context, endpoint ledger.ID, sequence int64) (*webhooks.Message, error) {
	return one(ctx, s.reader, scanMessage, webhooks.ErrNotFound, selectMessage, endpoint[:], sequence)
}

// Messages implements [webhooks.Store].
func (s *Store) Messages(ctx context.Context, f webhooks.Filter) ([]*webhooks.Message, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	before, limit := f.Before, int64(f.Limit)
	if before == 0 {
		before = 1<<63 - 1
	}
	switch f.State {
	case "":
		return list(ctx, s.reader, scanMessage, selectMessages, f.Endpoint[:], before, limit)
	case webhooks.Failed:
		return list(ctx, s.reader, scanMessage, selectFailed, f.Endpoint[:], before, limit)
	}
	return list(ctx, s.reader, scanMessage, selectMessagesInState, f.Endpoint[:], before, string(f.State), limit)
}

// Requeue implements [webhooks.Store].
func (s *Store) Requeue(ctx context.Context, endpoint ledger.ID, first, last int64) (int64, error) {
	return s.writer.one(ctx, requeueMessages, endpoint[:], first, last)
}

// Backlog implements [webhooks.Store].
func (s *Store) Backlog(ctx context.Context) ([]webhooks.Backlog, error) {
	rows, err := list(ctx, s.reader, func(row scanner) (*webhooks.Backlog, error) {
		var b webhooks.Backlog
		return &b, row.Scan((*idColumn)(&b.Endpoint), &b.Pending, &b.Oldest)
	}, selectBacklog)
	all := make([]webhooks.Backlog, 0, len(rows))
	for _, b := range rows {
		all = append(all, *b)
	}
	return all, err
}

// ForgetMessages implements [webhooks.Store].
func (s *Store) ForgetMessages(ctx context.Context, before int64) (gone int64, err error) {
	for after := (ledger.ID{}); ; {
		page, err := s.Endpoints(ctx, "", after, listMax)
		if err != nil || len(page) == 0 {
			return gone, err
		}
		for _, e := range page {
			n, err := s.writer.one(ctx, forgetMessages, e.ID[:], e.ID[:], before, e.ID[:])
			if err != nil {
				return gone, err
			}
			gone, after = gone+n, e.ID
		}
	}
}

func scanMessage(row scanner) (*webhooks.Message, error) {
	var m webhooks.Message
	err := row.Scan((*idColumn)(&m.Endpoint), (*natural)(&m.Sequence), &m.Type, (*natural)(&m.At), (*natural)(&m.CreatedAt), &m.Data,
		&m.State, (*natural)(&m.Round), (*natural)(&m.Attempts), (*natural)(&m.NextAt), (*natural)(&m.LastAt), (*natural)(&m.Took),
		(*natural)(&m.Code), &m.Answer, &m.Error)
	switch {
	case err != nil:
	case m.State != webhooks.Pending && m.State != webhooks.Delivered && m.State != webhooks.Failed:
		err = fmt.Errorf("unknown state %q", m.State)
	case len(m.Data) < 2 || m.Data[0] != '{':
		err = fmt.Errorf("data of %d bytes is no JSON object", len(m.Data))
	}
	if err != nil {
		return nil, fmt.Errorf("webhook message %d of %s: %w", m.Sequence, m.Endpoint, err)
	}
	return &m, nil
}
