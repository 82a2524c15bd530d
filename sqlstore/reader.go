package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// readersMax is the number of connections that read side by side. They do not
// wait for the writer, nor it for them.
const readersMax = 4

// reader answers from what is committed.
type reader struct {
	db       *sql.DB
	rewrite  func(query string) string // to what the driver likes best
	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
	queries  atomic.Int64
	// again returns nil when a read that met the error should be made anew, after
	// waiting for the right time. It is nil where no connection can be lost.
	again func(ctx context.Context, attempt int, err error) error
	limit time.Duration // of a read with all its attempts; 0 where none can hang
}

func newReader(db *sql.DB, rewrite func(string) string, connections int) *reader {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &reader{db: db, rewrite: rewrite, prepared: map[string]*sql.Stmt{}}
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, st := range r.prepared {
		errs = append(errs, st.Close())
	}
	clear(r.prepared)
	return errors.Join(append(errs, r.db.Close())...)
}

// stmt returns the prepared form of a query, of which the program has a fixed
// number.
func (r *reader) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	r.queries.Add(1)
	r.mu.RLock()
	st := r.prepared[query]
	r.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.prepared[query]; st != nil {
		return st, nil
	}
	st, err := r.db.PrepareContext(ctx, r.rewrite(query))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: prepare %q: %w", query, err)
	}
	r.prepared[query] = st
	return st, nil
}

// scanner is a row, of one or of many.
type scanner interface{ Scan(dest ...any) error }

// one reads one row, or returns notFound.
func one[T any](ctx context.Context, r *reader, scan func(scanner) (*T, error), notFound error, query string, args ...any) (*T, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if unaskable(args) {
		return nil, notFound
	}
	ctx, cancel := r.bound(ctx, true)
	defer cancel()
	for attempt := 1; ; attempt++ {
		v, err := tryOne(ctx, r, scan, query, args)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, notFound
		}
		if err == nil || r.again == nil {
			return v, err
		}
		if err := r.again(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

func tryOne[T any](ctx context.Context, r *reader, scan func(scanner) (*T, error), query string, args []any) (*T, error) {
	st, err := r.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return scan(st.QueryRowContext(ctx, args...))
}

// bound limits a read where it could hang. A lookup in a file takes
// microseconds, so it is not cancelled on its way: the driver would start a
// goroutine to watch for it, which costs half as much again.
func (r *reader) bound(ctx context.Context, lookup bool) (context.Context, context.CancelFunc) {
	switch {
	case r.limit > 0:
		return context.WithTimeout(ctx, r.limit)
	case lookup:
		return context.WithoutCancel(ctx), func() {}
	}
	return ctx, func() {}
}

// unaskable reports whether there is text among the arguments that no row has: with a
// zero character, or not in UTF-8. PostgreSQL answers such a question with an error.
func unaskable(args []any) bool {
	for _, a := range args {
		if text, ok := a.(string); ok && (strings.ContainsRune(text, 0) || !utf8.ValidString(text)) {
			return true
		}
	}
	return false
}

// list reads all rows of a query.
func list[T any](ctx context.Context, r *reader, scan func(scanner) (*T, error), query string, args ...any) ([]*T, error) {
	if unaskable(args) {
		return nil, nil
	}
	ctx, cancel := r.bound(ctx, false)
	defer cancel()
	for attempt := 1; ; attempt++ {
		all, err := tryList(ctx, r, scan, query, args)
		if err == nil || r.again == nil {
			return all, err
		}
		if err := r.again(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

func tryList[T any](ctx context.Context, r *reader, scan func(scanner) (*T, error), query string, args []any) ([]*T, error) {
	st, err := r.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: read: %w", err)
	}
	defer rows.Close()
	var all []*T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlstore: read: %w", err)
	}
	return all, nil
}
