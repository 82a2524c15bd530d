package sqlstore

import (
	"context"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

const (
	deleteStages = `DELETE FROM insight_stages WHERE day = $1`
	insertStage  = `INSERT INTO insight_stages (day, partner, toward, step, code, count, points) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	insertDay    = `INSERT INTO insight_days (day) VALUES ($1) ON CONFLICT DO NOTHING`

	selectStagesThrough    = `SELECT day FROM insight_days ORDER BY day DESC LIMIT 1`
	selectStagesUnfinished = `SELECT DISTINCT day FROM insight_stages WHERE step = 'processing' ORDER BY day`
	sumStages              = `SELECT partner, toward, step, code, CAST(SUM(count) AS BIGINT), CAST(SUM(points) AS BIGINT) FROM insight_stages
		WHERE day BETWEEN $1 AND $2 GROUP BY partner, toward, step, code`

	// Where the points of a conversion come from and go to.
	stageLegs  = `COALESCE(in_partner, ''), COALESCE(out_partner, '')`
	stageCount = `COUNT(*), CAST(SUM(COALESCE(in_to, out_from, 0)) AS BIGINT)`

	countQuotes = `SELECT ` + stageLegs + `, 'quoted', '', ` + stageCount + `, 0 FROM quotes WHERE id >= $1 AND id < $2 GROUP BY in_partner, out_partner`
	// A conversion's outcome is empty until its work has ended.
	countConversions = `SELECT ` + stageLegs + `, outcome, COALESCE(failure_code, ''), ` + stageCount + `, CAST(SUM(CASE WHEN quote_id IS NULL THEN 0 ELSE 1 END) AS BIGINT)
		FROM conversions WHERE id >= $1 AND id < $2 GROUP BY in_partner, out_partner, outcome, failure_code`
	countReversals = `SELECT COALESCE(c.in_partner, ''), COALESCE(c.out_partner, ''), 'reversed', '', COUNT(*),
		CAST(SUM(CASE WHEN c.in_partner IS NULL THEN r.out_from ELSE r.in_to END) AS BIGINT), 0
		FROM reversals r JOIN conversions c ON c.id = r.conversion WHERE r.id >= $1 AND r.id < $2 AND r.status = 'completed' GROUP BY c.in_partner, c.out_partner`
)

// SaveStages implements [insight.Store].
func (s *Store) SaveStages(ctx context.Context, day ledger.Date, stages []insight.Stage) error {
	all := []statement{stmt(deleteStages, int64(day)), stmt(insertDay, int64(day))}
	for i := range stages {
		g := &stages[i]
		all = append(all, stmt(insertStage, int64(day), g.Partner, g.Toward, g.Step, g.Code, g.Count, g.Points))
	}
	_, err := s.writer.do(ctx, all...)
	return err
}

// StagesThrough implements [insight.Store].
func (s *Store) StagesThrough(ctx context.Context) (ledger.Date, error) {
	days, err := values(list(ctx, s.reader, scanDate, selectStagesThrough))
	if err != nil || len(days) == 0 {
		return 0, err
	}
	return days[0], nil
}

// StagesUnfinished implements [insight.Store].
func (s *Store) StagesUnfinished(ctx context.Context) ([]ledger.Date, error) {
	return values(list(ctx, s.reader, scanDate, selectStagesUnfinished))
}

// Stages implements [insight.Store].
func (s *Store) Stages(ctx context.Context, from, to ledger.Date) ([]insight.Stage, error) {
	return values(list(ctx, s.reader, func(row scanner) (*insight.Stage, error) {
		var g insight.Stage
		return &g, row.Scan(&g.Partner, &g.Toward, &g.Step, &g.Code, (*natural)(&g.Count), (*natural)(&g.Points))
	}, sumStages, int64(from), int64(to)))
}

// InsightStages implements [insight.Records]. IDs are ordered by the time at which
// they were made, so that each query reads what it counts and nothing else.
func (s *Store) InsightStages(ctx context.Context, from, until ledger.ID) ([]insight.Stage, error) {
	type key struct{ partner, toward, step, code string }
	sums := map[key]*insight.Stage{}
	add := func(k key, count, points int64) {
		if count == 0 {
			return
		}
		if sums[k] == nil {
			sums[k] = &insight.Stage{Partner: k.partner, Toward: k.toward, Step: k.step, Code: k.code}
		}
		sums[k].Count += count
		sums[k].Points += points // each fits many times over: the ledger bounds the sum of all points
	}
	for _, query := range []string{countQuotes, countConversions, countReversals} {
		found, err := list(ctx, s.reader, scanStageCount, query, from[:], until[:])
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.step == "" {
				f.step, f.code = insight.Processing, ""
			}
			add(key{f.partner, f.toward, f.step, f.code}, f.count, f.points)
			add(key{f.partner, f.toward, insight.FromQuote, ""}, f.quoted, 0)
		}
	}
	all := make([]insight.Stage, 0, len(sums))
	for _, g := range sums {
		all = append(all, *g)
	}
	return all, nil
}

type stageCounted struct {
	partner, toward, step, code string
	count, points, quoted       int64
}

func scanStageCount(row scanner) (*stageCounted, error) {
	var c stageCounted
	var in, out string
	err := row.Scan(&in, &out, &c.step, &c.code, (*natural)(&c.count), (*natural)(&c.points), (*natural)(&c.quoted))
	switch {
	case in != "" && out != "":
		c.partner, c.toward = in, string(insight.Through)
	case in != "":
		c.partner, c.toward = in, string(insight.In)
	default:
		c.partner, c.toward = out, string(insight.Out)
	}
	return &c, err
}
