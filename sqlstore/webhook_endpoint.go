package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

const endpointColumns = `id, partner, url, description, events, status, reason, disabled_at, failing_since, secrets,
	created_at, updated_at, version`

// insertEndpoint inserts nothing when the partner has as many as it may have.
const insertEndpoint = `INSERT INTO webhook_endpoints (` + endpointColumns + `)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
	WHERE (SELECT COUNT(*) FROM webhook_endpoints WHERE partner = $14) < $15`

const updateEndpoint = `UPDATE webhook_endpoints SET url = $1, description = $2, events = $3, status = $4, reason = $5,
	disabled_at = $6, failing_since = $7, secrets = $8, updated_at = $9, version = version + 1 WHERE id = $10 AND version = $11`

const (
	deleteEndpoint         = `DELETE FROM webhook_endpoints WHERE id = $1`
	deleteEndpointMessages = `DELETE FROM webhook_messages WHERE endpoint = $1`

	selectEndpoint           = `SELECT ` + endpointColumns + ` FROM webhook_endpoints WHERE id = $1`
	selectEndpoints          = `SELECT ` + endpointColumns + ` FROM webhook_endpoints WHERE id > $1 ORDER BY id LIMIT $2`
	selectEndpointsOfPartner = `SELECT ` + endpointColumns + ` FROM webhook_endpoints WHERE partner = $1 AND id > $2 ORDER BY id LIMIT $3`
	selectEnabledEndpoints   = `SELECT ` + endpointColumns + ` FROM webhook_endpoints WHERE status = 'enabled' ORDER BY id`
)

// CreateEndpoint implements [webhooks.Store].
func (s *Store) CreateEndpoint(ctx context.Context, e *webhooks.Endpoint) error {
	secrets, err := json.Marshal(e.Secrets)
	if err != nil {
		return err
	}
	n, err := s.writer.one(ctx, insertEndpoint, e.ID[:], e.Partner, e.URL, e.Description, strings.Join(e.Events, " "),
		string(e.Status), string(e.Reason), e.DisabledAt, e.FailingSince, string(secrets), e.CreatedAt, e.UpdatedAt, int64(1),
		e.Partner, int64(webhooks.EndpointsMax))
	if err == nil && n == 0 {
		return webhooks.ErrTooMany
	}
	return errors.Join(err, s.outbox.load(ctx, s.reader))
}

// UpdateEndpoint implements [webhooks.Store].
func (s *Store) UpdateEndpoint(ctx context.Context, e *webhooks.Endpoint, events ...webhooks.Event) error {
	secrets, err := json.Marshal(e.Secrets)
	if err != nil {
		return err
	}
	told, err := s.outbox.change(e, events)
	if err != nil {
		return err
	}
	done, err := s.writer.do(ctx, append(told.statements, stmt(updateEndpoint, e.URL, e.Description, strings.Join(e.Events, " "),
		string(e.Status), string(e.Reason), e.DisabledAt, e.FailingSince, string(secrets), e.UpdatedAt, e.ID[:], e.Version))...)
	if err != nil {
		return err
	}
	if done[len(done)-1].affected == 0 {
		if _, err := s.Endpoint(ctx, e.ID); err != nil {
			return err
		}
		return webhooks.ErrChanged
	}
	err = s.outbox.load(ctx, s.reader)
	told.notify()
	return err
}

// DeleteEndpoint implements [webhooks.Store].
func (s *Store) DeleteEndpoint(ctx context.Context, id ledger.ID) error {
	done, err := s.writer.do(ctx, stmt(deleteEndpointMessages, id[:]), stmt(deleteEndpoint, id[:]))
	if err == nil && done[1].affected == 0 {
		return webhooks.ErrNotFound
	}
	return errors.Join(err, s.outbox.load(ctx, s.reader))
}

// Endpoint implements [webhooks.Store].
func (s *Store) Endpoint(ctx context.Context, id ledger.ID) (*webhooks.Endpoint, error) {
	return one(ctx, s.reader, scanEndpoint, webhooks.ErrNotFound, selectEndpoint, id[:])
}

// Endpoints implements [webhooks.Store].
func (s *Store) Endpoints(ctx context.Context, partner string, after ledger.ID, limit int) ([]*webhooks.Endpoint, error) {
	if partner == "" {
		return list(ctx, s.reader, scanEndpoint, selectEndpoints, after[:], int64(max(limit, 0)))
	}
	return list(ctx, s.reader, scanEndpoint, selectEndpointsOfPartner, partner, after[:], int64(max(limit, 0)))
}

func scanEndpoint(row scanner) (*webhooks.Endpoint, error) {
	var e webhooks.Endpoint
	var events, secrets string
	err := row.Scan((*idColumn)(&e.ID), &e.Partner, &e.URL, &e.Description, &events, &e.Status, &e.Reason,
		(*natural)(&e.DisabledAt), (*natural)(&e.FailingSince), &secrets, (*natural)(&e.CreatedAt), (*natural)(&e.UpdatedAt), (*natural)(&e.Version))
	if err == nil && e.Status != webhooks.Enabled && e.Status != webhooks.Disabled {
		err = fmt.Errorf("unknown status %q", e.Status)
	}
	if err == nil {
		err = json.Unmarshal([]byte(secrets), &e.Secrets)
	}
	if err != nil {
		return nil, rowError("webhook endpoint", e.ID, err)
	}
	e.Events = strings.Fields(events)
	return &e, nil
}
