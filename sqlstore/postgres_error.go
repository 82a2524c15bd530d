package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Codes of PostgreSQL, see https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgSerialization   = "40001"
	pgDeadlock        = "40P01"
	pgReadOnly        = "25006" // of a server that became a standby
	pgTooMany         = "53300"
	pgAdminShutdown   = "57P01"
	pgCrashShutdown   = "57P02"
	pgStartingUp      = "57P03"
	pgCanceled        = "57014"
	pgClassConnection = "08"
	pgClassResources  = "53" // a full disk, no memory
	pgClassSystem     = "58" // an I/O error
)

// code returns the SQLSTATE of an error of the server, "" for any other error.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// conflicting reports whether the transaction may succeed when it is made anew.
func conflicting(err error) bool {
	c := code(err)
	return c == pgSerialization || c == pgDeadlock
}

// blameless reports whether the server is at fault and no statement.
func blameless(err error) bool {
	c := code(err)
	return strings.HasPrefix(c, pgClassResources) || strings.HasPrefix(c, pgClassSystem) ||
		c == pgReadOnly || c == pgCanceled || unavailable(c)
}

func unavailable(c string) bool {
	switch c {
	case pgAdminShutdown, pgCrashShutdown, pgStartingUp, pgTooMany:
		return true
	}
	return strings.HasPrefix(c, pgClassConnection)
}

// lost reports whether a read failed for the sake of its connection, or because
// it met another transaction.
func lost(err error) bool {
	if c := code(err); c != "" {
		return unavailable(c) || conflicting(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, net.ErrClosed)
}

// ownerError: the database is no longer this store's to write to.
type ownerError struct{ err error }

func (e *ownerError) Error() string { return e.err.Error() }
func (e *ownerError) Unwrap() error { return e.err }
