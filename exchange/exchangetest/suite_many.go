package exchangetest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

func createMany(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	first, used := conversion(1), conversion(2)
	create(t, s, first)
	create(t, s, used)
	again, quoted := conversion(3), conversion(4)
	again.Request.Key, quoted.QuoteID = first.Request.Key, used.QuoteID
	all := []*exchange.Conversion{conversion(5), again, conversion(6), quoted, conversion(7)}
	all[4].QuoteID = all[2].QuoteID
	made, err := s.CreateConversions(ctx, all)
	must(t, err)
	if len(made) != len(all) {
		t.Fatalf("%d outcomes for %d conversions", len(made), len(all))
	}
	for i, stored := range []bool{true, false, true, false, false} {
		got, err := s.Conversion(ctx, all[i].ID)
		if !stored {
			wantErr(t, "one that is in the way of another", err, exchange.ErrNotFound)
			continue
		}
		must(t, err)
		wantEqual(t, "one of many", got, all[i])
		wantEqual(t, "its outcome", made[i], exchange.Creation{})
	}
	wantEqual(t, "the one with the key", made[1].Existing, first)
	wantErr(t, "a quote that was used before", made[3].Err, exchange.ErrQuoteUsed)
	wantErr(t, "a quote that another of the many has", made[4].Err, exchange.ErrQuoteUsed)
}

func updateMany(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	all := make([]*exchange.Conversion, 50)
	for i := range all {
		all[i] = conversion(i + 1)
	}
	_, err := s.CreateConversions(ctx, all)
	must(t, err)
	for i, c := range all {
		all[i] = ended(c)
	}
	must(t, s.UpdateConversions(ctx, all[:49]))
	for _, c := range all[:49] {
		wantEqual(t, "after the update", stored(t, s, c), c)
	}
	wantErr(t, "an update of one that is not there", s.UpdateConversions(ctx, []*exchange.Conversion{all[49], conversion(99)}), exchange.ErrNotFound)
	wantEqual(t, "its neighbour", stored(t, s, all[49]), all[49])
	page, err := s.UnfinishedConversions(ctx, ledger.ID{}, 10)
	must(t, err)
	wantEqual(t, "unfinished", len(page), 0)
}
