package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pointgrid/pointgrid/cluster"
)

// Leases fills [cluster.Leases] with a PostgreSQL database, by the server's clock. It
// has connections of its own: a lease is renewed while the store's writer waits.
type Leases struct {
	db     *sql.DB
	logger *slog.Logger
}

var _ cluster.Leases = (*Leases)(nil)

// leaseConnections serve renewing and what else the cluster asks.
const leaseConnections = 3

// The database's clock, in milliseconds since 1970. Unlike now() it goes on during a
// transaction, so one that has waited for a row does not judge by an old time.
const dbNow = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

const (
	// insertLease takes the lowest slot that is free. Of two that look at the same
	// moment one finds it taken and gets no row.
	insertLease = `INSERT INTO cluster_slots AS s (number, token, address, since, until, ttl)
		SELECT n, 1, $1, ` + dbNow + `, ` + dbNow + ` + $2, $2 FROM generate_series(0, 255) AS n
		WHERE NOT EXISTS (SELECT 1 FROM cluster_slots AS o WHERE o.number = n AND o.until <> 0) ORDER BY n LIMIT 1
		ON CONFLICT (number) DO UPDATE SET token = s.token + 1, address = excluded.address,
		since = excluded.since, until = excluded.until, ttl = excluded.ttl WHERE s.until = 0
		RETURNING number, token`
	selectVacancy = `SELECT count(*) FILTER (WHERE until <> 0), count(*) FILTER (WHERE until > ` + dbNow + `) FROM cluster_slots`
	// oldestLease takes the slot that ran out first.
	oldestLease = `UPDATE cluster_slots SET token = token + 1, address = $1, since = ` + dbNow + `, until = ` + dbNow + ` + $2, ttl = $2
		WHERE number = (SELECT number FROM cluster_slots ORDER BY until, number LIMIT 1) RETURNING number, token`

	renewLease = `UPDATE cluster_slots SET since = CASE WHEN until > ` + dbNow + ` THEN since ELSE ` + dbNow + ` END,
		until = ` + dbNow + ` + $3, ttl = $3 WHERE number = $1 AND token = $2 AND until <> 0`
	leaveSlot = `UPDATE cluster_slots SET token = token + 1, until = ` + dbNow + ` WHERE number = $1 AND token = $2 AND until <> 0
		RETURNING token`
	freeSlot = `UPDATE cluster_slots SET until = 0 WHERE number = $1 AND token = $2 AND until <= ` + dbNow

	selectGateways = `SELECT number, token, address, until > ` + dbNow + ` FROM cluster_slots WHERE until <> 0 ORDER BY number`
	// selectLease says whether the lease holds, and whether for long enough to call
	// others dead.
	selectLease = `SELECT until > ` + dbNow + `, since + ttl <= ` + dbNow + ` FROM cluster_slots WHERE number = $1 AND token = $2 AND until <> 0`
)

// OpenLeases reaches the leases in the database of o.URL, once it has brought the
// schema up to date. It returns [ErrNoCluster] without a URL, [ErrInUse] when a store
// without a slot is open there, and [ErrForeign] or [ErrNewer].
func OpenLeases(ctx context.Context, o Options) (*Leases, error) {
	if o.URL == "" {
		return nil, ErrNoCluster
	}
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: database URL: %w", err) // it says what is wrong without the password
	}
	where := place(config)
	if err := prepareCluster(ctx, config, o.Logger); err != nil {
		return nil, fmt.Errorf("sqlstore: leases in %s: %w", where, err)
	}
	c := config.Copy()
	for name, value := range map[string]string{
		"application_name": "pointgrid leases", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "5000",
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
	} {
		c.RuntimeParams[name] = value
	}
	db := stdlib.OpenDB(*c, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		return checkServer(ctx, conn.PgConn(), o.Logger)
	}))
	db.SetMaxOpenConns(leaseConnections)
	db.SetMaxIdleConns(leaseConnections)
	return &Leases{db: db, logger: o.Logger}, nil
}

// Close closes the connections; leases that were not left run out.
func (l *Leases) Close() error { return l.db.Close() }

