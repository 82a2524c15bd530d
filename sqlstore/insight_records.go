package sqlstore

import (
	"context"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ insight.Records = (*Store)(nil)

// Movements implements [insight.Records], from the projection's copy of the ledger.
func (s *Store) Movements(ctx context.Context, from ledger.Locator, limit int) ([]ledger.Entry, error) {
	rows, err := s.Rows(ctx, from, limit)
	all := make([]ledger.Entry, len(rows))
	for i := range rows {
		all[i] = ledger.Entry{Transfer: rows[i].Transfer, Locator: rows[i].Locator}
	}
	return all, err
}

// InsightEvents implements [insight.Records].
func (s *Store) InsightEvents(ctx context.Context, ids []string) (all []insight.Event, err error) {
	err = pieces(ids, func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, scanInsightEvent, selectInsightEvents(length), args...))
		all = append(all, found...)
		return err
	})
	return all, err
}

func selectInsightEvents(length int) string {
	return `SELECT id, command, day, kind, channel, segment, tier, rule, amount FROM reward_events WHERE command IS NOT NULL AND id IN ` + among(1, length)
}

func scanInsightEvent(row scanner) (*insight.Event, error) {
	var e insight.Event
	var day natural
	err := row.Scan(&e.ID, (*idColumn)(&e.Issue), &day, &e.Kind, &e.Channel, &e.Segment, &e.Tier, &e.Rule, (*natural)(&e.Fen))
	e.Day = ledger.Date(day)
	return &e, err
}

// InsightOrders implements [insight.Records].
func (s *Store) InsightOrders(ctx context.Context, ids []ledger.ID) (all []insight.Order, err error) {
	err = pieces(idArgs(ids), func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanMallOrder, selectOrdersAmong(length), args...)
		for _, o := range found {
			all = append(all, insight.Order{ID: o.ID, Product: o.Product, Category: o.Category, Partner: o.Partner, Tier: o.Tier, Channel: o.Channel,
				Points: o.Points, Fen: o.Fen})
		}
		return err
	})
	return all, err
}

func selectOrdersAmong(length int) string {
	return `SELECT ` + mallOrderColumns + ` FROM mall_orders WHERE id IN ` + among(1, length)
}

// InsightPurchases implements [insight.Records]: the mall's key of a conversion for an
// order is the order's ID. What members convert themselves on its pages has other keys.
func (s *Store) InsightPurchases(ctx context.Context, client string, conversions []ledger.ID) (map[ledger.ID]ledger.ID, error) {
	type purchase struct {
		conversion  ledger.ID
		client, key string
	}
	all := map[ledger.ID]ledger.ID{}
	err := pieces(idArgs(conversions), func(length int, args []any) error {
		found, err := list(ctx, s.reader, func(row scanner) (*purchase, error) {
			var p purchase
			return &p, row.Scan((*idColumn)(&p.conversion), &p.client, &p.key)
		}, selectPurchases(length), args...)
		if err != nil {
			return err
		}
		for _, p := range found {
			if order, err := ledger.ParseID(p.key); err == nil && p.client == client {
				all[p.conversion] = order
			}
		}
		return nil
	})
	return all, err
}

func selectPurchases(length int) string {
	return `SELECT id, client, request_key FROM conversions WHERE id IN ` + among(1, length)
}
