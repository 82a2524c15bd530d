package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
)

// Primary result codes of SQLite, see https://www.sqlite.org/rescode.html.
const (
	sqliteIOErr   = 10
	sqliteCorrupt = 11
)

// dsn names a SQLite file with the pragmas of a connection.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_dqs": {"0"}, "_busy_timeout": {"5000"}, "_foreign_keys": {"1"}, "_txlock": {"immediate"}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// sqliteSession is the writing connection. It uses the driver without
// database/sql between, which takes a third of the time of an insert.
type sqliteSession struct {
	conn         driver.Conn
	prepared     map[string]driver.StmtExecContext
	values       []driver.NamedValue // of the statement being executed, used again
	checkpointer *checkpointer
	logged       int // statements since the last checkpoint
	// truncate asks for the log to begin anew with nothing left in it.
	truncate atomic.Bool
}

// newSQLiteSession opens the writing connection. Its cache holds the pages that
// the largest transaction changes and no more: SQLite walks all of it at many
// commits, and what it does not hold is in the kernel's. What is deleted or replaced is
// overwritten, so that somebody who was erased is not in the file any more.
func newSQLiteSession(ctx context.Context, path string, logger *slog.Logger) (*sqliteSession, error) {
	connector, err := sqlite.NewConnector(dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-8192)", "secure_delete(1)",
		fmt.Sprintf("wal_autocheckpoint(%d)", autoCheckpoint), "journal_size_limit(67108864)"))
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, err := startCheckpointer(ctx, path, logger)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &sqliteSession{conn: conn, prepared: map[string]driver.StmtExecContext{}, checkpointer: c}, nil
}

func (s *sqliteSession) transact(all []*statement) error {
	if _, err := s.exec("BEGIN IMMEDIATE", nil); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for i, st := range all {
		var err error
		if st.affected, err = s.exec(st.query, st.args); err != nil {
			return errors.Join(&statementError{i, err}, s.rollback())
		}
	}
	if _, err := s.exec("COMMIT", nil); err != nil {
		return &commitError{errors.Join(err, s.rollback())}
	}
	s.logged += len(all)
	return nil
}

// rollback ends the transaction. SQLite ends it by itself after some errors,
// such as a full disk; that there is none left is then as it should be.
func (s *sqliteSession) rollback() error {
	_, err := s.exec("ROLLBACK", nil)
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == 1 {
		return nil
	}
	return err
}

func (s *sqliteSession) exec(query string, args []any) (affected int64, err error) {
	st, ok := s.prepared[query]
	if !ok {
		if st, err = s.prepare(query); err != nil {
			return 0, err
		}
	}
	values := s.values[:0]
	for i, v := range args {
		values = append(values, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	s.values = values
	result, err := st.ExecContext(context.Background(), values)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *sqliteSession) prepare(query string) (driver.StmtExecContext, error) {
	prepared, err := s.conn.Prepare(unnumbered(query))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	st := prepared.(driver.StmtExecContext)
	s.prepared[query] = st
	return st, nil
}

func (s *sqliteSession) broken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqliteIOErr || e.Code()&0xff == sqliteCorrupt)
}

// unnumbered replaces $1, $2, ... by ? when they come in that order and once
// each. The driver understands both, and the second without looking up a name
// for every value. No query here has a $ in a literal.
func unnumbered(query string) string {
	parts := strings.Split(query, "$")
	for i, part := range parts[1:] {
		n := strconv.Itoa(i + 1)
		rest, ok := strings.CutPrefix(part, n)
		if !ok || (rest != "" && rest[0] >= '0' && rest[0] <= '9') {
			return query
		}
		parts[i+1] = rest
	}
	return strings.Join(parts, "?")
}
