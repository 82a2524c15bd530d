package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ insight.Store = (*Store)(nil)

const (
	flowColumns = `side, source, channel, segment, tier, item, category, partner, toward`
	flowSums    = `CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(points) AS BIGINT), CAST(SUM(fen) AS BIGINT), CAST(SUM(value) AS BIGINT)`

	addToFlow = `INSERT INTO insight_flows (day, ` + flowColumns + `, count, quantity, points, fen, value)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (day, ` + flowColumns + `) DO UPDATE SET count = insight_flows.count + excluded.count,
			quantity = insight_flows.quantity + excluded.quantity, points = insight_flows.points + excluded.points,
			fen = insight_flows.fen + excluded.fen, value = insight_flows.value + excluded.value`
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
	sumFlows           = `SELECT 0, ` + flowColumns + `, ` + flowSums + ` FROM insight_flows WHERE day BETWEEN $1 AND $2 GROUP BY ` + flowColumns
	sumDays            = `SELECT day, side, '', '', '', '', '', '', '', '', ` + flowSums + ` FROM insight_flows
		WHERE day BETWEEN $1 AND $2 GROUP BY day, side ORDER BY day, side`
	selectHeads = `SELECT month, segment, tier, members, earned, bought FROM insight_heads WHERE month BETWEEN $1 AND $2`
)

// SaveInsight implements [insight.Store].
func (s *Store) SaveInsight(ctx context.Context, g *insight.Group) error {
	all := make([]statement, 0, len(g.Flows)+len(g.Heads)+len(g.Presences)+len(g.Profiles)+1)
	for i := range g.Flows {
		f := &g.Flows[i]
		all = append(all, stmt(addToFlow, int64(f.Day), string(f.Side), f.Source, f.Channel, f.Segment, f.Tier, f.Item, f.Category, f.Partner, f.Toward,
			f.Count, f.Quantity, f.Points, f.Fen, f.Value))
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
	_, err := s.writer.do(ctx, append(all, stmt(upsertInsightPlace, int64(g.Next.Lane), int64(g.Next.Batch), int64(g.Next.Index)))...)
	return err
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
	return values(list(ctx, s.reader, scanFlow, sumFlows, int64(from), int64(to)))
}

// InsightDays implements [insight.Store].
func (s *Store) InsightDays(ctx context.Context, from, to ledger.Date) ([]insight.Flow, error) {
	return values(list(ctx, s.reader, scanFlow, sumDays, int64(from), int64(to)))
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
