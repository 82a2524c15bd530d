package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

const standingColumns = `member, tier, since, below, earned, as_of`

const (
	insertStanding  = `INSERT INTO reward_members (` + standingColumns + `) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	selectEverybody = `SELECT ` + standingColumns + ` FROM reward_members WHERE member > $1 ORDER BY member LIMIT $2`
)

// AddStandings implements [rewards.Store].
func (s *Store) AddStandings(ctx context.Context, numbers []string, v rewards.Standing) error {
	if len(numbers) == 0 {
		return nil
	}
	statements := make([]statement, len(numbers))
	for i, n := range numbers {
		statements[i] = stmt(insertStanding, n, v.Tier, int64(v.Since), int64(v.Below), v.Earned, int64(v.AsOf))
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

func standingChange(v *rewards.Standing) statement {
	return stmt(updateStanding, v.Tier, int64(v.Since), int64(v.Below), v.Earned, int64(v.AsOf), v.Member)
}

// Standings implements [rewards.Store].
func (s *Store) Standings(ctx context.Context, members []string) (all []*rewards.Standing, err error) {
	err = pieces(members, func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanStanding, `SELECT `+standingColumns+` FROM reward_members WHERE member IN `+among(1, length), args...)
		all = append(all, found...)
		return err
	})
	return all, err
}

// EverybodyStanding implements [rewards.Store].
func (s *Store) EverybodyStanding(ctx context.Context, after string, limit int) ([]*rewards.Standing, error) {
	return list(ctx, s.reader, scanStanding, selectEverybody, after, int64(max(limit, 0)))
}

func scanStanding(row scanner) (*rewards.Standing, error) {
	var v rewards.Standing
	var since, below, asOf natural
	if err := row.Scan(&v.Member, &v.Tier, &since, &below, (*natural)(&v.Earned), &asOf); err != nil {
		return nil, fmt.Errorf("sqlstore: standing: %w", err)
	}
	v.Since, v.Below, v.AsOf = ledger.Date(since), ledger.Date(below), ledger.Date(asOf)
	return &v, nil
}

// RewardsEarned implements [rewards.Store].
func (s *Store) RewardsEarned(ctx context.Context, members []string, from, to ledger.Date) (all []rewards.Earned, err error) {
	err = pieces(members, func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, scanEarned, sumEarned(length), append(args, int64(from), int64(to))...))
		all = append(all, found...)
		return err
	})
	return all, err
}

func sumEarned(length int) string {
	return fmt.Sprintf(`SELECT member, day, rule, CAST(SUM(counted) AS BIGINT) FROM reward_events
		WHERE member IN %s AND day BETWEEN $%d AND $%d AND counted > 0
		GROUP BY member, day, rule`, among(1, length), length+1, length+2)
}

func scanEarned(row scanner) (*rewards.Earned, error) {
	var e rewards.Earned
	var day natural
	err := row.Scan(&e.Member, &day, &e.Code, (*natural)(&e.Points))
	e.Day = ledger.Date(day)
	return &e, err
}

// RewardsEarnedSince implements [rewards.Store].
func (s *Store) RewardsEarnedSince(ctx context.Context, members []string, from ledger.Date) (map[string]int64, error) {
	sums := map[string]int64{}
	err := pieces(members, func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanEarnedSum, sumSince(length), append(args, int64(from))...)
		for _, e := range found {
			sums[e.Member] = e.Points
		}
		return err
	})
	return sums, err
}

func sumSince(length int) string {
	return fmt.Sprintf(`SELECT member, CAST(SUM(points) AS BIGINT) FROM reward_events
		WHERE member IN %s AND day >= $%d AND state IN ('issued', 'cancelling') GROUP BY member`, among(1, length), length+1)
}

func scanEarnedSum(row scanner) (*rewards.Earned, error) {
	var e rewards.Earned
	err := row.Scan(&e.Member, (*natural)(&e.Points))
	return &e, err
}
