package sqlstore

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "store.db"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// plan returns how SQLite goes about a query, one step a line.
func plan(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.reader.db.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	return strings.Join(steps, "\n")
}

func TestListsFindTheirRowsByAnIndex(t *testing.T) {
	s := newStore(t)
	before := ledger.ID{1}
	tests := []struct {
		name   string
		filter exchange.Filter
		want   []string
	}{
		{"all", exchange.Filter{}, []string{"SCAN conversions USING INDEX sqlite_autoindex_conversions_1"}},
		{"a page", exchange.Filter{Before: before}, []string{"sqlite_autoindex_conversions_1 (id<?)"}},
		{"a programme", exchange.Filter{Programme: "SKY", Before: before},
			[]string{"conversions_source (source=? AND id<?)", "conversions_destination (destination=? AND id<?)"}},
		{"electricity points", exchange.Filter{Programme: "EPT", Before: before}, []string{"sqlite_autoindex_conversions_1 (id<?)"}},
		{"failed", exchange.Filter{Status: exchange.Failed, Before: before}, []string{"conversions_not_completed (status=? AND id<?)"}},
		{"reversed", exchange.Filter{Status: exchange.Reversed}, []string{"conversions_not_completed (status=?)"}},
		{"processing", exchange.Filter{Status: exchange.Processing, Before: before}, []string{"conversions_unfinished (id<?)"}},
		{"completed", exchange.Filter{Status: exchange.Completed, Before: before}, []string{"sqlite_autoindex_conversions_1 (id<?)"}},
		{"escalated", exchange.Filter{Escalated: true, Before: before}, []string{"conversions_escalated (id<?)"}},
		{"a member's", exchange.Filter{Account: ledger.Account{1}, Before: before}, []string{"conversions_account (account=? AND id<?)"}},
		{"of a time", exchange.Filter{CreatedFrom: 1_700_000_000_000, CreatedUntil: 1_800_000_000_000},
			[]string{"sqlite_autoindex_conversions_1 (id>? AND id<?)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.filter.Limit = 10
			var q selection
			query := q.build(test.filter)
			wantPlan(t, plan(t, s, query, q.args...), test.want)
		})
	}
}

func TestLookupsFindTheirRowsByAnIndex(t *testing.T) {
	s := newStore(t)
	for query, want := range map[string]string{
		selectUnfinished:           "conversions_unfinished (id>?)",
		selectConversion:           "sqlite_autoindex_conversions_1 (id=?)",
		selectConversionByKey:      "conversions_request (client=? AND request_key=?)",
		selectConversionByQuote:    "conversions_quote (quote_id=?)",
		selectReversalByKey:        "reversals_request (client=? AND request_key=?)",
		selectReversals:            "reversals_conversion (conversion=?)",
		selectUnfinishedReversals:  "reversals_unfinished (id>?)",
		selectLinkOf:               "links_member (partner=? AND member=?)",
		selectLinksOfPartner:       "links_partner (partner=? AND id>?)",
		selectLinks:                "sqlite_autoindex_links_1 (id>?)",
		selectSettlementsOfPartner: "settlements_window (window_date<?)",
		selectSettlements:          "settlements_window (window_date<?)",
	} {
		args := make([]any, strings.Count(query, "$"))
		wantPlan(t, plan(t, s, query, args...), []string{want})
	}
}

func wantPlan(t *testing.T, plan string, want []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(plan, w) {
			t.Errorf("plan does not use %s:\n%s", w, plan)
		}
	}
	if strings.Contains(plan, "SCAN conversions\n") || strings.HasSuffix(plan, "SCAN conversions") {
		t.Errorf("plan reads the whole table:\n%s", plan)
	}
	// A page of each side is put in order anew; that is at most 400 IDs.
	if strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") && !strings.Contains(plan, "conversions_source") {
		t.Errorf("plan sorts:\n%s", plan)
	}
}

func TestWebhookMessagesAreFoundByAnIndex(t *testing.T) {
	s := newStore(t)
	id := ledger.ID{1}
	for _, test := range []struct {
		query string
		args  []any
		want  string
	}{
		{selectDue, []any{id[:], int64(1)}, "webhook_messages_due (endpoint=?)"},
		{selectMessages, []any{id[:], int64(9), int64(1)}, "sqlite_autoindex_webhook_messages_1 (endpoint=? AND sequence<?)"},
		{selectFailed, []any{id[:], int64(9), int64(1)}, "webhook_messages_failed (endpoint=? AND sequence<?)"},
		{selectBacklog, nil, "COVERING INDEX webhook_messages_due"},
	} {
		if got := plan(t, s, test.query, test.args...); !strings.Contains(got, test.want) || strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s\ngoes about it by\n%s\nwant %s", test.query, got, test.want)
		}
	}
}

func TestTheMallFindsItsRowsByAnIndex(t *testing.T) {
	s := newStore(t)
	for query, want := range map[string]string{
		selectMallOrderByKey:   "mall_orders_request (client=? AND request_key=?)",
		selectUnfinishedOrder:  "mall_orders_unfinished (id>?)",
		selectSales:            "mall_orders_month (month=?)",
		selectCodes:            "mall_codes_order (order_id=?)",
		selectMallReturns:      "mall_returns_order (order_id=?)",
		selectMallReturnByKey:  "mall_returns_request (client=? AND request_key=?)",
		selectUnfinishedReturn: "mall_returns_unfinished (id>?)",
		selectOpenClaim:        "mall_claims_o",
	} {
		if got := plan(t, s, query, make([]any, strings.Count(query, "$"))...); !strings.Contains(got, want) {
			t.Errorf("%s\ngoes about it by\n%s\nwant %s", query, got, want)
		}
	}
	var q selection
	query := q.products(mall.ProductFilter{Wanted: []string{"air", "空调"}, OnSaleAt: 5, AfterShelf: 1, AfterID: "a", Limit: 20})
	if got := plan(t, s, query, q.args...); !strings.Contains(got, "sqlite_autoindex_mall_terms_1 (term>? AND term<?)") {
		t.Errorf("a search goes about it by\n%s", got)
	}
	var mine selection
	query = mine.mallOrders(mall.OrderFilter{Member: "M-1", Before: ledger.ID{1}, Limit: 20})
	if got := plan(t, s, query, mine.args...); !strings.Contains(got, "mall_orders_member (member=? AND id<?)") || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("a member's orders: %s", got)
	}
	var queue selection
	query = queue.mallOrders(mall.OrderFilter{Waiting: true, Limit: 20})
	if got := plan(t, s, query, queue.args...); !strings.Contains(got, "mall_orders_queue") || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("the queue of orders: %s", got)
	}
}
