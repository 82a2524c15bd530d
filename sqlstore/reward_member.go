package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

const standingColumns = `member, tier, since, below, earned, as_of`

const (
	insertStanding   = `INSERT INTO reward_members (` + standingColumns + `) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	insertTierChange = `INSERT INTO reward_tier_changes (account, at, was) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	selectEverybody  = `SELECT ` + standingColumns + ` FROM reward_members WHERE member > $1 ORDER BY member LIMIT $2`
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

// standingChange stores a standing, and what tier it takes the place of.
func standingChange(v *rewards.Standing) []statement {
	all := []statement{stmt(updateStanding, v.Tier, int64(v.Since), int64(v.Below), v.Earned, int64(v.AsOf), v.Member)}
	if c := v.Changed; c != nil {
		all = append(all, stmt(insertTierChange, c.Account[:], c.At, c.Was))
	}
	return all
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

// TierChanges implements [rewards.Store].
func (s *Store) TierChanges(ctx context.Context, accounts []ledger.Account, after int64) (all []rewards.TierChange, err error) {
	err = pieces(accountArgs(accounts), func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, scanTierChange, selectTierChanges(length), append(args, after)...))
		all = append(all, found...)
		return err
	})
	return all, err
}

func selectTierChanges(length int) string {
	return fmt.Sprintf(`SELECT account, at, was FROM reward_tier_changes
		WHERE account IN %s AND at > $%d ORDER BY account, at`, among(1, length), length+1)
}

func scanTierChange(row scanner) (*rewards.TierChange, error) {
	var c rewards.TierChange
	if err := row.Scan((*accountColumn)(&c.Account), (*natural)(&c.At), &c.Was); err != nil {
		return nil, fmt.Errorf("sqlstore: change of a tier: %w", err)
	}
	return &c, nil
}

// accountArgs are accounts as arguments of a query.
func accountArgs(accounts []ledger.Account) [][]byte {
	args := make([][]byte, len(accounts))
	for i := range accounts {
		args[i] = accounts[i][:]
	}
	return args
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
