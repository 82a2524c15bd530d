package insighttest

import (
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
)

// Records are [insight.Records] in memory. Its fields may be changed between calls.
type Records struct {
	Entries   []ledger.Entry // in the order of their places
	Events    []insight.Event
	Orders    []insight.Order
	Purchases map[ledger.ID]ledger.ID
	// Made are the stages by an ID that was made then.
	Made map[ledger.ID]insight.Stage
	// Reads counts the calls of InsightStages.
	Reads int
}

var _ insight.Records = (*Records)(nil)

// Movements implements [insight.Records].
func (r *Records) Movements(_ context.Context, from ledger.Locator, limit int) (all []ledger.Entry, _ error) {
	for _, e := range r.Entries {
		if at := e.Locator; len(all) < limit && (at.Lane > from.Lane || at.Lane == from.Lane && (at.Batch > from.Batch || at.Batch == from.Batch && at.Index >= from.Index)) {
			all = append(all, e)
		}
	}
	return all, nil
}

// InsightEvents implements [insight.Records].
func (r *Records) InsightEvents(_ context.Context, ids []string) (all []insight.Event, _ error) {
	for _, e := range r.Events {
		if slices.Contains(ids, e.ID) {
			all = append(all, e)
		}
	}
	return all, nil
}

// InsightOrders implements [insight.Records].
func (r *Records) InsightOrders(_ context.Context, ids []ledger.ID) (all []insight.Order, _ error) {
	for _, o := range r.Orders {
		if slices.Contains(ids, o.ID) {
			all = append(all, o)
		}
	}
	return all, nil
}

// InsightPurchases implements [insight.Records].
func (r *Records) InsightPurchases(_ context.Context, _ string, conversions []ledger.ID) (map[ledger.ID]ledger.ID, error) {
	all := map[ledger.ID]ledger.ID{}
	for conversion, order := range r.Purchases {
		if slices.Contains(conversions, conversion) {
			all[conversion] = order
		}
	}
	return all, nil
}

// InsightStages implements [insight.Records].
func (r *Records) InsightStages(_ context.Context, from, until ledger.ID) (all []insight.Stage, _ error) {
	r.Reads++
	for id, g := range r.Made {
		if slices.Compare(id[:], from[:]) >= 0 && slices.Compare(id[:], until[:]) < 0 {
			all = append(all, g)
		}
	}
	return all, nil
}
