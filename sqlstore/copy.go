package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"

	"github.com/pointgrid/pointgrid/ledger"
)

const (
	// copyStep is how many pages are copied before the context is looked at: 4 MiB.
	copyStep = 1024
	// cutPatience bounds how long a copy tries to get between two transactions of
	// the writer, and cutPause lies between two tries. SQLite's own way of waiting
	// pauses for so long that a busy writer would never let it in.
	cutPatience = 30 * time.Second
	cutPause    = 50 * time.Microsecond

	selectVersion = `SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`
)

// Version is the number of the last migration that this program knows.
func Version() (int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil || len(entries) == 0 {
		return 0, errors.Join(err, errors.New("sqlstore: no migrations"))
	}
	var n int64
	_, err = fmt.Sscanf(entries[len(entries)-1].Name(), "%d_", &n)
	return n, err
}

// Instant is what a database shows at the instant of its copy.
type Instant struct {
	Version int64            // number of the last migration
	Erased  []ledger.Account // of members who were forgotten
}

// CopyFile copies the store in a SQLite file into a new file, durably. Another process may have the store open and
// write to it; what it writes after the copy began is not in the copy. It calls cut
// at the instant that the copy shows: nobody writes to the store while cut runs, so
// it must be quick. It returns [ErrForeign] for a file of another program and
// [ErrBusy] when the writer does not let it in.
func CopyFile(ctx context.Context, path, into string, cut func() error) (at Instant, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return at, fmt.Errorf("sqlstore: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return at, fmt.Errorf("sqlstore: copy: %w", err)
	}
	if err := claimFile(ctx, path); err != nil {
		return at, fmt.Errorf("sqlstore: copy %s: %w", path, err)
	}
	source, err := sqliteConn(ctx, dsn(path, "query_only(1)", "cache_size(-8192)"))
	if err != nil {
		return at, fmt.Errorf("sqlstore: copy %s: %w", path, err)
	}
	defer source.Close()
	if at, err = freeze(ctx, path, source, cut); err != nil {
		return at, fmt.Errorf("sqlstore: copy %s: %w", path, err)
	}
	if err := copyPages(ctx, source, into); err != nil {
		return at, fmt.Errorf("sqlstore: copy to %s: %w", into, err)
	}
	return at, nil
}

func sqliteConn(ctx context.Context, dsn string) (driver.Conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector.Connect(ctx)
}

// freeze begins a reading transaction on the source, which fixes what the copy
// shows, and calls cut while no other connection can write.
func freeze(ctx context.Context, path string, source driver.Conn, cut func() error) (at Instant, err error) {
	gate, err := sqliteConn(ctx, dsn(path, "busy_timeout(0)"))
	if err != nil {
		return at, err
	}
	err = shut(ctx, gate)
	if err == nil {
		err = errors.Join(perform(ctx, source, "BEGIN"), ask(ctx, source, selectVersion, func(v driver.Value) error {
			at.Version, _ = v.(int64)
			return nil
		}), cut())
	}
	if err := errors.Join(err, gate.Close()); err != nil { // ends its transaction, too
		return at, err
	}
	return at, ask(ctx, source, selectErased, func(v driver.Value) error {
		at.Erased = append(at.Erased, ledger.Account{})
		return scanBytes(at.Erased[len(at.Erased)-1][:], v)
	})
}

// shut takes the right to write as soon as the writer is between two transactions.
func shut(ctx context.Context, gate driver.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, cutPatience)
	defer cancel()
	for {
		err := perform(ctx, gate, "BEGIN IMMEDIATE")
		var e *sqlite.Error
		if !errors.As(err, &e) || e.Code()&0xff != sqliteBusy {
			return err
		}
		select {
		case <-time.After(cutPause):
		case <-ctx.Done():
			return fmt.Errorf("%w: it was being written to for %s without a pause", ErrBusy, cutPatience)
		}
	}
}

// sqliteBusy is the code of a lock that another connection holds.
const sqliteBusy = 5

func perform(ctx context.Context, conn driver.Conn, query string) error {
	_, err := conn.(driver.ExecerContext).ExecContext(context.WithoutCancel(ctx), query, nil)
	return err
}

// ask calls visit with the one column of each row of a query.
func ask(ctx context.Context, conn driver.Conn, query string, visit func(driver.Value) error) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(context.WithoutCancel(ctx), query, nil)
	if err != nil {
		return err
	}
	dest := make([]driver.Value, 1)
	for err = rows.Next(dest); err == nil; err = rows.Next(dest) {
		if err = visit(dest[0]); err != nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// copyPages copies what the source's transaction sees. The new file needs no log
// of its own until it is complete.
func copyPages(ctx context.Context, source driver.Conn, into string) error {
	f, err := os.OpenFile(into, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if into, err = filepath.Abs(into); err != nil {
		return errors.Join(err, f.Close())
	}
	copying, err := source.(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	}).NewBackup(dsn(into, "journal_mode(OFF)", "synchronous(OFF)"))
	if err != nil {
		return errors.Join(err, f.Close())
	}
	for more := true; more && err == nil; {
		if more, err = copying.Step(copyStep); err == nil {
			err = ctx.Err()
		}
	}
	return errors.Join(err, copying.Finish(), f.Sync(), f.Close())
}

// CheckFile reads a SQLite file that nobody has open and returns the number of its
// last migration, or what is wrong with the file.
func CheckFile(ctx context.Context, path string) (version int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, err
	}
	if err := claimFile(ctx, path); err != nil {
		return 0, err
	}
	db, err := openDB(dsn(path, "query_only(1)"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return 0, err
	}
	if verdict != "ok" {
		return 0, fmt.Errorf("sqlstore: %s is damaged: %s", path, verdict)
	}
	return version, db.QueryRowContext(ctx, selectVersion).Scan(&version)
}
