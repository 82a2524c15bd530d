package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

// statusRunning marks a request that has begun and not finished; no answer has
// this status.
const statusRunning = 0

// beginRequest reserves the key, or takes over a reservation of the same request
// that is older than its lease.
const beginRequest = `INSERT INTO requests (client, route, request_key, request_hash, begun_at, status, content_type, location, body)
	VALUES ($1, $2, $3, $4, $5, 0, '', '', NULL)
	ON CONFLICT (client, route, request_key) DO UPDATE SET begun_at = excluded.begun_at
	WHERE requests.status = 0 AND requests.request_hash = excluded.request_hash AND requests.begun_at < $6`

const finishRequest = `UPDATE requests SET status = $1, content_type = $2, location = $3, body = $4
	WHERE client = $5 AND route = $6 AND request_key = $7 AND request_hash = $8 AND status = 0`

const abandonRequest = `DELETE FROM requests
	WHERE client = $1 AND route = $2 AND request_key = $3 AND request_hash = $4 AND status = 0`

const selectRequest = `SELECT request_hash, status, content_type, location, body FROM requests
	WHERE client = $1 AND route = $2 AND request_key = $3`

const forgetRequests = `DELETE FROM requests WHERE (client, route, request_key) IN
	(SELECT client, route, request_key FROM requests WHERE begun_at < $1 LIMIT 500)`

// errNoRequest: the request that stood in the way is gone.
var errNoRequest = errors.New("no such request")

// Begin implements [idempotency.Store]. Another hash is a mismatch even when the
// reservation is that of a program that died: what it did is not known.
func (s *Store) Begin(ctx context.Context, r idempotency.Request, now time.Time, lease time.Duration) (*idempotency.Answer, error) {
	for {
		n, err := s.writer.one(ctx, beginRequest, r.Client, r.Route, r.Key, r.Hash[:],
			now.UnixMilli(), now.Add(-lease).UnixMilli())
		if err != nil || n == 1 {
			return nil, err
		}
		found, err := one(ctx, s.reader, scanRequest, errNoRequest, selectRequest, r.Client, r.Route, r.Key)
		switch {
		case errors.Is(err, errNoRequest):
			continue // abandoned or forgotten since; try to reserve it again
		case err != nil:
			return nil, err
		case found.hash != r.Hash:
			return nil, idempotency.ErrMismatch
		case found.answer.Status == statusRunning:
			return nil, idempotency.ErrRunning
		}
		return &found.answer, nil
	}
}

// Finish implements [idempotency.Store]. Without a reservation it is an error,
// and so is a second answer: the first was perhaps sent.
func (s *Store) Finish(ctx context.Context, r idempotency.Request, a idempotency.Answer, _ time.Time) error {
	if a.Status < 100 || a.Status > 599 {
		return fmt.Errorf("sqlstore: answer has status %d, must be 100 to 599", a.Status)
	}
	n, err := s.writer.one(ctx, finishRequest, int64(a.Status), a.ContentType, a.Location, a.Body,
		r.Client, r.Route, r.Key, r.Hash[:])
	if err == nil && n == 0 {
		return fmt.Errorf("sqlstore: no request with this key is running on %s", r.Route)
	}
	return err
}

// Abandon implements [idempotency.Store]. Giving up what is not reserved does
// nothing.
func (s *Store) Abandon(ctx context.Context, r idempotency.Request) error {
	_, err := s.writer.one(ctx, abandonRequest, r.Client, r.Route, r.Key, r.Hash[:])
	return err
}

// Forget implements [idempotency.Store]. Age counts from Begin.
func (s *Store) Forget(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for {
		n, err := s.writer.one(ctx, forgetRequests, before.UnixMilli())
		total += int(n)
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// request is a stored request.
type request struct {
	hash   ledger.Hash
	answer idempotency.Answer
}

func scanRequest(row scanner) (*request, error) {
	var r request
	var status natural
	err := row.Scan((*hashColumn)(&r.hash), &status, &r.answer.ContentType, &r.answer.Location, &r.answer.Body)
	if err == nil && status != statusRunning && (status < 100 || status > 599) {
		err = fmt.Errorf("column status: %d is not an HTTP status", status)
	}
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		return nil, fmt.Errorf("sqlstore: request: %w", err)
	}
	r.answer.Status = int(status)
	return &r, nil
}
