package api_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// rewardTerms are those of a rule that begins soon; the tests wait for it.
func rewardTerms(begins time.Time) map[string]any {
	return map[string]any{"code": "prepayment", "name": "预存电费阶梯", "kind": "prepayment", "effective_from": begins.UTC().Format("2006-01-02T15:04:05.000Z"),
		"steps":    []any{map[string]any{"from": "0", "per_yuan": "1"}, map[string]any{"from": "10000", "per_yuan": "1.2"}},
		"channels": []any{map[string]any{"channel": "app", "factor": "1.5"}}, "day_cap": "5000", "lot_months": 24}
}

// withRule is a world in which a rule is in force and M-1 takes part.
func withRule(t *testing.T) *world {
	w := newWorld(t)
	begins := time.Now().Add(300 * time.Millisecond)
	w.as("billing").post("/v1/reward_rules", rewardTerms(begins)).is(201)
	w.as("marketing").post("/v1/reward_rules/prepayment.1/approval", "").is(200)
	w.as("billing").post("/v1/members", map[string]any{"members": []string{"M-1", "M-2"}}).is(200)
	time.Sleep(time.Until(begins) + 2*time.Millisecond)
	return w
}

func rewardEvent(id, fen string) map[string]any {
	return map[string]any{"id": id, "member": "M-1", "kind": "prepayment", "channel": "app", "segment": "residential",
		"occurred_at": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "amount": fen}
}

func TestAnEventEarnsPointsAndIsCancelled(t *testing.T) {
	w := withRule(t)
	event := rewardEvent("PAY-1", "20000")
	a := w.as("billing").post("/v1/reward_events", event).is(201)
	if a.text("state") != "issued" || a.text("points") != "360" || a.at("explanation").(map[string]any)["rule"] != "prepayment.1" || a.header.Get("Location") != "/v1/reward_events/PAY-1" {
		t.Errorf("the event is answered %s", a.body)
	}
	account := a.text("account")
	if a := w.as("billing").post("/v1/reward_events", event).is(201); a.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the same event again is not said to be replayed")
	}
	event["amount"] = "20001"
	w.as("billing").post("/v1/reward_events", event).refused(409, "reward_event_conflict")
	if a := w.as("marketing").get("/v1/members/" + account + "/tier").is(200); a.text("tier") != "standard" || a.text("earned") != "360" {
		t.Errorf("the tier is %s", a.body)
	}
	if a := w.as("billing").post("/v1/reward_events/PAY-1/cancellation", map[string]any{"reason": "bounced"}).is(200); a.text("state") != "cancelled" || a.text("taken") != "360" {
		t.Errorf("the cancellation is answered %s", a.body)
	}
	w.as("billing").post("/v1/reward_events/PAY-9/cancellation", map[string]any{"reason": "never came"}).is(200)
	if a := w.as("billing").post("/v1/reward_events", rewardEvent("PAY-9", "20000")).is(201); a.text("state") != "cancelled" {
		t.Errorf("the event that was cancelled before is answered %s", a.body)
	}
	w.as("billing").get("/v1/reward_events/PAY-9").is(200)
	w.as("billing").get("/v1/reward_events/PAY-none").refused(404, "not_found")
	w.as("billing").get("/v1/members/" + account + "/reward_events?limit=1").is(200)
	w.as("billing").get("/v1/members/" + account + "/expiry_announcements").is(200)
	w.as("billing").get("/v1/members/00000000000000000000000000000001/tier").refused(404, "not_found")
}

func TestAnIssueHasAReceiptThatProvesIt(t *testing.T) {
	w := withRule(t)
	a := w.as("billing").post("/v1/reward_events", rewardEvent("PAY-1", "20000")).is(201)
	prove := func() {
		t.Helper()
		receipt, err := ledger.ParseReceipt(w.as("billing").get("/v1/reward_events/PAY-1/receipt").is(200).body)
		must(t, err)
		must(t, receipt.Verify(w.ledger.Keys()))
		if got := receipt.Transfer; got.ID.String() != a.text("transfer_id") || got.Amount != 360 || got.Reason != "rule=prepayment version=1 event=PAY-1 channel=app" {
			t.Errorf("the receipt is of %d points, %q", got.Amount, got.Reason)
		}
	}
	prove()
	w.as("billing").post("/v1/reward_events/PAY-1/cancellation", map[string]any{"reason": "bounced"}).is(200)
	prove()
	w.as("billing").post("/v1/reward_events", rewardEvent("PAY-2", "0")).is(201)
	w.as("billing").get("/v1/reward_events/PAY-2/receipt").refused(404, "not_found")
	w.as("billing").get("/v1/reward_events/PAY-none/receipt").refused(404, "not_found")
}

