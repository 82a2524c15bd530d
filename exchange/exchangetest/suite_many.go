package exchangetest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
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
	suite.Must(t, err)
	if len(made) != len(all) {
		t.Fatalf("%d outcomes for %d conversions", len(made), len(all))
	}
	for i, stored := range []bool{true, false, true, false, false} {
		got, err := s.Conversion(ctx, all[i].ID)
		if !stored {
			suite.WantErr(t, "one that is in the way of another", err, exchange.ErrNotFound)
			continue
		}
		suite.Must(t, err)
		suite.WantEqual(t, "one of many", got, all[i])
		suite.WantEqual(t, "its outcome", made[i], exchange.Creation{})
	}
	suite.WantEqual(t, "the one with the key", made[1].Existing, first)
	suite.WantErr(t, "a quote that was used before", made[3].Err, exchange.ErrQuoteUsed)
	suite.WantErr(t, "a quote that another of the many has", made[4].Err, exchange.ErrQuoteUsed)
}

func updateMany(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	all := make([]*exchange.Conversion, 50)
	for i := range all {
		all[i] = conversion(i + 1)
	}
	_, err := s.CreateConversions(ctx, all)
	suite.Must(t, err)
	for i, c := range all {
		all[i] = ended(c)
	}
	suite.Must(t, s.UpdateConversions(ctx, all[:49]))
	for _, c := range all[:49] {
		suite.WantEqual(t, "after the update", stored(t, s, c), c)
	}
	suite.WantErr(t, "an update of one that is not there", s.UpdateConversions(ctx, []*exchange.Conversion{all[49], conversion(99)}), exchange.ErrNotFound)
	suite.WantEqual(t, "its neighbour", stored(t, s, all[49]), all[49])
	page, err := s.UnfinishedConversions(ctx, ledger.ID{}, 10)
	suite.Must(t, err)
	suite.WantEqual(t, "unfinished", len(page), 0)
}
