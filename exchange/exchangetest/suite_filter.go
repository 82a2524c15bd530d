package exchangetest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

func filters(t *testing.T, s exchange.Store) {
	plain, other, failed, stuck := conversion(1), conversion(2), conversion(3), conversion(4)
	other.Source, other.Destination = "EPT", "SHOP"
	for _, c := range []*exchange.Conversion{plain, other, failed, stuck} {
		create(t, s, c)
	}
	suite.Must(t, s.UpdateConversion(context.Background(), noLonger(ended(failed))))
	stuck = stuck.Clone()
	stuck.EscalatedAt = 5
	suite.Must(t, s.UpdateConversion(context.Background(), stuck))

	held := conversion(5)
	held.Step, held.Source = exchange.StepReview, "CAFE"
	held.Destination = "CAFE2"
	create(t, s, held)

	tests := []struct {
		name   string
		filter exchange.Filter
		want   []ledger.ID
	}{
		{"all", exchange.Filter{}, []ledger.ID{held.ID, stuck.ID, failed.ID, other.ID, plain.ID}},
		{"held for review", exchange.Filter{InReview: true}, []ledger.ID{held.ID}},
		{"programme as source", exchange.Filter{Programme: "EPT"}, []ledger.ID{other.ID}},
		{"programme as destination", exchange.Filter{Programme: "RETAIL"}, []ledger.ID{stuck.ID, failed.ID, plain.ID}},
		{"status", exchange.Filter{Status: exchange.Failed}, []ledger.ID{failed.ID}},
		{"escalated", exchange.Filter{Escalated: true}, []ledger.ID{stuck.ID}},
		{"from included", exchange.Filter{CreatedFrom: failed.CreatedAt}, []ledger.ID{held.ID, stuck.ID, failed.ID}},
		{"until excluded", exchange.Filter{CreatedUntil: failed.CreatedAt}, []ledger.ID{other.ID, plain.ID}},
		{"before", exchange.Filter{Before: other.ID}, []ledger.ID{plain.ID}},
		{"together", exchange.Filter{Programme: "SKYMILES", Status: exchange.Processing, CreatedFrom: 1, Before: stuck.ID}, []ledger.ID{plain.ID}},
		{"none", exchange.Filter{Programme: "NONE"}, nil},
	}
	for _, test := range tests {
		test.filter.Limit = 10
		suite.WantEqual(t, test.name, selected(t, s, test.filter), test.want)
	}
}

func ofAccount(t *testing.T, s exchange.Store) {
	ours, theirs, other, later := conversion(1), conversion(2), conversion(3), conversion(4)
	for _, c := range []*exchange.Conversion{ours, other, later} {
		c.Party = exchange.Party{Client: "mall"}
	}
	other.Account = ledger.Account{9}
	for _, c := range []*exchange.Conversion{ours, theirs, other, later} {
		create(t, s, c)
	}
	suite.WantEqual(t, "the member's", selected(t, s, exchange.Filter{Account: ours.Account, Limit: 10}), []ledger.ID{later.ID, ours.ID})
	suite.WantEqual(t, "the page behind", selected(t, s, exchange.Filter{Account: ours.Account, Before: later.ID, Limit: 10}), []ledger.ID{ours.ID})
}

func noLonger(c *exchange.Conversion) *exchange.Conversion {
	c.EscalatedAt = 0
	return c
}

func pages(t *testing.T, s exchange.Store) {
	var want, got []ledger.ID
	for n := 1; n <= 7; n++ {
		create(t, s, conversion(n))
		want = append([]ledger.ID{id(n).Root()}, want...)
	}
	f := exchange.Filter{Programme: "SKYMILES", Limit: 3}
	for page := selected(t, s, f); len(page) > 0; page = selected(t, s, f) {
		if len(page) > f.Limit {
			t.Fatalf("a page of %d, limit %d", len(page), f.Limit)
		}
		got = append(got, page...)
		f.Before = page[len(page)-1]
	}
	suite.WantEqual(t, "pages", got, want)
}

func selected(t *testing.T, s exchange.Store, f exchange.Filter) (ids []ledger.ID) {
	t.Helper()
	found, err := s.Conversions(context.Background(), f)
	suite.Must(t, err)
	for _, c := range found {
		suite.WantEqual(t, "selected "+c.ID.String(), c, stored(t, s, c))
		ids = append(ids, c.ID)
	}
	return ids
}
