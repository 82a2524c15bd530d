package api_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
)

// helpdesk is what support reaches, over the world's exchange.
type helpdesk struct{ w *world }

func (h helpdesk) AccountOf(_ context.Context, member string) (ledger.Account, error) {
	if member == "X" {
		return ledger.Account{}, support.ErrNotFound
	}
	return ledger.MemberAccount(accountKey, member)
}

func (h helpdesk) Subject(ctx context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	c, err := h.w.script.Service.Conversion(ctx, exchange.Party{}, id)
	if kind != support.Conversion || errors.Is(err, exchange.ErrNotFound) {
		return nil, support.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &support.Subject{Kind: kind, ID: id, Member: c.Member, At: c.CreatedAt, Points: c.To, Of: c.From}, nil
}

func (h helpdesk) Remedy(context.Context, support.Remedy) (support.Answer, error) {
	return support.Answer{Done: support.RemedyDone, Reference: "R"}, nil
}

func (h helpdesk) Held(ctx context.Context, id ledger.ID) (*support.Held, error) {
	c, err := h.w.script.Service.Conversion(ctx, exchange.Party{}, id)
	if errors.Is(err, exchange.ErrNotFound) || err == nil && c.Step != exchange.StepReview {
		return nil, support.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	rule, until := c.Review()
	return &support.Held{ID: id, Member: c.Member, Account: c.Account, Rule: rule, Until: until}, nil
}

func (h helpdesk) Decide(ctx context.Context, id ledger.ID, release bool) error {
	decide := h.w.script.Service.Refuse
	if release {
		decide = h.w.script.Service.Release
	}
	_, err := decide(ctx, id)
	return err
}

// withSupport serves the world with support.
func (w *world) withSupport() {
	w.t.Helper()
	h := helpdesk{w}
	s, err := support.New(support.Options{Ledger: w.ledger, Identity: gateway, Store: supporttest.NewMemory(), Members: h, Subjects: h, Reviews: h,
		Limits: support.Limits{Case: 100, Day: 1000, Remedy: 10_000}, Day: ledger.DateOf, Due: func(d ledger.Date) ledger.Date { return d + 3 },
		Now: time.Now, Random: rand.Reader, Logger: w.options.Logger})
	must(w.t, err)
	w.options.Support, w.options.Held, w.options.Metrics = s, w.script.Service, prometheus.NewRegistry()
	w.serve()
}

func TestADisputeGoesFromOpenToResolved(t *testing.T) {
	w := newWorld(t)
	w.withSupport()
	link := w.link("sky")
	conversion := w.as("sky-app").convert("d", inbound("3000", link, "D-1")).is(201).text("id")
	ops := w.as("ops")
	l, err := ledger.ParseID(link)
	must(t, err)
	of, err := w.script.Service.LinkByID(context.Background(), exchange.Party{}, l)
	must(t, err)
	open := `{"member":"` + of.Member + `","kind":"conversion","subject_id":"` + conversion + `","reason":"not_received","text":"没有到账"}`
	a := ops.post("/v1/disputes", open, "Idempotency-Key", "k1").is(201)
	path := "/v1/disputes/" + a.text("id")
	if a.text("state") != "open" || a.header.Get("Location") != path {
		t.Errorf("it is %s", a.body)
	}
	if a := ops.post("/v1/disputes", open, "Idempotency-Key", "k1").is(201); a.header.Get("Idempotency-Replayed") != "true" {
		t.Error("a repeat is not said to be one")
	}
	ops.post("/v1/disputes", open, "Idempotency-Key", "k2").refused(409, "already_disputed")
	ops.post("/v1/disputes", open).refused(400, "idempotency_key_missing")
	ops.post("/v1/disputes", strings.Replace(open, of.Member, "M-nobody", 1), "Idempotency-Key", "k3").refused(404, "not_found")
	ops.post("/v1/disputes", strings.Replace(open, "not_received", "because", 1), "Idempotency-Key", "k4").refused(400, "invalid_request")
	ops.post(path+"/messages", `{"version":1,"to":"ask_member","text":"when?"}`).is(200)
	ops.post(path+"/messages", `{"version":1,"to":"note","text":"late"}`).refused(409, "changed")
	if a := ops.post(path+"/messages", `{"to":"said","text":"yesterday"}`).is(200); a.text("state") != "open" {
		t.Errorf("after the member's word it is %s", a.body)
	}
	if a := ops.post(path+"/resolution", `{"version":3,"outcome":"upheld","remedy":"reverse","amount":"3000","goodwill":"101","text":"sorry"}`).is(200); a.text("state") != "proposed" {
		t.Errorf("above the limit it is %s", a.body)
	}
	ops.post(path+"/resolution/approval", `{"version":4}`).refused(422, "same_person")
	ops.post(path+"/resolution/rejection", `{"version":4,"reason":"too much"}`).is(200)
	if a := ops.post(path+"/resolution", `{"version":5,"outcome":"upheld","remedy":"reverse","amount":"3000","goodwill":"50","text":"sorry"}`).is(200); a.text("state") != "resolved" {
		t.Errorf("within the limits it is %s", a.body)
	}
	if a := ops.get(path).is(200); a.count("trail") < 8 || a.text("resolution.action_id") == "" {
		t.Errorf("in the end it is %s", a.body)
	}
	for _, path := range []string{"/v1/disputes", "/v1/account_actions"} {
		ops.get(path, "PointGrid-Member", "").invalid("PointGrid-Member length")
		ops.get(path, "PointGrid-Member", strings.Repeat("M", 65)).invalid("PointGrid-Member length")
	}
	if n := ops.get("/v1/disputes?state=resolved&limit=1", "PointGrid-Member", of.Member).is(200).count("disputes"); n != 1 {
		t.Errorf("%d are listed", n)
	}
	ops.get("/v1/disputes?state=angry").refused(400, "invalid_request")
	w.as("sky-app").get(path).refused(403, "scope_missing")
}

func TestAccountActionsNeedAnotherClientAboveTheLimit(t *testing.T) {
	w := newWorld(t)
	w.withSupport()
	ops := w.as("ops")
	a := ops.post("/v1/account_actions", `{"kind":"goodwill","member":"M-1","points":"100","reason":"outage","reference":"C-1"}`, "Idempotency-Key", "a1").is(201)
	if a.text("state") != "done" || a.text("points") != "100" {
		t.Errorf("it is %s", a.body)
	}
	a = ops.post("/v1/account_actions", `{"kind":"goodwill","member":"M-1","points":"1","reason":"more","reference":"C-1"}`, "Idempotency-Key", "a2").is(201)
	if a.text("state") != "proposed" {
		t.Errorf("above the limit it is %s", a.body)
	}
	ops.post("/v1/account_actions/"+a.text("id")+"/approval", `{}`).refused(422, "same_person")
	second := ops.post("/v1/account_actions", `{"kind":"goodwill","member":"M-1","points":"900","reason":"more","reference":"C-2"}`, "Idempotency-Key", "a3").is(201)
	if b := w.as("ops-checker").post("/v1/account_actions/"+second.text("id")+"/approval", `{}`).is(200); b.text("state") != "done" || b.text("checker") != "ops-checker" {
		t.Errorf("approved by another client it is %s", b.body)
	}
	if b := ops.post("/v1/account_actions/"+a.text("id")+"/rejection", `{"reason":"a mistake"}`).is(200); b.text("state") != "declined" {
		t.Errorf("it is %s", b.body)
	}
	ops.post("/v1/account_actions/"+a.text("id")+"/approval", `{}`).refused(409, "already_decided")
	for body, code := range map[string]string{`{"kind":"goodwill","member":"M-1","reason":"r","reference":"C"}`: "invalid", `{"kind":"freeze","member":"M-1","reason":"r","points":"5"}`: "invalid"} {
		ops.post("/v1/account_actions", body, "Idempotency-Key", code+body[:12]).refused(422, code)
	}
	ops.post("/v1/account_actions", `{"kind":"freeze","member":"X","reason":"r"}`, "Idempotency-Key", "a5").refused(404, "not_found")
	if n := ops.get("/v1/account_actions?kind=goodwill").is(200).count("actions"); n != 3 {
		t.Errorf("%d are listed", n)
	}
}

func TestAHeldConversionIsListedAndReleased(t *testing.T) {
	w := newWorld(t)
	w.withSupport()
	first := w.as("sky-app").convert("h", inbound("3000", w.link("sky"), "D-1")).is(201).text("id")
	id, err := ledger.ParseID(first)
	must(t, err)
	made, err := w.store.Conversion(context.Background(), id)
	must(t, err)
	held := made.Clone()
	held.ID, held.Request.Key, held.Status, held.Step, held.Outcome, held.SourceReference = newID().Root(), "held", exchange.Processing, exchange.StepReview, "", "D-2"
	held.Failure, held.FinishedAt, held.Window, held.Deadline = &exchange.Failure{Code: support.RuleRing}, 0, 0, time.Now().Add(time.Hour).UnixMilli()
	_, err = w.store.CreateConversions(context.Background(), []*exchange.Conversion{held})
	must(t, err)
	path := "/v1/conversions/" + held.ID.String()
	if a := w.as("sky-app").get(path).is(200); a.text("review.reason") != support.RuleRing || a.text("status") != "processing" || strings.Contains(string(a.body), "failure") {
		t.Errorf("the partner sees %s", a.body)
	}
	ops, review := w.as("ops"), "/v1/reviews/"+held.ID.String()
	if a := ops.get("/v1/reviews").is(200); a.count("reviews") != 1 || a.text("reviews.0.rule") != support.RuleRing {
		t.Errorf("held are %s", a.body)
	}
	ops.post(review+"/release", `{}`).refused(400, "invalid_request")
	if a := ops.post(review+"/release", `{"reason":"the member called us"}`).is(200); a.text("kind") != "release" || a.text("conversion_id") != held.ID.String() {
		t.Errorf("the release is %s", a.body)
	}
	ops.post(review+"/refusal", `{"reason":"no"}`).refused(422, "not_held")
	for end := time.Now().Add(10 * time.Second); w.as("sky-app").get(path).is(200).text("status") != "completed"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not completed")
		}
	}
}
