package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ insight.Store = (*Store)(nil)

// addTo adds to the sums of a table whose first column is a day or a month.
func addTo(table, period string) string {
	return `INSERT INTO ` + table + ` (` + period + `, ` + flowColumns + `, count, quantity, points, fen, value)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (` + period + `, ` + flowColumns + `) DO UPDATE SET count = ` + table + `.count + excluded.count,
			quantity = ` + table + `.quantity + excluded.quantity, points = ` + table + `.points + excluded.points,
			fen = ` + table + `.fen + excluded.fen, value = ` + table + `.value + excluded.value`
}

var addToFlow, addToMonth = addTo("insight_flows", "day"), addTo("insight_months", "month")

const (
	flowColumns = `side, source, channel, segment, tier, item, category, partner, toward`
	flowSums    = `CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(points) AS BIGINT), CAST(SUM(fen) AS BIGINT), CAST(SUM(value) AS BIGINT)`

	addToHead = `INSERT INTO insight_heads (month, segment, tier, members, earned, bought) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (month, segment, tier) DO UPDATE SET members = insight_heads.members + excluded.members,
			earned = insight_heads.earned + excluded.earned, bought = insight_heads.bought + excluded.bought`
	upsertPresence = `INSERT INTO insight_presences (month, account, segment, tier, earned, spent) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (month, account, segment, tier) DO UPDATE SET earned = excluded.earned, spent = excluded.spent`
	upsertProfile = `INSERT INTO insight_profiles (account, segment, tier) VALUES ($1, $2, $3)
		ON CONFLICT (account) DO UPDATE SET segment = excluded.segment, tier = excluded.tier`
	upsertInsightPlace = `INSERT INTO insight_places (lane, batch, place) VALUES ($1, $2, $3)
		ON CONFLICT (lane) DO UPDATE SET batch = excluded.batch, place = excluded.place`

	selectInsightPlace = `SELECT lane, batch, place FROM insight_places WHERE lane = $1`
	rawFlows           = flowColumns + `, count, quantity, points, fen, value`
	// Whole months, and the days before and after them.
	sumFlows = `SELECT 0, ` + flowColumns + `, ` + flowSums + ` FROM (SELECT ` + rawFlows + ` FROM insight_months WHERE month BETWEEN $1 AND $2
		UNION ALL SELECT ` + rawFlows + ` FROM insight_flows WHERE day BETWEEN $3 AND $4
		UNION ALL SELECT ` + rawFlows + ` FROM insight_flows WHERE day BETWEEN $5 AND $6) AS flows GROUP BY ` + flowColumns
	noNames     = `'', '', '', '', '', '', '', ''`
	sumDays     = `SELECT day, side, ` + noNames + `, ` + flowSums + ` FROM insight_flows WHERE day BETWEEN $1 AND $2 GROUP BY day, side ORDER BY day, side`
	sumMonths   = `SELECT month, side, ` + noNames + `, ` + flowSums + ` FROM insight_months WHERE month BETWEEN $1 AND $2 GROUP BY month, side`
	selectHeads = `SELECT month, segment, tier, members, earned, bought FROM insight_heads WHERE month BETWEEN $1 AND $2`
)

// SaveInsight implements [insight.Store].
func (s *Store) SaveInsight(ctx context.Context, g *insight.Group) error {
	all := make([]statement, 0, len(g.Flows)+len(g.Heads)+len(g.Presences)+len(g.Profiles)+1)
	for i := range g.Flows {
		all = append(all, stmt(addToFlow, flowArgs(int64(g.Flows[i].Day), &g.Flows[i])...))
	}
	months, err := byMonth(g.Flows)
	if err != nil {
		return err
	}
	for i := range months {
		all = append(all, stmt(addToMonth, flowArgs(int64(months[i].Day.Month()), &months[i])...))
	}
	for _, h := range g.Heads {
		all = append(all, stmt(addToHead, int64(h.Month), h.Segment, h.Tier, h.Members, h.Earned, h.Bought))
	}
	for i := range g.Presences {
		p := &g.Presences[i]
		all = append(all, stmt(upsertPresence, int64(p.Month), p.Account[:], p.Segment, p.Tier, bit(p.Earned), bit(p.Spent)))
	}
	for i := range g.Profiles {
		p := &g.Profiles[i]
		all = append(all, stmt(upsertProfile, p.Account[:], p.Segment, p.Tier))
	}
	_, err = s.writer.do(ctx, append(all, stmt(upsertInsightPlace, int64(g.Next.Lane), int64(g.Next.Batch), int64(g.Next.Index)))...)
	return err
}

func flowArgs(period int64, f *insight.Flow) []any {
	return []any{period, string(f.Side), f.Source, f.Channel, f.Segment, f.Tier, f.Item, f.Category, f.Partner, f.Toward, f.Count, f.Quantity, f.Points, f.Fen, f.Value}
}

// byMonth adds flows up by month; the day is the month's first.
func byMonth(flows []insight.Flow) ([]insight.Flow, error) {
	sums := map[insight.Key]insight.Sums{}
	for i := range flows {
		key := flows[i].Key
		key.Day = insight.FirstDay(key.Day.Month())
		sum := sums[key]
		if err := sum.Add(flows[i].Sums); err != nil {
			return nil, err
		}
		sums[key] = sum
	}
	all := make([]insight.Flow, 0, len(sums))
	for key, sum := range sums {
		all = append(all, insight.Flow{Key: key, Sums: sum})
	}
	return all, nil
}

