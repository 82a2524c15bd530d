package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// namesMembers are the tables with what leads to a member, and by what of this package
// that goes when somebody is erased. Tables of other places say where.
var namesMembers = map[string]string{
	"members":          "EndErasure",
	"member_erasures":  "has no number",
	"links":            "eraseLinks",
	"conversions":      "eraseConversions",
	"reversals":        "eraseConversions",
	"signed_requests":  "eraseConversions",
	"requests":         "eraseAnswers",
	"reward_events":    "eraseRewards",
	"reward_members":   "eraseRewards",
	"reward_night":     "eraseRewards",
	"mall_orders":      "eraseOrders",
	"mall_returns":     "eraseOrders",
	"mall_claims":      "eraseOrders",
	"breaks":           "eraseFindings",
	"break_trail":      "eraseTrails",
	"break_files":      "stay as evidence of two companies, see docs/privacy.md",
	"statements":       "eraseNotes",
	"member_sessions":  "eraseSessions",
	"support_disputes": "ForgetMember, by the place of support",
	"support_trail":    "ForgetMember, by the place of support",
	"support_acts":     "ForgetMember, by the place of support",
	"conversion_files": "lines name links, and are deleted by the sweep",
}

// namesNobody are the tables that know at most accounts of the ledger.
var namesNobody = strings.Fields(`access_log assertions bank_readings clients cluster_duties cluster_slots cluster_writers goose_db_version insight_days insight_flows insight_heads insight_months
	insight_places insight_presences insight_profiles insight_stages ledger_checkpoint ledger_lots ledger_transfers
	liability liability_windows mall_categories mall_changes mall_codes mall_pictures mall_products mall_proposals mall_stocks mall_terms payment_orders payments quotes
	reconciliations reward_announcements reward_bonus_marks reward_bonus_moves reward_bonuses reward_rules reward_tier_changes settings settlements sqlite_sequence staff_attempts staff_sessions staff_users
	webhook_endpoints webhook_marks webhook_messages webhook_pending`)

func TestEveryTableSaysWhetherItNamesMembers(t *testing.T) {
	s := newStore(t)
	tables, err := values(list(context.Background(), s.reader, scanText, `SELECT name FROM sqlite_schema WHERE type = 'table'`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		if _, named := namesMembers[name]; named == slices.Contains(namesNobody, name) {
			t.Errorf("table %s: say in this test how it forgets a member who is erased, or that it names nobody", name)
		}
	}
	for name := range maps.Keys(namesMembers) {
		if !slices.Contains(tables, name) {
			t.Errorf("there is no table %s any more", name)
		}
	}
}

func TestNamesAreReplacedAsWholeWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"M-1":                        "T",
		"M-10 and XM-1":              "M-10 and XM-1",
		`{"member":"M-1"}`:           `{"member":"T"}`,
		"M-1,M-1;M-1":                "T,T;T",
		"会员M-1已注销":                   "会员T已注销",
		"SKY-7 belongs to M-1, M-12": "S belongs to T, M-12",
	} {
		got := without(without(text, []string{"M-1"}, "T"), []string{"SKY-7"}, "S")
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := without(fmt.Sprint("T", "M-1"), []string{"M-1"}, "M-1"); got != "TM-1" {
		t.Errorf("a token that has the name in it: %q", got)
	}
}
