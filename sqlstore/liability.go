package sqlstore

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

var _ settlement.LiabilityStore = (*Store)(nil)

const (
	// The movements come before their window, and only if that is not there.
	insertLiability = `INSERT INTO liability (window_date, expiry, earned, converted_in, converted_out, redeemed, expired)
		SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM liability_windows WHERE window_date = $8)`
	insertLiabilityWindow = `INSERT INTO liability_windows (window_date) VALUES ($1) ON CONFLICT DO NOTHING`

	selectLastLiability = `SELECT window_date FROM liability_windows ORDER BY window_date DESC LIMIT 1`
	sumLiability        = `SELECT expiry, CAST(SUM(earned) AS BIGINT), CAST(SUM(converted_in) AS BIGINT), CAST(SUM(converted_out) AS BIGINT),
		CAST(SUM(redeemed) AS BIGINT), CAST(SUM(expired) AS BIGINT) FROM liability WHERE window_date BETWEEN $1 AND $2 GROUP BY expiry ORDER BY expiry`
	selectLiability = `SELECT window_date, earned, converted_in, converted_out, redeemed, expired FROM liability
		WHERE expiry = $1 AND window_date BETWEEN $2 AND $3 ORDER BY window_date`
)

// SaveLiability implements [settlement.LiabilityStore].
func (s *Store) SaveLiability(ctx context.Context, window ledger.Date, moved []paper.Month) error {
	all := make([]statement, 0, len(moved)+1)
	for i := range moved {
		m := &moved[i]
		all = append(all, stmt(insertLiability, int64(window), int64(m.Expiry), m.Earned, m.ConvertedIn, m.ConvertedOut, m.Redeemed, m.Expired, int64(window)))
	}
	_, err := s.writer.do(ctx, append(all, stmt(insertLiabilityWindow, int64(window)))...)
	return err
}

// LastLiability implements [settlement.LiabilityStore].
func (s *Store) LastLiability(ctx context.Context) (ledger.Date, error) {
	last, err := one(ctx, s.reader, scanDate, settlement.ErrNotFound, selectLastLiability)
	if err != nil {
		return 0, err
	}
	return *last, nil
}

func scanDate(row scanner) (*ledger.Date, error) {
	var n natural
	err := row.Scan(&n)
	d := ledger.Date(n)
	return &d, err
}

// LiabilitySums implements [settlement.LiabilityStore].
func (s *Store) LiabilitySums(ctx context.Context, from, to ledger.Date) ([]paper.Month, error) {
	return values(list(ctx, s.reader, scanLiabilitySum, sumLiability, int64(from), int64(to)))
}

func scanLiabilitySum(row scanner) (*paper.Month, error) {
	var m paper.Month
	var expiry natural
	err := row.Scan(append([]any{&expiry}, movementTargets(&m.Movements)...)...)
	m.Expiry = ledger.Month(expiry)
	return &m, err
}

// movementTargets are plain: a reversal may take back what another window brought.
func movementTargets(m *paper.Movements) []any {
	return []any{&m.Earned, &m.ConvertedIn, &m.ConvertedOut, &m.Redeemed, &m.Expired}
}

// LiabilityWindows implements [settlement.LiabilityStore].
func (s *Store) LiabilityWindows(ctx context.Context, expiry ledger.Month, from, to ledger.Date) ([]settlement.WindowMovements, error) {
	return values(list(ctx, s.reader, scanLiability, selectLiability, int64(expiry), int64(from), int64(to)))
}

func scanLiability(row scanner) (*settlement.WindowMovements, error) {
	var m settlement.WindowMovements
	var window natural
	err := row.Scan(append([]any{&window}, movementTargets(&m.Movements)...)...)
	m.Window = ledger.Date(window)
	return &m, err
}
