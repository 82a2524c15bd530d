package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

const actColumns = `id, client, request_key, request_hash, kind, member, account, subject, dispute, points, expiry, reason, reference, case_of,
	state, maker, checker, alone, day, code, detail, created_at, decided_at, finished_at, version`

const actValues = `$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25`

const (
	insertAct            = `INSERT INTO support_acts (` + actColumns + `) VALUES (` + actValues + `) ON CONFLICT DO NOTHING`
	insertActWithDispute = `INSERT INTO support_acts (` + actColumns + `) SELECT ` + actValues + ` FROM support_disputes WHERE id = $26 AND version = $27 ON CONFLICT DO NOTHING`
	updateAct            = `UPDATE support_acts SET state = $1, checker = $2, code = $3, detail = $4, decided_at = $5, finished_at = $6, version = $7 WHERE id = $8 AND version = $9`

	selectAct      = `SELECT ` + actColumns + ` FROM support_acts WHERE id = $1`
	selectActByKey = `SELECT ` + actColumns + ` FROM support_acts WHERE client = $1 AND request_key = $2`
	sumAlone       = `SELECT
		(SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM support_acts WHERE kind = 'goodwill' AND alone = 1 AND state NOT IN ('declined', 'refused') AND day = $1 AND maker = $2),
		(SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM support_acts WHERE kind = 'goodwill' AND alone = 1 AND state NOT IN ('declined', 'refused') AND case_of = $3)`
	sumGoodwill = `SELECT day, COUNT(*), CAST(SUM(points) AS BIGINT) FROM support_acts
		WHERE kind = 'goodwill' AND state = 'done' AND day BETWEEN $1 AND $2 GROUP BY day ORDER BY day`

	selectLinkFacts = `SELECT COALESCE(MIN(created_at), 0), CAST(COALESCE(SUM(CASE WHEN created_at >= $1 THEN 1 ELSE 0 END), 0) AS BIGINT),
		(SELECT COALESCE(MAX(members), 0) FROM (SELECT COUNT(DISTINCT other.member) AS members FROM links own
			JOIN links other ON other.partner = own.partner AND other.membership = own.membership WHERE own.member = $2 GROUP BY own.partner, own.membership) shared)
		FROM links WHERE member = $3`
)

func actArgs(a *support.Act) []any {
	return []any{a.ID[:], a.Client, a.Request.Key, a.Request.Hash[:], string(a.Kind), a.Member, a.Account[:], idArg(&a.Subject), idArg(&a.Dispute), a.Points, int64(a.Expiry),
		a.Reason, a.Reference, a.Case(), string(a.State), a.Maker, a.Checker, flag(a.Alone), int64(a.Day), a.Code, a.Detail, a.CreatedAt, a.DecidedAt, a.FinishedAt, a.Version}
}

// CreateAct implements [support.Store].
func (s *Store) CreateAct(ctx context.Context, a *support.Act) (*support.Act, error) {
	n, err := s.writer.one(ctx, insertAct, actArgs(a)...)
	if err != nil || n == 1 {
		return nil, err
	}
	existing, err := one(ctx, s.reader, scanAct, support.ErrNotFound, selectActByKey, a.Client, a.Request.Key)
	if errors.Is(err, support.ErrNotFound) {
		return nil, support.ErrTaken
	}
	return existing, err
}

// SaveAct implements [support.Store].
func (s *Store) SaveAct(ctx context.Context, a *support.Act) error {
	n, err := s.writer.one(ctx, updateAct, string(a.State), a.Checker, a.Code, a.Detail, a.DecidedAt, a.FinishedAt, a.Version, a.ID[:], a.Version-1)
	if err == nil && n == 0 {
		return support.ErrChanged
	}
	return err
}

// Act implements [support.Store].
func (s *Store) Act(ctx context.Context, id ledger.ID) (*support.Act, error) {
	return one(ctx, s.reader, scanAct, support.ErrNotFound, selectAct, id[:])
}

// Acts implements [support.Store].
func (s *Store) Acts(ctx context.Context, f support.ActFilter) ([]*support.Act, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	var terms []string
	for _, x := range [][2]string{{"member", f.Member}, {"kind", string(f.Kind)}, {"state", string(f.State)}} {
		if x[1] != "" {
			terms = append(terms, x[0]+" = "+q.arg(x[1]))
		}
	}
	if f.State != "" && !f.State.Ended() { // as the index has it
		terms = append(terms, "state IN ('awaiting', 'proposed', 'under_way')")
	}
	if !f.Before.IsZero() {
		terms = append(terms, "id < "+q.arg(f.Before[:]))
	}
	return list(ctx, s.reader, scanAct, `SELECT `+actColumns+` FROM support_acts`+where(terms)+` ORDER BY id DESC LIMIT `+q.arg(int64(f.Limit)), q.args...)
}

func scanAct(row scanner) (*support.Act, error) {
	var a support.Act
	var kind, of, state string
	var expiry, alone, day natural
	err := row.Scan((*idColumn)(&a.ID), &a.Client, &a.Request.Key, (*hashColumn)(&a.Request.Hash), &kind, &a.Member, (*accountColumn)(&a.Account), (*optionalID)(&a.Subject),
		(*optionalID)(&a.Dispute), (*natural)(&a.Points), &expiry, &a.Reason, &a.Reference, &of, &state, &a.Maker, &a.Checker, &alone, &day, &a.Code, &a.Detail,
		(*natural)(&a.CreatedAt), (*natural)(&a.DecidedAt), (*natural)(&a.FinishedAt), (*natural)(&a.Version))
	if err != nil {
		return nil, rowError("act", a.ID, err)
	}
	a.Kind, a.State, a.Expiry, a.Alone, a.Day = support.ActKind(kind), support.ActState(state), ledger.Month(expiry), alone == 1, ledger.Date(day)
	if a.Case() != of {
		return nil, fmt.Errorf("sqlstore: act %s: its case is %q in the row and %q by its fields", a.ID, of, a.Case())
	}
	return &a, nil
}

// GoodwillAlone implements [support.Store].
func (s *Store) GoodwillAlone(ctx context.Context, maker string, day ledger.Date, of string) (byDay, byCase int64, err error) {
	sums, err := one(ctx, s.reader, func(row scanner) (*[2]int64, error) {
		var v [2]int64
		return &v, row.Scan((*natural)(&v[0]), (*natural)(&v[1]))
	}, support.ErrNotFound, sumAlone, int64(day), maker, of)
	if err != nil {
		return 0, 0, err
	}
	return sums[0], sums[1], nil
}

// GoodwillTotals implements [support.Store].
func (s *Store) GoodwillTotals(ctx context.Context, from, to ledger.Date) ([]support.GoodwillTotal, error) {
	return values(list(ctx, s.reader, func(row scanner) (*support.GoodwillTotal, error) {
		var t support.GoodwillTotal
		var day natural
		err := row.Scan(&day, (*natural)(&t.Acts), (*natural)(&t.Points))
		t.Day = ledger.Date(day)
		return &t, err
	}, sumGoodwill, int64(from), int64(to)))
}

// LinkFacts implements [support.Facts].
func (s *Store) LinkFacts(ctx context.Context, member string, since int64) (support.LinkFacts, error) {
	f, err := one(ctx, s.reader, func(row scanner) (*support.LinkFacts, error) {
		var f support.LinkFacts
		return &f, row.Scan((*natural)(&f.First), (*natural)(&f.Recent), (*natural)(&f.Shared))
	}, support.ErrNotFound, selectLinkFacts, since, member, member)
	if err != nil {
		return support.LinkFacts{}, err
	}
	return *f, nil
}
