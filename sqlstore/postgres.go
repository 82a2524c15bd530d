package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	patienceDefault = 15 * time.Second
	// pgReaders is the number of connections that read side by side. A read waits
	// for the network, so there are more than of a file.
	pgReaders = 8
	// pgVersionMin is the first version that has all that is used here.
	pgVersionMin = 130000
)

// openPostgres takes the database for this process, brings its schema up to date
// and starts the writer. The lock comes first: two that start at once must not
// migrate side by side.
func openPostgres(ctx context.Context, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: database URL: %w", err) // it says what is wrong without the password
	}
	patience := o.Patience
	if patience == 0 {
		patience = patienceDefault
	}
	where := place(config)
	session := newPGSession(&config.Config, o.Slot, patience, o.Logger)
	if err := session.open(ctx); err != nil {
		return nil, fmt.Errorf("sqlstore: open %s: %w", where, err)
	}
	err = preparePostgres(ctx, session, config, o.Logger)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlstore: open %s: %w", where, err), session.close())
	}
	return &Store{writer: newWriter(session, o.Logger), reader: newPGReader(config, patience)}, nil
}

// place names a database in an error.
func place(c *pgx.ConnConfig) string {
	return fmt.Sprintf("database %s at %s:%d", c.Database, c.Host, c.Port)
}

func preparePostgres(ctx context.Context, s *pgSession, config *pgx.ConnConfig, logger *slog.Logger) error {
	if !s.slot.IsZero() {
		if err := migrateOnce(ctx, s.conn, config, logger); err != nil {
			return err
		}
		return s.claimSlot(ctx)
	}
	if err := claimSchema(ctx, s.conn); err != nil {
		return err
	}
	if err := migrate(ctx, stdlib.OpenDB(*config), goose.DialectPostgres, logger); err != nil {
		return err
	}
	return s.claimAlone(ctx)
}

// claimSchema refuses a schema in which another program keeps its tables.
func claimSchema(ctx context.Context, conn *pgconn.PgConn) error {
	row, err := queryRow(ctx, conn, `SELECT count(*), count(*) FILTER (WHERE relname = 'goose_db_version'),
		count(*) FILTER (WHERE relname IN ('quotes', 'conversions', 'settings')), current_schema()
		FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`)
	if err != nil {
		return fmt.Errorf("look for tables: %w", err)
	}
	all, versions, ours := row[0], row[1], row[2]
	started := versions == "1" && (ours != "0" || all == "1")
	if all != "0" && !started {
		return fmt.Errorf("%w: schema %q has %s tables of another program; give an empty database, or a schema of its own by search_path",
			ErrForeign, row[3], all)
	}
	return nil
}

func newPGReader(config *pgx.ConnConfig, patience time.Duration) *reader {
	c := config.Copy()
	c.RuntimeParams["application_name"] = "pointgrid reads"
	c.RuntimeParams["default_transaction_read_only"] = "on"
	r := newReader(stdlib.OpenDB(*c), func(query string) string { return query }, pgReaders)
	r.limit = patience
	r.again = readAgain
	return r
}

// readAgain waits and returns nil when the connection was lost: a read changes
// nothing, so it can be made anew on another connection.
func readAgain(ctx context.Context, attempt int, err error) error {
	if errors.Is(err, context.DeadlineExceeded) { // also while it was still connecting
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if errors.Is(err, sql.ErrNoRows) || !lost(err) {
		return err
	}
	if pause(ctx, attempt) != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return nil
}

// pause waits longer from attempt to attempt, up to a second.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(min(time.Second, 10*time.Millisecond<<min(attempt, 10)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// queryRow returns the one row of a query as text, "" for NULL.
func queryRow(ctx context.Context, conn *pgconn.PgConn, query string, args ...string) ([]string, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, query, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	if len(result.Rows) != 1 {
		return nil, fmt.Errorf("%w: %s", errNoRow, strings.Fields(query)[0])
	}
	row := make([]string, len(result.Rows[0]))
	for i, v := range result.Rows[0] {
		row[i] = string(v)
	}
	return row, nil
}

var errNoRow = errors.New("the query gave no row or many")
