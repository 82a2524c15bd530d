package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// writerApplication comes before the store's name in the name of its connection.
	writerApplication = "pointgrid "
	// lockKey is the first half of the advisory lock, "PGRD"; the second is the
	// schema, so that stores in two schemas of a database do not meet.
	lockKey = "1346851396"
	// lockAttempts is how often Open tries to get the lock, about two seconds: a
	// process that was killed is still there for a moment in the server.
	lockAttempts = 10

	// migrateKey is that of another lock, "PGRM", which a gateway of a cluster holds
	// while it migrates.
	migrateKey = "1346851405"

	// slotKey is that of a third, "PGRS", which a store of a cluster holds alone.
	slotKey = "1346851411"

	tryShared = `SELECT pg_try_advisory_lock_shared(` + lockKey + `, hashtext(current_schema()))`
	// tryLock takes the lock with the key $1 on the schema, or on what $2 names in it.
	tryLock = `SELECT pg_try_advisory_lock($1::int, hashtext(current_schema() || $2))`

	// selectHolder says whether the lock of $2 and $3 is held by an earlier connection
	// of the store named $1 ('t'), by another program ('f') or by a connection that is
	// just ending (NULL).
	selectHolder = `SELECT l.pid, a.application_name = $1 FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $2::bigint
		AND l.objid::bigint = (hashtext(current_schema() || $3)::bigint + 4294967296) % 4294967296 AND l.objsubid = 2
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		UNION ALL SELECT NULL, NULL LIMIT 1`

	describeServer = `SELECT pg_backend_pid(), current_schema(), current_setting('server_version_num'),
		current_setting('fsync'), getdatabaseencoding(), pg_is_in_recovery(),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit')
			WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)`
)

// writerConfig adds what the writing connection needs to what the URL says.
func writerConfig(c *pgconn.Config) *pgconn.Config {
	c = c.Copy()
	for name, value := range map[string]string{
		// The server ends the connection of a machine that is gone within half a
		// minute, and with it the lock.
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
		"idle_in_transaction_session_timeout": "60000",
		// How long a transaction may take is decided here, not there.
		"statement_timeout": "0", "lock_timeout": "0",
		// What is written goes by the primary key, whatever the arguments are.
		"plan_cache_mode": "force_generic_plan",
	} {
		c.RuntimeParams[name] = value
	}
	// The severity as such, not its translation, says that the connection ends.
	c.OnPgError = func(_ *pgconn.PgConn, e *pgconn.PgError) bool {
		return e.SeverityUnlocalized != "FATAL" && e.SeverityUnlocalized != "PANIC"
	}
	return c
}

// open makes the first connection and takes the lock.
func (s *pgSession) open(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	err = s.introduce(ctx, conn)
	if err == nil && !s.slot.IsZero() {
		err = lockShared(ctx, conn)
	}
	if err != nil {
		s.drop()
		return err
	}
	for attempt := 1; ; attempt++ {
		err = s.lock(ctx, conn)
		if err == nil {
			return nil
		}
		again := errors.Is(err, ErrInUse) || errors.Is(err, errEnding)
		if attempt == lockAttempts || !again || pause(ctx, min(attempt, 5)) != nil {
			s.drop()
			return err
		}
	}
}

// introduce gives this store a random name, by which later connections know its
// earlier ones.
func (s *pgSession) introduce(ctx context.Context, conn *pgconn.PgConn) error {
	row, err := queryRow(ctx, conn, `SELECT set_config('application_name', '`+writerApplication+`' || gen_random_uuid(), false)`)
	if err != nil {
		return err
	}
	s.name = strings.TrimPrefix(row[0], writerApplication)
	s.config.RuntimeParams["application_name"] = row[0]
	return nil
}

// connected returns nil when there is a connection to write on. A new one is of
// use once it has the lock and the marker says what was stored last.
func (s *pgSession) connected(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	if err := s.takeOver(ctx); err != nil {
		s.drop()
		return err
	}
	s.logger.Info("store: connected to the database again")
	return nil
}

// takeOver gets the lock from this store's last connection and reads the marker.
func (s *pgSession) takeOver(ctx context.Context) error {
	if err := s.share(ctx); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.lock(ctx, s.conn)
		if err == nil {
			return s.readMarker(ctx)
		}
		if !errors.Is(err, errEnding) {
			if errors.Is(err, ErrInUse) {
				return &ownerError{err}
			}
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// errEnding: the lock is held by a connection of this store that will end.
var errEnding = fmt.Errorf("%w: a connection that holds the database has not ended yet", ErrInUse)

// lock takes the lock, or returns [ErrInUse] or errEnding. An earlier connection
// of this store that the server still believes in is ended, and with it what it
// might yet do.
func (s *pgSession) lock(ctx context.Context, conn *pgconn.PgConn) error {
	row, err := queryRow(ctx, conn, tryLock, s.lockKey(), s.lockName())
	if err != nil || row[0] == "t" {
		return err
	}
	holder, err := queryRow(ctx, conn, selectHolder, s.config.RuntimeParams["application_name"], s.lockKey(), s.lockName())
	switch {
	case err != nil:
		return err
	case holder[1] == "f":
		return fmt.Errorf("%w: another program holds the database; stop it first (its connection has process ID %s in the server)", ErrInUse, holder[0])
	case holder[1] == "t": // never when a store is being opened: its name is new
		if _, err := queryRow(ctx, conn, "SELECT pg_terminate_backend($1::int)", holder[0]); err != nil {
			return err
		}
	}
	return errEnding
}

// dial connects to the server and checks that it is one to write to.
func (s *pgSession) dial(ctx context.Context) (*pgconn.PgConn, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptMax)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, s.config)
	if err != nil {
		return nil, err
	}
	if err := checkServer(ctx, conn, s.logger); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	s.prepared = map[string]string{}
	return conn, nil
}

// checkServer refuses a server that cannot be written to as is needed here.
func checkServer(ctx context.Context, conn *pgconn.PgConn, logger *slog.Logger) error {
	row, err := queryRow(ctx, conn, describeServer)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(row[2])
	switch {
	case err != nil || version < pgVersionMin:
		return fmt.Errorf("the server's version is %s, want PostgreSQL 13 (%d) or later", row[2], pgVersionMin)
	case row[0] != strconv.FormatUint(uint64(conn.PID()), 10):
		return errors.New("a connection pooler stands before the server; give the server's own address")
	case row[1] == "":
		return errors.New("search_path names no schema that is there")
	case row[4] != "UTF8":
		return fmt.Errorf("the database's encoding is %s, want UTF8", row[4])
	case row[5] == "t":
		return errors.New("the server is a standby; give the primary's address, or several with target_session_attrs=read-write")
	case row[3] != "on":
		logger.Warn("store: the server runs with fsync=off; a crash of its machine loses acknowledged writes")
	}
	return nil
}