// Join implements [cluster.Leases].
func (l *Leases) Join(ctx context.Context, address string, ttl time.Duration) (cluster.Slot, error) {
	if err := cluster.CheckLease(address, ttl); err != nil {
		return cluster.Slot{}, err
	}
	for range cluster.SlotsMax { // each time another gateway got a slot
		s, err := scanSlot(l.db.QueryRowContext(ctx, insertLease, address, ttl.Milliseconds()))
		if !errors.Is(err, sql.ErrNoRows) {
			return s, leaseError("join", err)
		}
		var leased, alive int
		if err := l.db.QueryRowContext(ctx, selectVacancy).Scan(&leased, &alive); err != nil {
			return s, leaseError("join", err)
		}
		if leased == cluster.SlotsMax && alive == 0 {
			return l.takeOverAll(ctx, address, ttl)
		}
		if leased == cluster.SlotsMax {
			break
		}
	}
	return cluster.Slot{}, cluster.ErrFull
}

// takeOverAll fences all slots, none of which is alive, and leases one.
func (l *Leases) takeOverAll(ctx context.Context, address string, ttl time.Duration) (s cluster.Slot, err error) {
	err = l.transact(ctx, "join", func(tx *sql.Tx) error {
		var alive int
		if _, err := tx.ExecContext(ctx, "LOCK TABLE cluster_slots IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, selectVacancy).Scan(new(int), &alive); err != nil {
			return err
		}
		if alive > 0 {
			return cluster.ErrFull
		}
		for n := range cluster.SlotsMax {
			if _, err := raise(ctx, tx, `UPDATE cluster_slots SET token = token + 1 WHERE number = $1 RETURNING token`, int64(n)); err != nil {
				return err
			}
		}
		s, err = scanSlot(tx.QueryRowContext(ctx, oldestLease, address, ttl.Milliseconds()))
		return err
	})
	return s, err
}

func scanSlot(row *sql.Row) (cluster.Slot, error) {
	var number, token int64
	err := row.Scan(&number, &token)
	return cluster.Slot{Number: uint8(number), Token: uint64(token)}, err
}

// Renew implements [cluster.Leases].
func (l *Leases) Renew(ctx context.Context, s cluster.Slot, ttl time.Duration) error {
	if err := cluster.CheckLease("", ttl); err != nil {
		return err
	}
	return l.change(ctx, "renew", cluster.ErrLost, renewLease, int64(s.Number), int64(s.Token), ttl.Milliseconds())
}

// change executes a statement and returns none when it changed nothing.
func (l *Leases) change(ctx context.Context, what string, none error, query string, args ...any) error {
	result, err := l.db.ExecContext(ctx, query, args...)
	if err != nil {
		return leaseError(what, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(none, err)
	}
	return nil
}

// leaseError adds what was being done to an error that is none of the port's.
func leaseError(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}

// Gateways implements [cluster.Leases].
func (l *Leases) Gateways(ctx context.Context) (all []cluster.Gateway, err error) {
	rows, err := l.db.QueryContext(ctx, selectGateways)
	if err != nil {
		return nil, leaseError("gateways", err)
	}
	defer rows.Close()
	for rows.Next() {
		var g cluster.Gateway
		if err := rows.Scan(&g.Number, &g.Token, &g.Address, &g.Alive); err != nil {
			return nil, leaseError("gateways", err)
		}
		all = append(all, g)
	}
	return all, leaseError("gateways", rows.Err())
}

// own returns nil when the lease holds, [cluster.ErrLost] or [cluster.ErrLapsed], and
// whether it has held for long enough to call others dead.
func own(ctx context.Context, q queryer, s cluster.Slot) (senior bool, err error) {
	var alive bool
	err = q.QueryRowContext(ctx, selectLease, int64(s.Number), int64(s.Token)).Scan(&alive, &senior)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, cluster.ErrLost
	case err == nil && !alive:
		return false, cluster.ErrLapsed
	}
	return senior, err
}

// queryer is a database or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// transact executes steps as one.
func (l *Leases) transact(ctx context.Context, what string, steps func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return leaseError(what, err)
	}
	if err := steps(tx); err != nil {
		if back := tx.Rollback(); back != nil {
			l.logger.Warn("leases: rollback failed", "error", back)
		}
		return leaseError(what, err)
	}
	return leaseError(what, tx.Commit())
}
