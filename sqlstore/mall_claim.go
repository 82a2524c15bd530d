package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

const (
	insertClaim = `INSERT INTO mall_claims (id, order_id, state, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	decideClaim = `UPDATE mall_claims SET state = $1, detail = $2 WHERE id = $3 AND state = 'open'`

	claimColumns    = `id, order_id, state, detail`
	selectClaim     = `SELECT ` + claimColumns + ` FROM mall_claims WHERE id = $1`
	selectOpenClaim = `SELECT ` + claimColumns + ` FROM mall_claims WHERE order_id = $1 AND state = 'open'`
)

// CreateClaim implements [mall.Store].
func (s *Store) CreateClaim(ctx context.Context, c *mall.Claim) (*mall.Claim, error) {
	detail, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: claim %s: %w", c.ID, err)
	}
	n, err := s.writer.one(ctx, insertClaim, c.ID[:], c.Order[:], string(c.State), string(detail))
	if err != nil || n == 1 {
		return nil, err
	}
	existing, err := one(ctx, s.reader, scanClaim, mall.ErrNotFound, selectOpenClaim, c.Order[:])
	if errors.Is(err, mall.ErrNotFound) {
		return nil, mall.ErrChanged // it was decided at this moment
	}
	return existing, err
}

// DecideClaim implements [mall.Store].
func (s *Store) DecideClaim(ctx context.Context, c *mall.Claim) error {
	detail, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("sqlstore: claim %s: %w", c.ID, err)
	}
	n, err := s.writer.one(ctx, decideClaim, string(c.State), string(detail), c.ID[:])
	if err == nil && n == 0 {
		return mall.ErrChanged
	}
	return err
}

// Claim implements [mall.Store].
func (s *Store) Claim(ctx context.Context, id ledger.ID) (*mall.Claim, error) {
	return one(ctx, s.reader, scanClaim, mall.ErrNotFound, selectClaim, id[:])
}

// Claims implements [mall.Store].
func (s *Store) Claims(ctx context.Context, f mall.ClaimFilter) ([]*mall.Claim, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	terms := []string{"TRUE"}
	if !f.Order.IsZero() {
		terms = append(terms, "order_id = "+q.arg(f.Order[:]))
	}
	if f.State != "" {
		terms = append(terms, "state = "+q.arg(string(f.State)))
	}
	if !f.Before.IsZero() {
		terms = append(terms, "id < "+q.arg(f.Before[:]))
	}
	query := `SELECT ` + claimColumns + ` FROM mall_claims WHERE ` + strings.Join(terms, " AND ") + ` ORDER BY id DESC LIMIT ` + q.arg(int64(f.Limit))
	return list(ctx, s.reader, scanClaim, query, q.args...)
}

func scanClaim(row scanner) (*mall.Claim, error) {
	var c mall.Claim
	var id, order ledger.ID
	var state, detail string
	if err := row.Scan((*idColumn)(&id), (*idColumn)(&order), &state, &detail); err != nil {
		return nil, rowError("claim", id, err)
	}
	if err := json.Unmarshal([]byte(detail), &c); err != nil {
		return nil, fmt.Errorf("sqlstore: claim %s: %w", id, err)
	}
	c.State = mall.ClaimState(state)
	if c.ID != id || c.Order != order {
		return nil, fmt.Errorf("sqlstore: claim %s: its columns are not what its detail says", id)
	}
	return &c, nil
}
