package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

var _ settlement.Reconciliations = (*Store)(nil)

const reconciliationColumns = `partner, window_date, statement, digest, kept_from, kept, report, ran_at`

const (
	saveReconciliation = `INSERT INTO reconciliations (` + reconciliationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (partner, window_date) DO UPDATE SET statement = excluded.statement, digest = excluded.digest,
		kept_from = excluded.kept_from, kept = excluded.kept, report = excluded.report, ran_at = excluded.ran_at`
	selectReconciliation = `SELECT ` + reconciliationColumns + ` FROM reconciliations WHERE partner = $1 AND window_date = $2`

	selectReconciliationBefore = `SELECT ` + reconciliationColumns + ` FROM reconciliations
		WHERE partner = $1 AND window_date < $2 ORDER BY window_date DESC LIMIT 1`
)

// SaveReconciliation implements [settlement.Reconciliations].
func (s *Store) SaveReconciliation(ctx context.Context, r *settlement.Reconciliation) error {
	report, err := json.Marshal(&r.Report)
	if err != nil {
		return fmt.Errorf("sqlstore: reconciliation of %s: %w", settlement.ID(r.Window, r.Partner), err)
	}
	_, err = s.writer.do(ctx, stmt(saveReconciliation, r.Partner, int64(r.Window), r.Statement[:], r.Digest[:],
		hashArg(&r.KeptFrom), hashArg(&r.Kept), string(report), r.At))
	return err
}

// Reconciliation implements [settlement.Reconciliations].
func (s *Store) Reconciliation(ctx context.Context, partner string, window ledger.Date) (*settlement.Reconciliation, error) {
	return one(ctx, s.reader, scanReconciliation, settlement.ErrNotFound, selectReconciliation, partner, int64(window))
}

// ReconciliationBefore implements [settlement.Reconciliations].
func (s *Store) ReconciliationBefore(ctx context.Context, partner string, window ledger.Date) (*settlement.Reconciliation, error) {
	return one(ctx, s.reader, scanReconciliation, settlement.ErrNotFound, selectReconciliationBefore, partner, int64(window))
}

func scanReconciliation(row scanner) (*settlement.Reconciliation, error) {
	var r settlement.Reconciliation
	var window natural
	var report string
	err := row.Scan(&r.Partner, &window, (*idColumn)(&r.Statement), (*hashColumn)(&r.Digest), (*optionalHash)(&r.KeptFrom),
		(*optionalHash)(&r.Kept), &report, (*natural)(&r.At))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	r.Window = ledger.Date(window)
	if err == nil {
		err = json.Unmarshal([]byte(report), &r.Report)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: reconciliation of %s: %w", settlement.ID(r.Window, r.Partner), err)
	}
	return &r, nil
}
