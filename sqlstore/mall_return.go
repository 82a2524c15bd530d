package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

const mallReturnColumns = `id, order_id, client, request_key, request_hash, quantity, step, completed, escalated_at, revision, detail`

const (
	// insertMallReturn inserts nothing when more was returned since its maker looked.
	insertMallReturn = `INSERT INTO mall_returns (` + mallReturnColumns + `)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM mall_orders WHERE id = $12 AND returned = $13 ON CONFLICT DO NOTHING`
	// restock and addReturned come before updateMallReturn in one transaction, so that
	// its row tells whether they were done before.
	restock = `UPDATE mall_stocks SET consumed = consumed - $1, available = available + $2
		WHERE product = (SELECT product FROM mall_orders WHERE id = $3)
		AND EXISTS (SELECT 1 FROM mall_returns WHERE id = $4 AND revision = $5 AND completed = 0)`
	addReturned = `UPDATE mall_orders SET returned = returned + $1,
		status = CASE WHEN returned + $2 = quantity THEN 'refunded' ELSE status END
		WHERE id = $3 AND EXISTS (SELECT 1 FROM mall_returns WHERE id = $4 AND revision = $5 AND completed = 0)`
	updateMallReturn = `UPDATE mall_returns SET step = $1, completed = $2, escalated_at = $3, revision = $4, detail = $5
		WHERE id = $6 AND revision = $7`

	selectMallReturn       = `SELECT ` + mallReturnColumns + ` FROM mall_returns WHERE id = $1`
	selectMallReturnByKey  = `SELECT ` + mallReturnColumns + ` FROM mall_returns WHERE client = $1 AND request_key = $2`
	selectMallReturns      = `SELECT ` + mallReturnColumns + ` FROM mall_returns WHERE order_id = $1 ORDER BY id`
	selectUnfinishedReturn = `SELECT ` + mallReturnColumns + ` FROM mall_returns WHERE step <> 'done' AND id > $1 ORDER BY id LIMIT $2`
)

// CreateReturn implements [mall.Store].
func (s *Store) CreateReturn(ctx context.Context, r *mall.Return) (*mall.Return, error) {
	detail, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: return %s: %w", r.ID, err)
	}
	n, err := s.writer.one(ctx, insertMallReturn, r.ID[:], r.Order[:], r.Client, r.Request.Key, r.Request.Hash[:], r.Quantity, string(r.Step),
		flag(r.Completed), r.EscalatedAt, r.Revision, string(detail), r.Order[:], r.Before)
	if err != nil || n == 1 {
		return nil, err
	}
	existing, err := one(ctx, s.reader, scanMallReturn, mall.ErrNotFound, selectMallReturnByKey, r.Client, r.Request.Key)
	if !errors.Is(err, mall.ErrNotFound) {
		return existing, err
	}
	if _, err := s.MallOrder(ctx, r.Order); err != nil {
		return nil, err
	}
	return nil, mall.ErrReturnUnderWay
}

// UpdateReturn implements [mall.Store].
func (s *Store) UpdateReturn(ctx context.Context, r *mall.Return) error {
	detail, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("sqlstore: return %s: %w", r.ID, err)
	}
	t, err := s.toldOfReturn(ctx, r)
	if err != nil {
		return err
	}
	all := t.statements
	if r.Completed && r.Restock {
		all = append(all, stmt(restock, r.Quantity, r.Quantity, r.Order[:], r.ID[:], r.Revision-1))
	}
	if r.Completed {
		all = append(all, stmt(addReturned, r.Quantity, r.Quantity, r.Order[:], r.ID[:], r.Revision-1))
	}
	done, err := s.writer.do(ctx, append(all, stmt(updateMallReturn, string(r.Step), flag(r.Completed), r.EscalatedAt, r.Revision, string(detail),
		r.ID[:], r.Revision-1))...)
	if err != nil || done[len(done)-1].affected == 1 {
		if err == nil {
			t.notify()
		}
		return err
	}
	if _, err := s.Return(ctx, r.ID); err != nil {
		return err
	}
	return mall.ErrChanged
}

// Return implements [mall.Store].
func (s *Store) Return(ctx context.Context, id ledger.ID) (*mall.Return, error) {
	return one(ctx, s.reader, scanMallReturn, mall.ErrNotFound, selectMallReturn, id[:])
}

// Returns implements [mall.Store].
func (s *Store) Returns(ctx context.Context, order ledger.ID) ([]*mall.Return, error) {
	return list(ctx, s.reader, scanMallReturn, selectMallReturns, order[:])
}

// UnfinishedReturns implements [mall.Store].
func (s *Store) UnfinishedReturns(ctx context.Context, after ledger.ID, limit int) ([]*mall.Return, error) {
	return list(ctx, s.reader, scanMallReturn, selectUnfinishedReturn, after[:], int64(max(limit, 0)))
}

func scanMallReturn(row scanner) (*mall.Return, error) {
	var r mall.Return
	var id, order ledger.ID
	var client, key, detail string
	var hash ledger.Hash
	var quantity, completed, escalated, revision natural
	err := row.Scan((*idColumn)(&id), (*idColumn)(&order), &client, &key, (*hashColumn)(&hash), &quantity, (*orderStep)(&r.Step),
		&completed, &escalated, &revision, &detail)
	if err != nil {
		return nil, rowError("return", id, err)
	}
	if err := json.Unmarshal([]byte(detail), &r); err != nil {
		return nil, fmt.Errorf("sqlstore: return %s: %w", id, err)
	}
	if r.ID != id || r.Order != order || r.Client != client || r.Request.Key != key || r.Quantity != int64(quantity) {
		return nil, fmt.Errorf("sqlstore: return %s: its columns are not what its detail says", id)
	}
	r.Request.Hash, r.Completed, r.EscalatedAt, r.Revision = hash, completed == 1, int64(escalated), int64(revision)
	return &r, nil
}
