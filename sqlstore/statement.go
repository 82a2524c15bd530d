package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

var _ statements.Store = (*Store)(nil)

const statementColumns = `id, partner, window_date, digest, refused, name, source, sent_by, received_at, bytes, detail, kept_digest, kept_bytes`

const (
	insertReceived = `INSERT INTO statements (` + statementColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, 0) ON CONFLICT DO NOTHING`
	redactReceived = `UPDATE statements SET kept_digest = $1, kept_bytes = $2 WHERE digest = $3`
	selectReceived = `SELECT ` + statementColumns + ` FROM statements WHERE id = $1`

	selectReceivedOf = `SELECT ` + statementColumns + ` FROM statements
		WHERE partner = $1 AND window_date = $2 AND digest = $3 AND refused = $4`
	selectCurrent = `SELECT ` + statementColumns + ` FROM statements
		WHERE partner = $1 AND window_date = $2 AND refused = 0 ORDER BY id DESC LIMIT 1`
)

// statementDetail is what is only shown, as JSON.
type statementDetail struct {
	Kind     string                  `json:"kind,omitempty"`
	Totals   statementfile.Totals    `json:"totals"`
	Notes    []statementfile.Problem `json:"notes,omitempty"`
	Problems []statementfile.Problem `json:"problems,omitempty"`
	More     int64                   `json:"more,omitempty"`
}

// SaveStatement implements [statements.Store].
func (s *Store) SaveStatement(ctx context.Context, st *statements.Statement) error {
	detail, err := json.Marshal(statementDetail{st.Kind, st.Totals, st.Notes, st.Problems, st.More})
	if err != nil {
		return fmt.Errorf("sqlstore: statement %s: %w", st.ID, err)
	}
	n, err := s.writer.one(ctx, insertReceived, st.ID[:], st.Partner, int64(st.Day), st.Digest[:], bit(st.Refused), st.Name,
		string(st.Source), st.By, st.At, st.Bytes, string(detail))
	if err == nil && n == 0 {
		return statements.ErrKnown
	}
	return err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// KeepRedacted implements [statements.Store].
func (s *Store) KeepRedacted(ctx context.Context, digest, kept ledger.Hash, bytes int64) error {
	_, err := s.writer.one(ctx, redactReceived, kept[:], bytes, digest[:])
	return err
}

// Statement implements [statements.Store].
func (s *Store) Statement(ctx context.Context, id ledger.ID) (*statements.Statement, error) {
	return one(ctx, s.reader, scanStatement, statements.ErrNotFound, selectReceived, id[:])
}

// StatementOf implements [statements.Store].
func (s *Store) StatementOf(ctx context.Context, partner string, day ledger.Date, digest ledger.Hash, refused bool) (*statements.Statement, error) {
	return one(ctx, s.reader, scanStatement, statements.ErrNotFound, selectReceivedOf, partner, int64(day), digest[:], bit(refused))
}

// CurrentStatement implements [statements.Store].
func (s *Store) CurrentStatement(ctx context.Context, partner string, day ledger.Date) (*statements.Statement, error) {
	return one(ctx, s.reader, scanStatement, statements.ErrNotFound, selectCurrent, partner, int64(day))
}

// Statements implements [statements.Store].
func (s *Store) Statements(ctx context.Context, f statements.Filter, before ledger.ID, limit int) ([]*statements.Statement, error) {
	var q selection
	var terms []string
	if f.Partner != "" {
		terms = append(terms, "partner = "+q.arg(f.Partner))
	}
	if f.Day != 0 {
		terms = append(terms, "window_date = "+q.arg(int64(f.Day)))
	}
	if f.Refused != nil {
		terms = append(terms, "refused = "+q.arg(bit(*f.Refused)))
	}
	if !before.IsZero() {
		terms = append(terms, "id < "+q.arg(before[:]))
	}
	where := ""
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	query := `SELECT ` + statementColumns + ` FROM statements` + where + ` ORDER BY id DESC LIMIT ` + q.arg(int64(max(limit, 0)))
	return list(ctx, s.reader, scanStatement, query, q.args...)
}

func scanStatement(row scanner) (*statements.Statement, error) {
	var s statements.Statement
	var day, refused natural
	var source, detail string
	err := row.Scan((*idColumn)(&s.ID), &s.Partner, &day, (*hashColumn)(&s.Digest), &refused, &s.Name, &source, &s.By,
		(*natural)(&s.At), (*natural)(&s.Bytes), &detail, (*optionalHash)(&s.Kept), (*natural)(&s.KeptBytes))
	if err != nil {
		return nil, rowError("statement", s.ID, err)
	}
	if s.Source = statements.Source(source); !slices.Contains(statements.Sources(), s.Source) {
		return nil, fmt.Errorf("sqlstore: statement %s: column source: unknown source %q", s.ID, source)
	}
	var d statementDetail
	if err := json.Unmarshal([]byte(detail), &d); err != nil {
		return nil, fmt.Errorf("sqlstore: statement %s: column detail: %w", s.ID, err)
	}
	s.Day, s.Refused = ledger.Date(day), refused == 1
	s.Kind, s.Totals, s.Notes, s.Problems, s.More = d.Kind, d.Totals, d.Notes, d.Problems, d.More
	return &s, nil
}
