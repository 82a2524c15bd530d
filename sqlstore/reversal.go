package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

const reversalColumns = `id, conversion, client, partner, request_key, request_hash, source, amount, reversed_before,
	reason, in_to, out_from, out_to, evidence_jws, evidence_body, created_at, status, step, source_reference, destination_reference,
	failure_code, failure_detail, finished_at, deadline, escalated_at, window_date`

const reversalWidth = 26

// insertReversal inserts nothing when the sum has moved on since its maker looked.
const insertReversal = `INSERT INTO reversals (` + reversalColumns + `)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26
	FROM conversions WHERE id = $27 AND reversed = $28 ON CONFLICT DO NOTHING`

// lockConversion comes before insertReversal in one transaction: another gateway that
// is just adding a reversal to the sum is waited for, so that the sum is compared as it
// then is.
const lockConversion = `UPDATE conversions SET reversed = reversed WHERE id = $1`

// addReversed comes before updateReversal in one transaction, so that the status
// tells whether the amount was added before.
const addReversed = `UPDATE conversions SET reversed = conversions.reversed + r.amount,
	status = CASE WHEN conversions.reversed + r.amount = conversions.from_amount THEN 'reversed' ELSE conversions.status END
	FROM reversals AS r WHERE r.id = $1 AND r.status <> 'completed' AND conversions.id = r.conversion`

// updateReversal leaves a completed reversal completed: its amount has been added.
const updateReversal = `UPDATE reversals SET status = $1, step = $2, source_reference = $3, destination_reference = $4,
	failure_code = $5, failure_detail = $6, finished_at = $7, deadline = $8, escalated_at = $9, window_date = $10
	WHERE id = $11 AND (status <> 'completed' OR $12 = 'completed')`

const (
	selectReversal            = `SELECT ` + reversalColumns + ` FROM reversals WHERE id = $1`
	selectReversalByKey       = `SELECT ` + reversalColumns + ` FROM reversals WHERE client = $1 AND request_key = $2`
	selectReversals           = `SELECT ` + reversalColumns + ` FROM reversals WHERE conversion = $1 ORDER BY id`
	selectUnfinishedReversals = `SELECT ` + reversalColumns + ` FROM reversals
		WHERE step <> 'done' AND id > $1 ORDER BY id LIMIT $2`
)

// CreateReversal implements [exchange.Store].
func (s *Store) CreateReversal(ctx context.Context, r *exchange.Reversal) (*exchange.Reversal, error) {
	args := append(reversalArgs(r), r.Conversion[:], r.Before)
	done, err := s.writer.do(ctx, stmt(lockConversion, r.Conversion[:]), stmt(insertReversal, args...))
	if err != nil || done[1].affected == 1 {
		return nil, err
	}
	existing, err := one(ctx, s.reader, scanReversal, exchange.ErrNotFound, selectReversalByKey, r.Party.Client, r.Request.Key)
	if !errors.Is(err, exchange.ErrNotFound) {
		return existing, err
	}
	if _, err := s.Conversion(ctx, r.Conversion); err != nil {
		return nil, err
	}
	if _, err := s.Reversal(ctx, r.ID); !errors.Is(err, exchange.ErrNotFound) {
		return nil, errors.Join(fmt.Errorf("sqlstore: reversal %s is there already with another key", r.ID), err)
	}
	return nil, exchange.ErrReversalUnderWay
}

func reversalArgs(r *exchange.Reversal) []any {
	args := make([]any, 0, reversalWidth+2)
	args = append(args, r.ID[:], r.Conversion[:], r.Party.Client, r.Party.Partner, r.Request.Key, r.Request.Hash[:],
		r.Source, r.Amount, r.Before, r.Reason, r.InTo, r.OutFrom, r.OutTo)
	return reversalChanges(append(evidenceArgs(args, r.Evidence), r.CreatedAt), r)
}

// reversalChanges appends what can change.
func reversalChanges(args []any, r *exchange.Reversal) []any {
	args = append(args, string(r.Status), string(r.Step), r.SourceReference, r.DestinationReference)
	return append(failureArgs(args, r.Failure), r.FinishedAt, r.Deadline, r.EscalatedAt, int64(r.Window))
}

// UpdateReversal implements [exchange.Store]. A reversal that would take back
// more than was converted is an error, and so is one that was completed and is
// no longer to be.
func (s *Store) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	told, err := s.toldOfReversal(ctx, r)
	if err != nil {
		return err
	}
	statements := told.statements
	if r.Status == exchange.Completed {
		statements = append(statements, stmt(addReversed, r.ID[:]))
	}
	args := append(reversalChanges(make([]any, 0, 12), r), r.ID[:], string(r.Status))
	done, err := s.writer.do(ctx, append(statements, stmt(updateReversal, args...))...)
	if err != nil {
		return err
	}
	if done[len(done)-1].affected == 1 {
		told.notify()
		return nil
	}
	if _, err := s.Reversal(ctx, r.ID); err != nil {
		return err
	}
	return fmt.Errorf("sqlstore: reversal %s is completed and cannot become %s", r.ID, r.Status)
}

// Reversal implements [exchange.Store].
func (s *Store) Reversal(ctx context.Context, id ledger.ID) (*exchange.Reversal, error) {
	return one(ctx, s.reader, scanReversal, exchange.ErrNotFound, selectReversal, id[:])
}

// Reversals implements [exchange.Store].
func (s *Store) Reversals(ctx context.Context, conversion ledger.ID) ([]*exchange.Reversal, error) {
	return list(ctx, s.reader, scanReversal, selectReversals, conversion[:])
}

// UnfinishedReversals implements [exchange.Store].
func (s *Store) UnfinishedReversals(ctx context.Context, after ledger.ID, limit int) ([]*exchange.Reversal, error) {
	return list(ctx, s.reader, scanReversal, selectUnfinishedReversals, after[:], int64(max(limit, 0)))
}

func scanReversal(row scanner) (*exchange.Reversal, error) {
	var r exchange.Reversal
	var failure failureColumns
	var evidence evidenceColumns
	var window natural
	err := row.Scan((*idColumn)(&r.ID), (*idColumn)(&r.Conversion), &r.Party.Client, &r.Party.Partner,
		&r.Request.Key, (*hashColumn)(&r.Request.Hash), &r.Source, (*natural)(&r.Amount), (*natural)(&r.Before), &r.Reason,
		(*natural)(&r.InTo), (*natural)(&r.OutFrom), (*natural)(&r.OutTo),
		&evidence.jws, &evidence.body, (*natural)(&r.CreatedAt),
		(*statusColumn)(&r.Status), (*stepColumn)(&r.Step), &r.SourceReference, &r.DestinationReference,
		&failure.code, &failure.detail, (*natural)(&r.FinishedAt), (*natural)(&r.Deadline), (*natural)(&r.EscalatedAt), &window)
	if err != nil {
		return nil, rowError("reversal", r.ID, err)
	}
	r.Failure, r.Evidence, r.Window = failure.failure(), evidence.evidence(), ledger.Date(window)
	return &r, nil
}
