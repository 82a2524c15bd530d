package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// In a cluster several gateways tell one endpoint at once. The next number of an
// endpoint is a row that all of them would wait for at every commit, so they only lay
// down what they tell, and the gateway that leads numbers it.

// insertPending stands where [insertMessage] stands in a store without a slot; the
// conditions follow it as well.
const insertPending = `INSERT INTO webhook_pending (placed, id, type, at, created_at, data, endpoint)
	SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, uuid_send(gen_random_uuid()), $1, $2, $3, $4, e.id
	FROM webhook_endpoints AS e WHERE e.id = $5`

const (
	selectPending = `SELECT DISTINCT endpoint FROM webhook_pending`
	// numberPending moves what waits for one endpoint, as it came. What is there for an
	// endpoint that was deleted goes.
	numberPending = `WITH first AS (SELECT placed, id FROM webhook_pending WHERE endpoint = $1 ORDER BY placed, id LIMIT 500),
		gone AS (DELETE FROM webhook_pending AS p USING first AS f WHERE p.endpoint = $1 AND p.placed = f.placed AND p.id = f.id RETURNING p.*)
		INSERT INTO webhook_messages (endpoint, sequence, type, at, created_at, data, state, round, attempts, next_at, last_at, took, code, answer, error)
		SELECT e.id, COALESCE((SELECT MAX(m.sequence) FROM webhook_messages AS m WHERE m.endpoint = $1), 0) + ROW_NUMBER() OVER (ORDER BY g.placed, g.id),
		g.type, g.at, g.created_at, g.data, 'pending', 0, 0, 0, 0, 0, 0, '', '' FROM gone AS g JOIN webhook_endpoints AS e ON e.id = g.endpoint`
)

// pendingOf is the statement with one of the conditions under which there is
// something to tell.
func pendingOf(condition string) string { return insertPending + condition[len(insertMessage):] }

// Number implements [webhooks.Store].
func (s *Store) Number(ctx context.Context) (int64, error) {
	if !s.outbox.shared {
		return 0, nil
	}
	return s.number(ctx)
}

// numberLeft numbers what a cluster has left to a store that is alone.
func (s *Store) numberLeft(ctx context.Context) error {
	for {
		if n, err := s.number(ctx); n == 0 || err != nil {
			return err
		}
	}
}

func (s *Store) number(ctx context.Context) (int64, error) {
	rows, err := list(ctx, s.reader, func(row scanner) (*sql.Null[ledger.ID], error) {
		var id sql.Null[ledger.ID]
		return &id, row.Scan((*idColumn)(&id.V))
	}, selectPending)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	statements := make([]statement, len(rows))
	for i, r := range rows {
		statements[i] = stmt(numberPending, r.V[:])
	}
	done, err := s.writer.do(ctx, statements...)
	if err != nil {
		return 0, err
	}
	var n int64
	endpoints := make([]ledger.ID, len(rows))
	for i, r := range rows {
		n, endpoints[i] = n+done[i].affected, r.V
	}
	s.outbox.notify(endpoints)
	return n, nil
}

// subscribersEvery is how old a store of a cluster knows the subscribers at most, who
// may be changed by another gateway.
const subscribersEvery = 400 * time.Millisecond

// follow reads the subscribers from time to time until the store is closed.
func (s *Store) follow() {
	defer close(s.followed)
	for {
		select {
		case <-s.closing:
			return
		case <-time.After(subscribersEvery):
		}
		if err := s.outbox.load(context.Background(), s.reader); err != nil {
			s.writer.logger.Warn("store: subscribers could not be read; they are as they were", "error", err)
		}
	}
}
