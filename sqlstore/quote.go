package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

const quoteColumns = `id, client, partner, source, destination, from_amount, to_amount, fee,
	in_partner, in_agreement, in_hash, in_locked_at, in_from, in_to,
	out_partner, out_agreement, out_hash, out_locked_at, out_from, out_to,
	residues, created_at, expires_at`

const insertQuote = `INSERT INTO quotes (` + quoteColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
	$9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) ON CONFLICT DO NOTHING`

const selectQuote = `SELECT ` + quoteColumns + ` FROM quotes WHERE id = $1`

// CreateQuote implements [exchange.Store]. A quote with the same ID is an error.
func (s *Store) CreateQuote(ctx context.Context, q *exchange.Quote) error {
	residues, err := residuesText(q.Residues)
	if err != nil {
		return err
	}
	args := make([]any, 0, 23)
	args = append(args, q.ID[:], q.Party.Client, q.Party.Partner, q.Source, q.Destination, q.From, q.To, q.Fee)
	args = legArgs(legArgs(args, q.In), q.Out)
	args = append(args, residues, q.CreatedAt, q.ExpiresAt)
	n, err := s.writer.one(ctx, insertQuote, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("sqlstore: quote %s is there already", q.ID)
	}
	return err
}

// Quote implements [exchange.Store].
func (s *Store) Quote(ctx context.Context, id ledger.ID) (*exchange.Quote, error) {
	return one(ctx, s.reader, scanQuote, exchange.ErrNotFound, selectQuote, id[:])
}

func scanQuote(row scanner) (*exchange.Quote, error) {
	var q exchange.Quote
	var in, out legColumns
	var residues string
	dest := make([]any, 0, 23)
	dest = append(dest, (*idColumn)(&q.ID), &q.Party.Client, &q.Party.Partner, &q.Source, &q.Destination,
		(*natural)(&q.From), (*natural)(&q.To), (*natural)(&q.Fee))
	dest = append(append(dest, in.targets()...), out.targets()...)
	dest = append(dest, &residues, (*natural)(&q.CreatedAt), (*natural)(&q.ExpiresAt))
	err := row.Scan(dest...)
	if err == nil {
		err = errors.Join(in.leg(&q.In), out.leg(&q.Out))
	}
	if err == nil {
		q.Residues, err = parseResidues(residues)
	}
	if err != nil {
		return nil, rowError("quote", q.ID, err)
	}
	return &q, nil
}

// rowError names the row in which a value is not what it must be.
func rowError(kind string, id ledger.ID, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return fmt.Errorf("sqlstore: %s %s: %w", kind, id, err)
}

// residuesText writes residues as "EPT 1/3 RETAIL 2/5".
func residuesText(all []exchange.Residue) (string, error) {
	var b []byte
	for i, r := range all {
		if r.Programme == "" || strings.ContainsAny(r.Programme, " \t\n") {
			return "", fmt.Errorf("sqlstore: residue of programme %q: want a code without spaces", r.Programme)
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, r.Programme...), ' ')
		b = append(strconv.AppendInt(b, r.Numerator, 10), '/')
		b = strconv.AppendInt(b, r.Denominator, 10)
	}
	return string(b), nil
}

func parseResidues(text string) ([]exchange.Residue, error) {
	fields := strings.Fields(text)
	if len(fields)%2 != 0 {
		return nil, fmt.Errorf("column residues: %q is not pairs of programme and fraction", text)
	}
	var all []exchange.Residue
	for i := 0; i < len(fields); i += 2 {
		num, den, _ := strings.Cut(fields[i+1], "/")
		n, errNum := strconv.ParseInt(num, 10, 64)
		d, errDen := strconv.ParseInt(den, 10, 64)
		if errNum != nil || errDen != nil || n < 0 || d <= 0 {
			return nil, fmt.Errorf("column residues: %q is not a fraction", fields[i+1])
		}
		all = append(all, exchange.Residue{Programme: fields[i], Numerator: n, Denominator: d})
	}
	return all, nil
}
