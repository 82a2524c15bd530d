package api_test

import (
	"strings"
	"testing"
	"time"
)

func linkOf(member, membership string) map[string]any {
	return map[string]any{"member": member, "membership": membership,
		"consent": map[string]any{"text_version": "2026-02", "given_at": time.Now().Add(-time.Hour).Format(time.RFC3339), "channel": "app"}}
}

func TestALinkIsMadeFetchedAndEnded(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").post("/v1/links", linkOf("330100123456", "SKY-000042")).is(201)
	if a.text("partner") != "sky" || a.text("membership") != "SKY-000042" || a.text("consent.channel") != "app" {
		t.Errorf("link is %s", a.body)
	}
	if strings.Contains(string(a.body), "330100123456") {
		t.Errorf("link repeats the household customer's number: %s", a.body)
	}
	path := a.header.Get("Location")
	if got := w.as("sky-app").get(path).is(200); string(got.body) != string(a.body) {
		t.Errorf("fetched %s", got.body)
	}
	w.as("shop-app").get(path).refused(404, "not_found")
	w.as("shop-app").do("DELETE", path, "").refused(404, "not_found")
	if n := w.as("shop-app").get("/v1/links").is(200).count("links"); n != 0 {
		t.Errorf("another partner sees %d links", n)
	}
	w.as("sky-app").post("/v1/links", linkOf("330100123456", "SKY-000043")).refused(409, "already_linked")
	if a := w.as("sky-app").do("DELETE", path, "").is(204); len(a.body) != 0 || a.header.Get("Content-Type") != "" {
		t.Errorf("answered %q, %v", a.body, a.header)
	}
	if got := w.as("sky-app").get(path).is(200); got.text("ended_at") == "" {
		t.Errorf("link is %s", got.body)
	}
	w.as("sky-app").post("/v1/links", linkOf("330100123456", "SKY-000043")).is(201)
	if strings.Contains(w.log.String(), "330100123456") || strings.Contains(w.log.String(), "SKY-0000") {
		t.Error("a member's number is in the log")
	}
}

func TestALinkIsRefused(t *testing.T) {
	w := newWorld(t)
	other := linkOf("1", "2")
	other["partner"] = "shop"
	w.as("sky-app").post("/v1/links", other).refused(403, "not_yours")
	w.as("ops").post("/v1/links", linkOf("1", "2")).refused(422, "partner_unknown")
	future := linkOf("1", "2")
	future["consent"].(map[string]any)["given_at"] = time.Now().Add(time.Hour).Format(time.RFC3339)
	w.as("sky-app").post("/v1/links", future).refused(422, "consent_missing")
	future["consent"].(map[string]any)["given_at"] = "2026-02-30T00:00:00Z"
	w.as("sky-app").post("/v1/links", future).invalid("/consent/given_at instant")
	w.as("sky-app").post("/v1/links", map[string]any{"member": "a b", "membership": "", "partner": "", "consent": map[string]any{
		"text_version": strings.Repeat("1", 33), "given_at": "now", "channel": "fax", "x": 1}}).invalid(
		"/consent/channel not_allowed", "/consent/given_at pattern", "/consent/text_version pattern", "/consent/x unknown_field", "/member pattern", "/membership pattern", "/partner pattern")
}

func TestLinksAreListedInPages(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.link("sky")
		nextMillisecond()
	}
	first := w.as("sky-app").get("/v1/links?limit=2").is(200)
	second := w.as("sky-app").get("/v1/links?limit=2&cursor=" + first.text("next_cursor")).is(200)
	if first.count("links") != 2 || second.count("links") != 1 || second.text("next_cursor") != "" || first.text("links.1.id") == second.text("links.0.id") {
		t.Errorf("pages %s and %s", first.body, second.body)
	}
}

func TestWorkIsDoneOncePerKey(t *testing.T) {
	w := newWorld(t)
	body := linkOf("1", "2")
	first := w.as("sky-app").post("/v1/links", body, "Idempotency-Key", "k").is(201)
	again := w.as("sky-app").post("/v1/links", body, "Idempotency-Key", "k").is(201)
	if string(first.body) != string(again.body) || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Location") != first.header.Get("Location") || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("first %s, again %s %v", first.body, again.body, again.header)
	}
	w.as("sky-app").post("/v1/links", linkOf("3", "4"), "Idempotency-Key", "k").refused(422, "idempotency_key_reused")
	w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000"), "Idempotency-Key", "k").is(201) // another route
	w.as("sky-other").post("/v1/links", body, "Idempotency-Key", "k").refused(409, "already_linked")   // another client
	w.as("sky-other").post("/v1/links", linkOf("5", "6"), "Idempotency-Key", "k").is(201)              // a refusal used up no key
	w.as("sky-app").post("/v1/links", body, "Idempotency-Key", "a b").refused(400, "idempotency_key_invalid")
	path := w.as("sky-app").post("/v1/agreements", terms(), "Idempotency-Key", "a").is(201).header.Get("Location")
	w.as("sky-app").post(path+"/reject", map[string]any{"reason": "x"}, "Idempotency-Key", "r").is(200)
	if a := w.as("sky-app").post(path+"/reject", map[string]any{"reason": "x"}, "Idempotency-Key", "r").is(200); a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("headers %v", a.header)
	}
}
