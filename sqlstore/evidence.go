package sqlstore

import (
	"context"
	"database/sql"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ exchange.SignedRequests = (*Store)(nil)

const (
	keepSigned   = `INSERT INTO signed_requests (body_hash, body, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	selectSigned = `SELECT body FROM signed_requests WHERE body_hash = $1`
)

// KeepSigned implements [exchange.SignedRequests].
func (s *Store) KeepSigned(ctx context.Context, hash ledger.Hash, body []byte, at int64) error {
	_, err := s.writer.one(ctx, keepSigned, hash[:], body, at)
	return err
}

// SignedRequest implements [exchange.SignedRequests].
func (s *Store) SignedRequest(ctx context.Context, hash ledger.Hash) ([]byte, error) {
	body, err := one(ctx, s.reader, scanBody, exchange.ErrNotFound, selectSigned, hash[:])
	if err != nil {
		return nil, err
	}
	return *body, nil
}

func scanBody(row scanner) (*[]byte, error) {
	var b []byte
	err := row.Scan(&b)
	return &b, err
}

// evidenceColumns are the signature and the hash of the body of an evidence.
type evidenceColumns struct {
	jws  sql.NullString
	body optionalHash
}

func (c *evidenceColumns) evidence() *ledger.Evidence {
	if !c.jws.Valid {
		return nil
	}
	return &ledger.Evidence{JWS: c.jws.String, Body: ledger.Hash(c.body)}
}

func evidenceArgs(args []any, e *ledger.Evidence) []any {
	if e == nil {
		return append(args, nil, nil)
	}
	return append(args, e.JWS, e.Body[:])
}
