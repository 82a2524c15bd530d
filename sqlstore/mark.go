package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrNotArchived: the server keeps no archive of its write-ahead log, or does not
// get on with it, so it cannot be brought back to a restore point.
var ErrNotArchived = errors.New("sqlstore: the write-ahead log is not archived")

// Mark is a restore point in the write-ahead log of a PostgreSQL server.
type Mark struct {
	Name string
	LSN  string // where it stands
	File string // of the log, which the archive has
	Instant
}

const (
	// gateTimeout bounds how long a mark waits for the transactions under way.
	gateTimeout = "10s"
	// archivePatience bounds how long the server may take to archive a file.
	archivePatience = time.Minute
	archivePause    = 50 * time.Millisecond

	// Every transaction of a gateway writes to this table; see [markerSetting].
	shutGate     = `LOCK TABLE settings IN SHARE ROW EXCLUSIVE MODE`
	selectServer = `SELECT current_setting('archive_mode'), pg_is_in_recovery()`
	// The function's own privileges decide: pg_create_restore_point and
	// pg_switch_wal are a superuser's unless they are granted.
	createPoint    = `SELECT lsn::text, pg_walfile_name(lsn) FROM pg_create_restore_point($1) AS lsn`
	switchFile     = `SELECT pg_switch_wal()::text`
	selectArchived = `SELECT COALESCE(last_archived_wal, '') FROM pg_stat_archiver`
)

// MarkURL makes a named restore point in a PostgreSQL database's log, to which the
// server can be brought back, and waits until the archive has it. It calls cut at
// that instant: the gateway does not write while cut runs, so it must be quick. It
// returns [ErrNotArchived] when the server's log goes nowhere.
func MarkURL(ctx context.Context, url, name string, cut func() error) (m Mark, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return m, fmt.Errorf("sqlstore: database URL: %w", err)
	}
	config.RuntimeParams["lock_timeout"] = gateTimeout
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return m, fmt.Errorf("sqlstore: mark: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var mode string
	var standby bool
	if err := conn.QueryRow(ctx, selectServer).Scan(&mode, &standby); err != nil {
		return m, fmt.Errorf("sqlstore: mark: %w", err)
	}
	if mode == "off" || standby {
		return m, fmt.Errorf("%w: the server has archive_mode = %s, standby %t; want on, on the primary", ErrNotArchived, mode, standby)
	}
	m.Name = name
	if err := m.make(ctx, conn, cut); err != nil {
		return m, fmt.Errorf("sqlstore: mark: %w", err)
	}
	return m, m.archived(ctx, conn)
}

// make makes the point while nobody writes.
func (m *Mark) make(ctx context.Context, conn *pgx.Conn, cut func() error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	err = m.within(ctx, tx, cut)
	if err == nil {
		return tx.Commit(ctx)
	}
	return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
}

func (m *Mark) within(ctx context.Context, tx pgx.Tx, cut func() error) error {
	if err := tx.QueryRow(ctx, selectVersion).Scan(&m.Version); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, selectErased)
	if err != nil {
		return err
	}
	m.Erased, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a ledger.Account, err error) {
		return a, row.Scan((*accountColumn)(&a))
	})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, shutGate); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, createPoint, m.Name).Scan(&m.LSN, &m.File); err != nil {
		return err
	}
	return cut()
}

// archived waits until the archive has the file in which the point stands.
func (m *Mark) archived(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, archivePatience)
	defer cancel()
	var last string
	if err := conn.QueryRow(ctx, switchFile).Scan(&last); err != nil {
		return fmt.Errorf("sqlstore: mark: %w", err)
	}
	for {
		if err := conn.QueryRow(ctx, selectArchived).Scan(&last); err != nil {
			return fmt.Errorf("%w: it has %q, and not %s yet: %w", ErrNotArchived, last, m.File, err)
		}
		// Names of files of one timeline are in order; others beside them are longer.
		if len(last) >= len(m.File) && last[:len(m.File)] >= m.File {
			return nil
		}
		select {
		case <-time.After(archivePause):
		case <-ctx.Done():
			return fmt.Errorf("%w: the archive has %q after %s, and not %s; see archive_command and the server's log", ErrNotArchived, last, archivePatience, m.File)
		}
	}
}
