package sqlstore

import (
	"strings"
	"testing"
)

func TestOurRecordsOfAWindowAreFoundByAnIndex(t *testing.T) {
	s := newStore(t)
	for i, want := range []map[string]string{
		{"recorded": "conversions_recorded_in (in_partner=? AND window_date=? AND id>?)", "failed": "conversions_failed (finished_at>?)",
			"open": "conversions_unfinished (id>?)", "one": "sqlite_autoindex_conversions_1 (id=?)",
			"began": "conversions_recorded_in (in_partner=? AND window_date=? AND id>? AND id<?)"},
		{"recorded": "conversions_recorded_out (out_partner=? AND window_date=? AND id>?)", "failed": "conversions_failed (finished_at>?)",
			"open": "conversions_unfinished (id>?)", "one": "sqlite_autoindex_conversions_1 (id=?)",
			"began": "conversions_recorded_out (out_partner=? AND window_date=? AND id>? AND id<?)"},
		{"recorded": "reversals_recorded (window_date=? AND id>?)", "failed": "reversals_failed (finished_at>?)",
			"open": "reversals_unfinished (id>?)", "one": "sqlite_autoindex_reversals_1 (id=?)",
			"began": "reversals_recorded (window_date=? AND id>? AND id<?)"},
		{"recorded": "reversals_recorded (window_date=? AND id>?)", "failed": "reversals_failed (finished_at>?)",
			"open": "reversals_unfinished (id>?)", "one": "sqlite_autoindex_reversals_1 (id=?)",
			"began": "reversals_recorded (window_date=? AND id>? AND id<?)"},
	} {
		l := legs[i]
		for name, query := range map[string]string{"recorded": l.recorded, "began": l.began, "failed": l.failed, "open": l.open, "one": l.one} {
			if got := plan(t, s, query, make([]any, strings.Count(query, "$"))...); !strings.Contains(got, want[name]) || strings.Contains(got, "SCAN") {
				t.Errorf("%s, %s goes about it by\n%s\nwant %s", l.movement, name, got, want[name])
			}
		}
	}
	if got := plan(t, s, selectLinked, make([]any, linkedTogether+1)...); !strings.Contains(got, "links_ever (partner=? AND membership=?)") {
		t.Errorf("links are found by\n%s", got)
	}
	for query, want := range map[string]string{
		selectCurrent:              "statements_day (partner=? AND window_date=? AND refused=?)",
		selectReceivedOf:           "statements_content (partner=? AND window_date=? AND digest=? AND refused=?)",
		selectReconciliationBefore: "sqlite_autoindex_reconciliations_1 (partner=? AND window_date<?)",
	} {
		if got := plan(t, s, query, make([]any, strings.Count(query, "$"))...); !strings.Contains(got, want) || strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s\ngoes about it by\n%s\nwant %s", query, got, want)
		}
	}
}
