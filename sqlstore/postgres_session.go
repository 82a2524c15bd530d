package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pointgrid/pointgrid/cluster"
)

const (
	// conflictsMax is how often a transaction is made anew after a conflict.
	conflictsMax = 10
	// attemptMax bounds an attempt to connect, and one to roll back.
	attemptMax = 5 * time.Second
	// patienceSpent is how long a transaction waits for a server when one before
	// has waited for all its patience in vain.
	patienceSpent = 500 * time.Millisecond
)

// Object IDs of the types that statements have, see pg_type.dat of PostgreSQL.
var pgTypes = []uint32{17 /* bytea */, 20 /* bigint */, 25 /* text */}

// pgSession is the writing connection. A transaction takes two round trips: all
// statements, then the commit, which is sent only when the outcome of each
// statement is here.
//
// When the connection is lost, two things make the outcome certain. The first is
// the lock: the connection holds an advisory lock, so one that has got it after
// another knows that the other's last transaction has ended. The second is a row
// of settings, the marker, into which each transaction writes the name of this
// store and its own number: what it holds then is the last transaction that was
// stored. The status of a transaction ID would not do: after a crash the server
// may give an ID anew that it had not written down.
//
// The marker tells two more things. If it has another name, another program has
// had the database in between; if it has a lower number than was acknowledged,
// the server has forgotten transactions, as a standby does that lagged behind.
// This store then stops.
//
// In a cluster each slot has a lock and a marker of its own, and all stores have the
// first lock in common. The marker's row has the slot's token: a store whose slot was
// fenced changes no row there, rolls back, and stops.
type pgSession struct {
	config   *pgconn.Config
	patience time.Duration
	logger   *slog.Logger
	conn     *pgconn.PgConn
	prepared map[string]string // names by query, on this connection
	slot     cluster.Slot      // zero for a store that is alone
	name     string            // of this store, random
	number   uint64            // of the last transaction that is known to be stored
	doubt    bool              // whether the one after it may be stored too
	spent    bool              // whether patience has been waited for in vain
	buffer   []byte            // arguments of the transaction being executed, used again
}

func newPGSession(config *pgconn.Config, slot cluster.Slot, patience time.Duration, logger *slog.Logger) *pgSession {
	return &pgSession{config: writerConfig(config), slot: slot, patience: patience, logger: logger}
}

func (s *pgSession) transact(all []*statement) error {
	patience := s.patience
	if s.spent {
		patience = patienceSpent
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, all)
		var doubt *doubtError
		var owner *ownerError
		switch {
		case err == nil:
			s.number++
			s.spent = false
			return nil
		case errors.As(err, &doubt):
			if stored, err := s.settle(); stored || err != nil {
				return err
			}
		case errors.As(err, &owner):
			return &groupError{err}
		case conflicting(err) && attempt < conflictsMax:
			s.logger.Info("store: transaction made anew after a conflict", "attempt", attempt, "error", err)
		case s.conn == nil || s.conn.IsClosed():
			if ctx.Err() != nil {
				s.spent = true
				return &groupError{fmt.Errorf("%w: %w", ErrBusy, err)}
			}
			s.logger.Warn("store: connection to the database lost", "attempt", attempt, "error", err)
		case blameless(err):
			return &groupError{err}
		default:
			return err
		}
		if pause(ctx, attempt) != nil {
			s.spent = true
			return &groupError{fmt.Errorf("%w: %w", ErrBusy, err)}
		}
	}
}

// doubtError: the connection was lost between sending the commit and its answer.
type doubtError struct{ err error }

func (e *doubtError) Error() string { return e.err.Error() }
func (e *doubtError) Unwrap() error { return e.err }

// attempt carries out the transaction once. After an error other than a
// [doubtError] nothing is stored.
func (s *pgSession) attempt(ctx context.Context, all []*statement) error {
	if err := s.connected(ctx); err != nil {
		return err
	}
	err := s.execute(ctx, all)
	if err == nil {
		err = s.commit(ctx)
	}
	if err != nil && !s.conn.IsClosed() {
		s.rollback()
	}
	return err
}

func (s *pgSession) execute(ctx context.Context, all []*statement) error {
	marker := s.marker()
	batch := &pgconn.Batch{}
	batch.ExecParams("BEGIN ISOLATION LEVEL READ COMMITTED", nil, nil, nil, nil)
	s.buffer = s.buffer[:0]
	for _, st := range append(all[:len(all):len(all)], &marker) {
		name, err := s.prepare(ctx, st.query)
		if err != nil {
			return err
		}
		batch.ExecPrepared(name, s.encode(st.args), binaryFormat, nil)
	}
	err := readResults(s.conn.ExecBatch(ctx, batch), all, &marker)
	if err == nil && marker.affected == 0 {
		return s.fenced()
	}
	return err
}