func TestManyEventsAreAnsweredOneByOne(t *testing.T) {
	w := withRule(t)
	future := rewardEvent("PAY-3", "100")
	future["occurred_at"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	stranger, pigeon := rewardEvent("PAY-4", "100"), rewardEvent("PAY-5", "100")
	stranger["member"], pigeon["channel"] = "M-99", "pigeon"
	events := []any{rewardEvent("PAY-1", "20000"), rewardEvent("PAY-2", "-5"), future, stranger, pigeon, rewardEvent("PAY-6", "0")}
	a := w.as("billing").post("/v1/reward_events", map[string]any{"events": events}).is(200)
	var got struct {
		Results []struct {
			Status  int
			Event   struct{ State string }
			Problem struct{ Code string }
		}
	}
	must(t, json.Unmarshal(a.body, &got))
	want := []string{"201 issued ", "400  invalid_request", "422  event_in_future", "422  member_unknown", "422  channel_unknown", "201 nothing "}
	for i, r := range got.Results {
		if s := fmt.Sprintf("%d %s %s", r.Status, r.Event.State, r.Problem.Code); s != want[i] {
			t.Errorf("event %d is answered %s, want %s", i, s, want[i])
		}
	}
	w.as("billing").post("/v1/reward_events", map[string]any{"events": []any{}}).refused(400, "invalid_request")
	today := time.Now().UTC().Format(time.DateOnly)
	w.as("billing").get("/v1/reward_totals?from=" + today + "&to=" + today).is(200)
	w.as("billing").get("/v1/reward_totals?from=2026-01-01&to=2020-01-01").refused(422, "invalid")
	w.as("billing").get("/v1/reward_totals?from=x").invalid("from date", "to date")
}

func TestARuleNeedsTwoPeople(t *testing.T) {
	w := newWorld(t)
	terms := rewardTerms(time.Now().Add(time.Hour))
	w.as("billing").post("/v1/reward_rules", terms).is(201)
	w.as("billing").post("/v1/reward_rules/prepayment.1/approval", "").refused(422, "same_person")
	w.as("marketing").post("/v1/reward_rules/prepayment.1/approval", "").is(200)
	w.as("marketing").post("/v1/reward_rules/prepayment.1/approval", "").refused(409, "rule_decided")
	terms["effective_from"] = "2020-01-01T00:00:00Z"
	w.as("billing").post("/v1/reward_rules", terms).is(201)
	w.as("marketing").post("/v1/reward_rules/prepayment.2/approval", "").refused(422, "rule_retroactive")
	w.as("billing").post("/v1/reward_rules/prepayment.2/preview", map[string]any{"from": "2026-01-01", "to": "2026-01-31"}).is(200)
	w.as("billing").post("/v1/reward_rules/prepayment.2/rejection", map[string]any{"reason": "a mistake"}).is(200)
	w.as("billing").get("/v1/reward_rules/prepayment.2").is(200)
	w.as("billing").get("/v1/reward_rules").is(200)
	w.as("billing").get("/v1/reward_rules/prepayment.x").refused(404, "not_found")
	terms["steps"] = []any{map[string]any{"from": "0", "per_yuan": "2"}, map[string]any{"from": "10000", "per_yuan": "1"}}
	w.as("billing").post("/v1/reward_rules", terms).refused(422, "rule_invalid")
}

func TestOnlyTheUtilitysSystemsReportEvents(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"sky-app", "ops"} {
		if who == "ops" {
			continue // the operator may everything
		}
		w.as(who).post("/v1/reward_events", rewardEvent("PAY-1", "1")).refused(403, "scope_missing")
	}
}
