package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

var _ bonus.Store = (*Store)(nil)

const (
	bonusColumns     = `conversion, account, tier, bps, recorded_at, window_date, expiry, converted, stays`
	bonusMoveColumns = `cause, conversion, command, amount, state, code, debt`

	selectBonusMarks = `SELECT lane, next, root, block FROM reward_bonus_marks ORDER BY lane`
	upsertBonusMark  = `INSERT INTO reward_bonus_marks (lane, next, root, block) VALUES ($1, $2, $3, $4)
		ON CONFLICT (lane) DO UPDATE SET next = excluded.next, root = excluded.root, block = excluded.block`
	upsertBonus = `INSERT INTO reward_bonuses (` + bonusColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (conversion) DO UPDATE SET stays = excluded.stays`
	insertBonusMove = `INSERT INTO reward_bonus_moves (` + bonusMoveColumns + `, place) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`
	settleBonusMove = `UPDATE reward_bonus_moves SET state = $1, code = $2, debt = $3 WHERE cause = $4 AND state = 'due'`

	forgoBonuses = `UPDATE reward_bonus_moves SET state = 'refused', code = $1 WHERE state = 'due' AND conversion IN
			(SELECT conversion FROM reward_bonuses WHERE account = $2)`

	selectDueBonuses = `SELECT ` + bonusColumns + ` FROM reward_bonuses WHERE conversion > $1 AND conversion IN
			(SELECT conversion FROM reward_bonus_moves WHERE state = 'due' AND conversion > $2) ORDER BY conversion LIMIT $3`
	selectBonusesOf = `SELECT ` + bonusColumns + ` FROM reward_bonuses WHERE account = $1 AND conversion < $2 ORDER BY conversion DESC LIMIT $3`

	// What is left of a bonus is in one place: what was refused moved nothing.
	sumBonuses = `SELECT window_date, tier, COUNT(*), CAST(SUM(rest) AS BIGINT), CAST(SUM(CASE WHEN rest = 0 THEN 1 ELSE 0 END) AS BIGINT)
		FROM (SELECT b.window_date, b.tier, (SELECT SUM(CASE WHEN m.state = 'refused' THEN 0 WHEN m.place = 0 THEN m.amount ELSE -m.amount END)
				FROM reward_bonus_moves m WHERE m.conversion = b.conversion) AS rest
			FROM reward_bonuses b WHERE b.window_date BETWEEN $1 AND $2) AS each_one
		GROUP BY window_date, tier ORDER BY window_date, tier`
	countDueBonuses = `SELECT COUNT(*), COALESCE(MIN(b.recorded_at), 0) FROM reward_bonus_moves m JOIN reward_bonuses b ON b.conversion = m.conversion
		WHERE m.state = 'due'`
)

// BonusMarks implements [bonus.Store].
func (s *Store) BonusMarks(ctx context.Context) ([]bonus.Mark, error) {
	return values(list(ctx, s.reader, scanBonusMark, selectBonusMarks))
}

func scanBonusMark(row scanner) (*bonus.Mark, error) {
	var m bonus.Mark
	var lane, next, block natural
	if err := row.Scan(&lane, &next, (*hashColumn)(&m.Root), &block); err != nil {
		return nil, fmt.Errorf("sqlstore: mark of bonuses: %w", err)
	}
	m.Lane, m.Next, m.Block = uint32(lane), uint64(next), uint64(block)
	return &m, nil
}

// DecideBonuses implements [bonus.Store].
func (s *Store) DecideBonuses(ctx context.Context, all []*bonus.Bonus, marks []bonus.Mark) error {
	statements := make([]statement, 0, 3*len(all)+len(marks))
	for _, b := range all {
		statements = append(statements, stmt(upsertBonus, b.Conversion[:], b.Account[:], b.Tier, b.BPS, b.RecordedAt, int64(b.Window),
			int64(b.Expiry), b.Converted, b.Stays))
		for place := range b.Moves {
			m := &b.Moves[place]
			statements = append(statements, stmt(insertBonusMove, m.Cause[:], b.Conversion[:], m.Command[:], m.Amount, string(m.State), m.Code, m.Debt, int64(place)))
		}
	}
	for i := range marks {
		m := &marks[i]
		statements = append(statements, stmt(upsertBonusMark, int64(m.Lane), int64(m.Next), m.Root[:], int64(m.Block)))
	}
	if len(statements) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

// SettleBonuses implements [bonus.Store].
func (s *Store) SettleBonuses(ctx context.Context, all []*bonus.Bonus) error {
	var statements []statement
	for _, b := range all {
		for i := range b.Moves {
			m := &b.Moves[i]
			statements = append(statements, stmt(settleBonusMove, string(m.State), m.Code, m.Debt, m.Cause[:]))
		}
	}
	if len(statements) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

// ForgoBonuses implements [bonus.Store].
func (s *Store) ForgoBonuses(ctx context.Context, account ledger.Account, code string) error {
	_, err := s.writer.do(ctx, stmt(forgoBonuses, code, account[:]))
	return err
}

// Bonuses implements [bonus.Store].
func (s *Store) Bonuses(ctx context.Context, conversions []ledger.ID) (all []*bonus.Bonus, err error) {
	err = pieces(idArgs(conversions), func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanBonus, `SELECT `+bonusColumns+` FROM reward_bonuses WHERE conversion IN `+among(1, length), args...)
		all = append(all, found...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.withMoves(ctx, all)
}

// DueBonuses implements [bonus.Store].
func (s *Store) DueBonuses(ctx context.Context, after ledger.ID, limit int) ([]*bonus.Bonus, error) {
	all, err := list(ctx, s.reader, scanBonus, selectDueBonuses, after[:], after[:], int64(max(limit, 0)))
	if err != nil {
		return nil, err
	}
	return s.withMoves(ctx, all)
}

// BonusesOf implements [bonus.Store].
func (s *Store) BonusesOf(ctx context.Context, account ledger.Account, before ledger.ID, limit int) ([]*bonus.Bonus, error) {
	if before.IsZero() {
		before = lastID()
	}
	all, err := list(ctx, s.reader, scanBonus, selectBonusesOf, account[:], before[:], int64(max(limit, 0)))
	if err != nil {
		return nil, err
	}
	return s.withMoves(ctx, all)
}

// withMoves reads the moves of bonuses.
func (s *Store) withMoves(ctx context.Context, all []*bonus.Bonus) ([]*bonus.Bonus, error) {
	ids, of := make([]ledger.ID, len(all)), make(map[ledger.ID]*bonus.Bonus, len(all))
	for i, b := range all {
		ids[i], of[b.Conversion] = b.Conversion, b
	}
	err := pieces(idArgs(ids), func(length int, args []any) error {
		_, err := list(ctx, s.reader, func(row scanner) (*bonus.Move, error) {
			m, conversion, err := scanBonusMove(row)
			if err == nil {
				of[conversion].Moves = append(of[conversion].Moves, *m)
			}
			return m, err
		}, `SELECT `+bonusMoveColumns+` FROM reward_bonus_moves WHERE conversion IN `+among(1, length)+` ORDER BY conversion, place`, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, b := range all {
		if len(b.Moves) == 0 {
			return nil, fmt.Errorf("sqlstore: bonus of conversion %s: no moves", b.Conversion)
		}
	}
	return all, nil
}

func scanBonus(row scanner) (*bonus.Bonus, error) {
	var b bonus.Bonus
	var window, expiry natural
	err := row.Scan((*idColumn)(&b.Conversion), (*accountColumn)(&b.Account), &b.Tier, (*natural)(&b.BPS), (*natural)(&b.RecordedAt), &window, &expiry,
		(*natural)(&b.Converted), (*natural)(&b.Stays))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: bonus: %w", err)
	}
	b.Window, b.Expiry = ledger.Date(window), ledger.Month(expiry)
	return &b, nil
}

func scanBonusMove(row scanner) (m *bonus.Move, conversion ledger.ID, err error) {
	m = &bonus.Move{}
	var state string
	err = row.Scan((*idColumn)(&m.Cause), (*idColumn)(&conversion), (*idColumn)(&m.Command), (*natural)(&m.Amount), &state, &m.Code, &m.Debt)
	switch m.State = bonus.State(state); {
	case err != nil:
		return nil, conversion, fmt.Errorf("sqlstore: move of a bonus: %w", err)
	case m.State != bonus.Due && m.State != bonus.Done && m.State != bonus.Refused:
		return nil, conversion, fmt.Errorf("sqlstore: move of a bonus: column state: unknown state %q", state)
	}
	return m, conversion, nil
}

// BonusTotals implements [bonus.Store].
func (s *Store) BonusTotals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error) {
	return values(list(ctx, s.reader, func(row scanner) (*rewards.Totals, error) {
		t := rewards.Totals{Kind: bonus.Kind}
		var day natural
		err := row.Scan(&day, &t.Code, (*natural)(&t.Events), (*natural)(&t.Points), (*natural)(&t.Cancelled))
		t.Day = ledger.Date(day)
		return &t, err
	}, sumBonuses, int64(from), int64(to)))
}

// BonusBacklog implements [bonus.Store].
func (s *Store) BonusBacklog(ctx context.Context) (bonus.Backlog, error) {
	found, err := one(ctx, s.reader, func(row scanner) (*bonus.Backlog, error) {
		var b bonus.Backlog
		err := row.Scan((*natural)(&b.Moves), (*natural)(&b.Oldest))
		return &b, err
	}, bonus.ErrNotFound, countDueBonuses)
	if err != nil {
		return bonus.Backlog{}, fmt.Errorf("sqlstore: bonuses that are due: %w", err)
	}
	return *found, nil
}

// idArgs are IDs as arguments of a query.
func idArgs(ids []ledger.ID) [][]byte {
	args := make([][]byte, len(ids))
	for i := range ids {
		args[i] = ids[i][:]
	}
	return args
}