// readResults sets how many rows each statement affected, or says which failed.
// The answers are to BEGIN, the statements and the marker, in this order.
func readResults(results *pgconn.MultiResultReader, all []*statement, marker *statement) error {
	i := -1
	for ; results.NextResult(); i++ {
		tag, err := results.ResultReader().Close()
		if err != nil {
			break
		}
		if i >= 0 && i < len(all) {
			all[i].affected = tag.RowsAffected()
		}
		marker.affected = tag.RowsAffected() // that of the last one stays
	}
	err := results.Close()
	var server *pgconn.PgError
	if i >= 0 && i < len(all) && errors.As(err, &server) {
		return &statementError{i, err}
	}
	return err
}

var binaryFormat = []int16{1}

// encode writes arguments as PostgreSQL's binary format has them.
func (s *pgSession) encode(args []any) [][]byte {
	if s.buffer == nil {
		s.buffer = []byte{} // a piece of nil would be NULL, and not the empty string
	}
	values := make([][]byte, len(args))
	for i, arg := range args {
		start := len(s.buffer)
		switch v := arg.(type) {
		case int64:
			s.buffer = binary.BigEndian.AppendUint64(s.buffer, uint64(v))
		case string:
			s.buffer = append(s.buffer, v...)
		case []byte:
			values[i] = v
			continue
		case nil:
			continue
		default:
			panic(fmt.Sprintf("sqlstore: argument %d has type %T", i+1, arg))
		}
		values[i] = s.buffer[start:len(s.buffer):len(s.buffer)]
	}
	return values
}

// prepare returns the name of the prepared statement.
func (s *pgSession) prepare(ctx context.Context, query string) (string, error) {
	if name, ok := s.prepared[query]; ok {
		return name, nil
	}
	name := "w" + strconv.Itoa(len(s.prepared))
	described, err := s.conn.Prepare(ctx, name, query, nil)
	if err != nil {
		return "", fmt.Errorf("prepare %q: %w", query, err)
	}
	for i, oid := range described.ParamOIDs {
		if !slices.Contains(pgTypes, oid) {
			return "", fmt.Errorf("prepare %q: parameter %d has the type with object ID %d, want bytea, bigint or text", query, i+1, oid)
		}
	}
	s.prepared[query] = name
	return name, nil
}

func (s *pgSession) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	results, err := s.conn.Exec(ctx, "COMMIT").ReadAll()
	switch {
	case err != nil && s.conn.IsClosed():
		s.doubt = true
		return &doubtError{fmt.Errorf("commit: %w", err)}
	case err != nil:
		// An error on a connection that stands is the server's answer: not stored.
		return fmt.Errorf("commit: %w", err)
	case len(results) != 1 || results[0].CommandTag.String() != "COMMIT":
		return errors.New("commit: the server rolled the transaction back")
	}
	return nil
}

// rollback ends the transaction, at worst with its connection.
func (s *pgSession) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), attemptMax)
	defer cancel()
	if _, err := s.conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		s.logger.Warn("store: rollback failed, connection closed", "error", err)
		s.drop()
	}
}

// settle finds out whether the transaction in doubt was stored.
func (s *pgSession) settle() (stored bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	before := s.number
	for attempt := 1; ; attempt++ {
		err := s.connected(ctx)
		if err == nil || !s.doubt { // known, also to a store that has been fenced since
			s.spent = false
			s.logger.Info("store: outcome of the last commit found", "stored", s.number != before)
			return s.number != before, nil
		}
		var owner *ownerError
		if errors.As(err, &owner) || pause(ctx, attempt) != nil {
			s.spent = true
			return false, &commitError{fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)}
		}
	}
}

func (s *pgSession) tidy() error { return nil }

func (s *pgSession) broken(err error) bool {
	var owner *ownerError
	return errors.As(err, &owner)
}

// close gives the lock back, so that the store can be opened again at once.
func (s *pgSession) close() error {
	if s.conn == nil || s.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), attemptMax)
	defer cancel()
	_, err := s.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()").ReadAll()
	return errors.Join(err, s.conn.Close(ctx))
}

// drop closes a connection that is of no use any more.
func (s *pgSession) drop() {
	ctx, cancel := context.WithTimeout(context.Background(), attemptMax)
	defer cancel()
	if err := s.conn.Close(ctx); err != nil {
		s.logger.Warn("store: closing a connection failed", "error", err)
	}
}
