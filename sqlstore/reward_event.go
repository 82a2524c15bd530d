package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

var _ rewards.Store = (*Store)(nil)

const rewardColumns = `id, member, contract, kind, channel, segment, occurred_at, amount, state, day, account, received_at,
	command, tier, points, expiry, rule, explanation, filled, code, detail, cancelled_at, reason, taken, debt`

const rewardWidth = 26

// Long lists are asked for in pieces of one of two lengths, so that there are few
// queries to prepare; the last element fills a piece up.
const (
	piece      = 100
	shortPiece = 8
)

// among is "($first, …)" for a piece of a list.
func among(first, length int) string {
	var b strings.Builder
	for i := range length {
		fmt.Fprintf(&b, ", $%d", first+i)
	}
	return "(" + b.String()[2:] + ")"
}

// pieces calls read with the elements of a list as arguments, piece by piece, and
// the length of the piece.
func pieces[T any](all []T, read func(length int, args []any) error) error {
	for len(all) > 0 {
		length := piece
		if len(all) <= shortPiece {
			length = shortPiece
		}
		n := min(length, len(all))
		args := make([]any, 0, length+2)
		for i := range length {
			args = append(args, all[min(i, n-1)])
		}
		if err := read(length, args); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

const (
	upsertReward = `INSERT INTO reward_events (` + rewardColumns + `, counted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
			$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
		ON CONFLICT (id) DO UPDATE SET member = excluded.member, contract = excluded.contract, kind = excluded.kind,
			channel = excluded.channel, segment = excluded.segment, occurred_at = excluded.occurred_at, amount = excluded.amount,
			state = excluded.state, day = excluded.day, account = excluded.account, command = excluded.command, tier = excluded.tier,
			points = excluded.points, expiry = excluded.expiry, rule = excluded.rule, explanation = excluded.explanation,
			filled = excluded.filled, code = excluded.code, detail = excluded.detail, cancelled_at = excluded.cancelled_at,
			reason = excluded.reason, taken = excluded.taken, debt = excluded.debt, received_at = excluded.received_at, counted = excluded.counted`
	settleReward = `UPDATE reward_events SET state = $1, filled = $2, code = $3, detail = $4, taken = $5, debt = $6, counted = $7 WHERE id = $8`
	// issueReward is settleReward for what was issued as intended, the most frequent
	// end: what caps are counted by does not change, and stays out of the statement
	// because naming it has the index rewritten.
	issueReward    = `UPDATE reward_events SET state = 'issued', filled = $1 WHERE id = $2`
	updateStanding = `UPDATE reward_members SET tier = $1, since = $2, below = $3, earned = $4, as_of = $5 WHERE member = $6`

	selectRewardsOpen = `SELECT ` + rewardColumns + ` FROM reward_events
		WHERE state IN ('issuing', 'cancelling') AND id > $1 ORDER BY id LIMIT $2`
	selectRewardHistory = `SELECT ` + rewardColumns + ` FROM reward_events
		WHERE member = $1 AND day <= $2 AND (day < $3 OR id < $4) ORDER BY day DESC, id DESC LIMIT $5`
	selectRewardHistoryFirst = `SELECT ` + rewardColumns + ` FROM reward_events WHERE member = $1 ORDER BY day DESC, id DESC LIMIT $2`
	selectRewardsPast        = `SELECT ` + rewardColumns + ` FROM reward_events WHERE day BETWEEN $1 AND $2 AND member <> ''
		AND (day > $3 OR day = $4 AND (member > $5 OR member = $6 AND id > $7)) ORDER BY day, member, id LIMIT $8`
	sumRewards = `SELECT day, channel, segment, kind, rule, COUNT(*), CAST(SUM(amount) AS BIGINT),
			CAST(SUM(counted) AS BIGINT),
			CAST(SUM(CASE WHEN cancelled_at <> 0 THEN 1 ELSE 0 END) AS BIGINT)
		FROM reward_events WHERE day BETWEEN $1 AND $2 AND member <> ''
		GROUP BY day, channel, segment, kind, rule ORDER BY day, channel, segment, kind, rule`
)

// SaveRewards implements [rewards.Store].
func (s *Store) SaveRewards(ctx context.Context, records []*rewards.Record) error {
	statements := make([]statement, 0, len(records))
	for _, r := range records {
		args, err := rewardArgs(r)
		if err != nil {
			return err
		}
		statements = append(statements, stmt(upsertReward, args...))
	}
	if len(statements) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

func rewardArgs(r *rewards.Record) ([]any, error) {
	explanation, err := json.Marshal(&r.Explanation)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: reward event %s: %w", r.ID, err)
	}
	args := make([]any, 0, rewardWidth)
	return append(args, r.ID, r.Member, r.Contract, string(r.Kind), string(r.Channel), r.Segment, r.OccurredAt, r.Amount,
		string(r.State), int64(r.Day), accountArg(&r.Account), r.ReceivedAt, idArg(&r.Command), r.Tier, r.Points, int64(r.Expiry),
		r.Explanation.Rule, string(explanation), r.Filled, r.Code, r.Detail, r.CancelledAt, r.CancelReason, r.Taken, r.Debt, counted(r)), nil
}

// counted is what a record counts towards caps.
func counted(r *rewards.Record) int64 {
	if r.State.Counts() {
		return r.Points
	}
	return 0
}

// SettleRewards implements [rewards.Store].
func (s *Store) SettleRewards(ctx context.Context, records []*rewards.Record, standings []*rewards.Standing) error {
	statements := make([]statement, 0, len(records)+len(standings))
	for _, r := range records {
		statements = append(statements, settledReward(r))
	}
	for _, v := range standings {
		statements = append(statements, standingChange(v)...)
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

func settledReward(r *rewards.Record) statement {
	if r.State == rewards.Issued && r.Code == "" && r.Detail == "" && r.Taken == 0 && r.Debt == 0 {
		return stmt(issueReward, r.Filled, r.ID)
	}
	return stmt(settleReward, string(r.State), r.Filled, r.Code, r.Detail, r.Taken, r.Debt, counted(r), r.ID)
}

// accountArg is NULL for the zero account.
func accountArg(a *ledger.Account) any {
	if a.IsZero() {
		return nil
	}
	return a[:]
}

func scanReward(row scanner) (*rewards.Record, error) {
	var r rewards.Record
	var kind, channel, state, rule, explanation string
	var day, expiry natural
	var account optionalAccount
	err := row.Scan(&r.ID, &r.Member, &r.Contract, &kind, &channel, &r.Segment, (*natural)(&r.OccurredAt), (*natural)(&r.Amount),
		&state, &day, &account, (*natural)(&r.ReceivedAt), (*optionalID)(&r.Command), &r.Tier, (*natural)(&r.Points), &expiry,
		&rule, &explanation, (*natural)(&r.Filled), &r.Code, &r.Detail, (*natural)(&r.CancelledAt), &r.CancelReason,
		(*natural)(&r.Taken), (*natural)(&r.Debt))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: reward event: %w", err)
	}
	if err := json.Unmarshal([]byte(explanation), &r.Explanation); err != nil {
		return nil, fmt.Errorf("sqlstore: reward event %s: %w", r.ID, err)
	}
	if r.Explanation.Rule != rule || r.Points > 0 && r.Explanation.Points != r.Points {
		return nil, fmt.Errorf("sqlstore: reward event %s: its columns are not what its explanation says", r.ID)
	}
	r.Kind, r.Channel, r.State = rewards.Kind(kind), rewards.Channel(channel), rewards.State(state)
	r.Day, r.Expiry, r.Account = ledger.Date(day), ledger.Month(expiry), ledger.Account(account)
	return &r, nil
}

// RewardRecords implements [rewards.Store].
func (s *Store) RewardRecords(ctx context.Context, ids []string) (all []*rewards.Record, err error) {
	err = pieces(ids, func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanReward, selectRewardsAmong(length), args...)
		all = append(all, found...)
		return err
	})
	return all, err
}

func selectRewardsAmong(length int) string {
	return `SELECT ` + rewardColumns + ` FROM reward_events WHERE id IN ` + among(1, length)
}

// UnfinishedRewards implements [rewards.Store].
func (s *Store) UnfinishedRewards(ctx context.Context, after string, limit int) ([]*rewards.Record, error) {
	return list(ctx, s.reader, scanReward, selectRewardsOpen, after, int64(max(limit, 0)))
}

// RewardHistory implements [rewards.Store].
func (s *Store) RewardHistory(ctx context.Context, member string, before *rewards.Place, limit int) ([]*rewards.Record, error) {
	if before == nil {
		return list(ctx, s.reader, scanReward, selectRewardHistoryFirst, member, int64(max(limit, 0)))
	}
	return list(ctx, s.reader, scanReward, selectRewardHistory, member, int64(before.Day), int64(before.Day), before.ID, int64(max(limit, 0)))
}

// PastRewards implements [rewards.Store].
func (s *Store) PastRewards(ctx context.Context, from, to ledger.Date, after *rewards.Place, limit int) ([]*rewards.Record, error) {
	last := rewards.Place{Day: -1}
	if after != nil {
		last, from = *after, max(from, after.Day)
	}
	return list(ctx, s.reader, scanReward, selectRewardsPast, int64(from), int64(to), int64(last.Day), int64(last.Day),
		last.Member, last.Member, last.ID, int64(max(limit, 0)))
}

// RewardTotals implements [rewards.Store].
func (s *Store) RewardTotals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error) {
	return values(list(ctx, s.reader, scanRewardTotals, sumRewards, int64(from), int64(to)))
}

func scanRewardTotals(row scanner) (*rewards.Totals, error) {
	var t rewards.Totals
	var channel, kind string
	var day natural
	err := row.Scan(&day, &channel, &t.Segment, &kind, &t.Code, (*natural)(&t.Events), (*natural)(&t.Amount), (*natural)(&t.Points), (*natural)(&t.Cancelled))
	t.Day, t.Channel, t.Kind = ledger.Date(day), rewards.Channel(channel), rewards.Kind(kind)
	return &t, err
}