// spread are the whole months of some days, and the days before and after them. What
// there is none of ends before it begins.
type spread struct {
	months       [2]ledger.Month
	before, rest [2]ledger.Date
}

func spreadOf(from, to ledger.Date) spread {
	first, last := from.Month(), (to + 1).Month()
	if insight.FirstDay(first) < from {
		first++
	}
	if first >= last {
		return spread{months: [2]ledger.Month{1, 0}, before: [2]ledger.Date{from, to}, rest: [2]ledger.Date{1, 0}}
	}
	return spread{months: [2]ledger.Month{first, last - 1}, before: [2]ledger.Date{from, insight.FirstDay(first) - 1}, rest: [2]ledger.Date{insight.FirstDay(last), to}}
}

// InsightPlace implements [insight.Store].
func (s *Store) InsightPlace(ctx context.Context, lane uint32) (ledger.Locator, error) {
	places, err := list(ctx, s.reader, func(row scanner) (*ledger.Locator, error) {
		var lane, batch, place natural
		err := row.Scan(&lane, &batch, &place)
		return &ledger.Locator{Lane: uint32(lane), Batch: uint64(batch), Index: uint32(place)}, err
	}, selectInsightPlace, int64(lane))
	if err != nil || len(places) == 0 {
		return ledger.Locator{Lane: lane}, err
	}
	return *places[0], nil
}

// InsightProfiles implements [insight.Store].
func (s *Store) InsightProfiles(ctx context.Context, accounts []ledger.Account) (all []insight.Profile, err error) {
	err = pieces(accountArgs(accounts), func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, func(row scanner) (*insight.Profile, error) {
			var p insight.Profile
			return &p, row.Scan((*accountColumn)(&p.Account), &p.Segment, &p.Tier)
		}, selectProfiles(length), args...))
		all = append(all, found...)
		return err
	})
	return all, err
}

func selectProfiles(length int) string {
	return `SELECT account, segment, tier FROM insight_profiles WHERE account IN ` + among(1, length)
}

// InsightPresences implements [insight.Store].
func (s *Store) InsightPresences(ctx context.Context, month ledger.Month, accounts []ledger.Account) (all []insight.Presence, err error) {
	err = pieces(accountArgs(accounts), func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, func(row scanner) (*insight.Presence, error) {
			p := insight.Presence{Month: month}
			return &p, row.Scan((*accountColumn)(&p.Account), &p.Segment, &p.Tier, (*bitColumn)(&p.Earned), (*bitColumn)(&p.Spent))
		}, selectPresences(length), append(args, int64(month))...))
		all = append(all, found...)
		return err
	})
	return all, err
}

func selectPresences(length int) string {
	return fmt.Sprintf(`SELECT account, segment, tier, earned, spent FROM insight_presences WHERE account IN %s AND month = $%d`, among(1, length), length+1)
}

// InsightFlows implements [insight.Store].
func (s *Store) InsightFlows(ctx context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	p := spreadOf(from, to)
	return values(list(ctx, s.reader, scanFlow, sumFlows, int64(p.months[0]), int64(p.months[1]), int64(p.before[0]), int64(p.before[1]), int64(p.rest[0]), int64(p.rest[1])))
}

// InsightDays implements [insight.Store].
func (s *Store) InsightDays(ctx context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	return values(list(ctx, s.reader, scanFlow, sumDays, int64(from), int64(to)))
}

// InsightMonths implements [insight.Store].
func (s *Store) InsightMonths(ctx context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	p := spreadOf(from, to)
	all, err := values(list(ctx, s.reader, scanFlow, sumMonths, int64(p.months[0]), int64(p.months[1])))
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Day = insight.FirstDay(ledger.Month(all[i].Day))
	}
	for _, days := range [][2]ledger.Date{p.before, p.rest} {
		if days[1] < days[0] {
			continue
		}
		more, err := s.InsightDays(ctx, days[0], days[1])
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// scanFlow takes sums as they are: what is taken back counts against them.
func scanFlow(row scanner) (*insight.Flow, error) {
	var f insight.Flow
	var day natural
	err := row.Scan(&day, (*string)(&f.Side), &f.Source, &f.Channel, &f.Segment, &f.Tier, &f.Item, &f.Category, &f.Partner, &f.Toward,
		&f.Count, &f.Quantity, &f.Points, &f.Fen, &f.Value)
	f.Day = ledger.Date(day)
	return &f, err
}

// InsightHeads implements [insight.Store].
func (s *Store) InsightHeads(ctx context.Context, from, to ledger.Month) ([]insight.Head, error) {
	return values(list(ctx, s.reader, func(row scanner) (*insight.Head, error) {
		var h insight.Head
		var month natural
		err := row.Scan(&month, &h.Segment, &h.Tier, (*natural)(&h.Members), (*natural)(&h.Earned), (*natural)(&h.Bought))
		h.Month = ledger.Month(month)
		return &h, err
	}, selectHeads, int64(from), int64(to)))
}
