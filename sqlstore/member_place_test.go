package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
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

// A number may be any text without spaces, and whatever it is, what is kept encoded can
// be read after the member was erased.
func TestWhatIsEncodedStaysReadableWhateverTheMemberIsCalled(t *testing.T) {
	detail, err := json.Marshal(statementDetail{Problems: []statementfile.Problem{{Line: 3, Code: "amount", Found: `M-"1 x`, Want: "a number"}}})
	if err != nil {
		t.Fatal(err)
	}
	resolution, err := json.Marshal(desk.Resolution{Action: desk.WriteOff, Reason: `for M-"1 of line`})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"{", `{"`, ":", "line", "amount", `M-"1`, "value", `":"`} {
		called := names(&members.Person{Member: members.Member{Number: number}})
		d, err := withoutInNotes(string(detail), called, "T")
		if err == nil {
			err = json.Unmarshal([]byte(d), new(statementDetail))
		}
		if err != nil {
			t.Errorf("a statement after %q was erased: %v: %s", number, err, d)
		}
		r, err := withoutInReason(string(resolution), called, "T")
		if err == nil {
			err = json.Unmarshal([]byte(r), new(desk.Resolution))
		}
		if err != nil {
			t.Errorf("a resolution after %q was erased: %v: %s", number, err, r)
		}
		if number == `M-"1` && (strings.Contains(d, "M-") || strings.Contains(r, "M-")) {
			t.Errorf("the member is still named in %s or %s", d, r)
		}
	}
}
