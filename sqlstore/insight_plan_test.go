package sqlstore

import (
	"strings"
	"testing"
)

func TestInsightFindsItsRowsByAnIndex(t *testing.T) {
	s := newStore(t)
	for query, want := range map[string]string{
		sumFlows:                        "SEARCH insight_flows USING INDEX sqlite_autoindex_insight_flows_1 (day>? AND day<?)",
		sumMonths:                       "SEARCH insight_months USING INDEX sqlite_autoindex_insight_months_1 (month>? AND month<?)",
		sumDays:                         "SEARCH insight_flows USING INDEX sqlite_autoindex_insight_flows_1 (day>? AND day<?)",
		selectHeads:                     "SEARCH insight_heads USING INDEX sqlite_autoindex_insight_heads_1 (month>? AND month<?)",
		selectPresences(shortPiece):     "SEARCH insight_presences USING INDEX sqlite_autoindex_insight_presences_1 (month=? AND account=?)",
		selectProfiles(shortPiece):      "SEARCH insight_profiles USING INDEX sqlite_autoindex_insight_profiles_1 (account=?)",
		sumStages:                       "SEARCH insight_stages USING INDEX sqlite_autoindex_insight_stages_1 (day>? AND day<?)",
		selectStagesUnfinished:          "insight_stages_unfinished",
		countQuotes:                     "SEARCH quotes USING INDEX sqlite_autoindex_quotes_1 (id>? AND id<?)",
		countConversions:                "SEARCH conversions USING INDEX sqlite_autoindex_conversions_1 (id>? AND id<?)",
		countReversals:                  "SEARCH r USING INDEX sqlite_autoindex_reversals_1 (id>? AND id<?)",
		selectInsightEvents(shortPiece): "USING INDEX sqlite_autoindex_reward_events_1 (id=?)",
		selectOrdersAmong(shortPiece):   "USING INDEX sqlite_autoindex_mall_orders_1 (id=?)",
		selectPurchases(shortPiece):     "USING INDEX sqlite_autoindex_conversions_1 (id=?)",
	} {
		if got := plan(t, s, query, make([]any, strings.Count(query, "$"))...); !strings.Contains(got, want) {
			t.Errorf("%s\ngoes about it by\n%s\nwant %s", query, got, want)
		}
	}
}
