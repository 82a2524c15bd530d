package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

var _ partners.AccessStore = (*Store)(nil)

const accessColumns = `id, at, kind, partner, client, key_id, token_id, method, route, status, code, detail, took, from_addr, request_id`

const accessWidth = 15

// accessPack is how many entries one statement inserts: most of what a statement
// costs it costs once.
const accessPack = 32

const accessRow = `($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// insertNote inserts the note of a change that was made in the same transaction.
const insertNote = `INSERT INTO access_log (` + accessColumns + `)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
	FROM clients WHERE id = $16 AND revision = $17 AND document = $18 ON CONFLICT DO NOTHING`

const insertAccess = `INSERT INTO access_log (` + accessColumns + `) VALUES ` + accessRow + ` ON CONFLICT DO NOTHING`

var insertAccesses = `INSERT INTO access_log (` + accessColumns + `) VALUES ` + rows(accessPack, accessWidth) + ` ON CONFLICT DO NOTHING`

// rows writes the placeholders of so many rows.
func rows(n, width int) string {
	var b strings.Builder
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteString("($1")
			continue
		case i%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String() + ")"
}

// AppendAccess implements [partners.AccessStore].
func (s *Store) AppendAccess(ctx context.Context, entries []partners.Access) error {
	if len(entries) == 0 {
		return nil
	}
	var statements []statement
	for len(entries) > 0 {
		query, n := insertAccess, 1
		if len(entries) >= accessPack {
			query, n = insertAccesses, accessPack
		}
		args := make([]any, 0, n*accessWidth)
		for i := range n {
			args = accessArgs(args, &entries[i])
		}
		statements, entries = append(statements, stmt(query, args...)), entries[n:]
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

func accessArgs(args []any, a *partners.Access) []any {
	from := ""
	if a.From.IsValid() {
		from = a.From.String()
	}
	return append(args, a.ID[:], milli(a.At), string(a.Kind), a.Partner, a.Client, a.Key, a.TokenID, a.Method, a.Route,
		int64(a.Status), a.Code, a.Detail, a.Took.Microseconds(), from, a.RequestID)
}

const (
	selectAccess = `SELECT ` + accessColumns + ` FROM access_log
		WHERE id < $1 AND ($2 = '' OR client = $2) AND ($3 = '' OR kind = $3) AND status >= $4 ORDER BY id DESC LIMIT $5`
	selectAccessOf = `SELECT ` + accessColumns + ` FROM access_log
		WHERE partner = $6 AND id < $1 AND ($2 = '' OR client = $2) AND ($3 = '' OR kind = $3) AND status >= $4 ORDER BY id DESC LIMIT $5`
)

// Accesses implements [partners.AccessStore].
func (s *Store) Accesses(ctx context.Context, f partners.AccessFilter) ([]*partners.Access, error) {
	before := f.Before
	if before.IsZero() {
		before = lastID()
	}
	var status int64
	if f.Problems {
		status = 400
	}
	args := []any{before[:], f.Client, string(f.Kind), status, int64(max(f.Limit, 0))}
	if f.All {
		return list(ctx, s.reader, scanAccess, selectAccess, args...)
	}
	return list(ctx, s.reader, scanAccess, selectAccessOf, append(args, f.Partner)...)
}

// lastID is above all others.
func lastID() (id ledger.ID) {
	for i := range id {
		id[i] = 0xff
	}
	return id
}

func scanAccess(row scanner) (*partners.Access, error) {
	var a partners.Access
	var at, status, took natural
	var kind, from string
	err := row.Scan((*idColumn)(&a.ID), &at, &kind, &a.Partner, &a.Client, &a.Key, &a.TokenID, &a.Method, &a.Route,
		&status, &a.Code, &a.Detail, &took, &from, &a.RequestID)
	if err == nil && from != "" {
		a.From, err = netip.ParseAddr(from)
	}
	if err != nil {
		return nil, rowError("access", a.ID, err)
	}
	a.At, a.Kind, a.Status, a.Took = instant(int64(at)), partners.AccessKind(kind), int(status), time.Duration(took)*time.Microsecond
	return &a, nil
}

const (
	selectSurplus = `SELECT id FROM access_log ORDER BY id DESC LIMIT 1 OFFSET $1`
	forgetAccess  = `DELETE FROM access_log WHERE id IN (SELECT id FROM access_log WHERE id < $1 ORDER BY id LIMIT 500)`
)

// ForgetAccess implements [partners.AccessStore].
func (s *Store) ForgetAccess(ctx context.Context, before time.Time, keep int) (total int, err error) {
	until := ledger.NewID(before, [10]byte{})
	surplus, err := one(ctx, s.reader, scanID, errNoRequest, selectSurplus, int64(max(keep, 1)-1))
	switch {
	case err == nil && string(surplus[:]) > string(until[:]):
		until = *surplus
	case err != nil && !errors.Is(err, errNoRequest):
		return 0, fmt.Errorf("sqlstore: forget access: %w", err)
	}
	for {
		n, err := s.writer.one(ctx, forgetAccess, until[:])
		total += int(n)
		if err != nil || n == 0 {
			return total, err
		}
	}
}

func scanID(row scanner) (*ledger.ID, error) {
	var id ledger.ID
	err := row.Scan((*idColumn)(&id))
	return &id, err
}
