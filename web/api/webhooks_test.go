package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

const hooksPath = "/v1/webhook_endpoints"

func hook(more ...any) map[string]any {
	body := map[string]any{"url": "https://127.0.0.1:8443/hooks"}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

func (c *caller) patch(path string, body string) *answer {
	c.w.t.Helper()
	return c.do("PATCH", path, body, "Content-Type", "application/json")
}

// tell publishes events about a partner.
func (w *world) tell(n int, partner string) {
	w.t.Helper()
	for range n {
		must(w.t, w.hooks.Publish(context.Background(), webhooks.Event{Type: webhooks.SettlementNetted, Partners: []string{partner}, At: 1,
			Data: webhooks.Settlement{SettlementID: "2026-11-21." + partner, Partner: partner, Window: "2026-11-21"}}))
	}
}

func TestAWebhookEndpointIsMadeChangedAndDeleted(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").post(hooksPath, hook("description", "预订", "events", []string{"conversion.*", "settlement.netted"}, "scheme", "v1a"), "Idempotency-Key", "k").is(201)
	again := w.as("sky-app").post(hooksPath, hook("description", "预订", "events", []string{"conversion.*", "settlement.netted"}, "scheme", "v1a"), "Idempotency-Key", "k").is(201)
	if a.text("status") != "enabled" || a.text("partner") != "sky" || a.count("events") != 2 || string(again.body) != string(a.body) {
		t.Errorf("endpoint is %s, again %s", a.body, again.body)
	}
	path := a.header.Get("Location")
	if got := w.as("sky-app").get(path).is(200); string(got.body) != string(a.body) {
		t.Errorf("fetched %s", got.body)
	}
	off := w.as("sky-app").patch(path, `{"status":"disabled","description":""}`).is(200)
	if off.text("status") != "disabled" || off.text("reason") != "requested" || off.text("description") != "" || off.text("url") != a.text("url") || off.text("disabled_at") == "" {
		t.Errorf("disabled it is %s", off.body)
	}
	w.as("sky-app").do("POST", path+"/test", "").refused(409, "webhook_endpoint_disabled")
	w.as("sky-app").post(path+"/replay", `{"from":1,"to":2}`).refused(409, "webhook_endpoint_disabled")
	on := w.as("sky-app").patch(path, `{"status":"enabled","events":["*"]}`).is(200)
	if on.text("status") != "enabled" || on.text("reason") != "" || on.text("events.0") != "*" {
		t.Errorf("enabled it is %s", on.body)
	}
	w.as("sky-app").do("DELETE", path, "").is(204)
	w.as("sky-app").get(path).refused(404, "not_found")
	w.as("sky-app").do("DELETE", path, "").refused(404, "not_found")
}

func TestAWebhookURLThatLeadsInsideIsRefused(t *testing.T) {
	w := newWorld(t)
	for url, code := range map[string]string{
		"https://10.0.0.7/": "webhook_url_forbidden", "https://169.254.169.254/latest/meta-data": "webhook_url_forbidden",
		"https://[::1]/": "webhook_url_forbidden", "https://[::ffff:192.168.0.1]/": "webhook_url_forbidden", "https://[fe80::1]/": "webhook_url_forbidden",
		"https://[64:ff9b::a00:1]/": "webhook_url_forbidden", "https://100.64.0.1/": "webhook_url_forbidden",
		"http://127.0.0.1/": "webhook_url_invalid", "https://user:pass@127.0.0.1/": "webhook_url_invalid", "gopher://127.0.0.1/": "webhook_url_invalid", "x": "webhook_url_invalid",
		"https://no-such-name.invalid/": "webhook_url_unresolved",
	} {
		w.as("sky-app").post(hooksPath, hook("url", url)).refused(422, code)
	}
	path := w.as("sky-app").post(hooksPath, hook()).is(201).header.Get("Location")
	w.as("sky-app").patch(path, `{"url":"https://192.168.0.1/"}`).refused(422, "webhook_url_forbidden")
}

func TestAWebhookBodyIsRefusedWithWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.as("sky-app").post(hooksPath, `{}`).invalid("/url required")
	w.as("sky-app").post(hooksPath, `{"url":"https://127.0.0.1","events":["Conversion"],"scheme":"v2","x":1}`).invalid(
		"/events/0 pattern", "/scheme not_allowed", "/x unknown_field")
	w.as("sky-app").post(hooksPath, `{"url":"https://127.0.0.1","url":"https://127.0.0.1"}`).invalid("/url duplicate_field")
	w.as("sky-app").post(hooksPath, `{"url":"https://127.0.0.1","events":null}`).invalid("/events null")
	w.as("sky-app").post(hooksPath, hook("events", []string{"weather.changed"})).refused(422, "webhook_events_invalid")
	w.as("sky-app").post(hooksPath, hook("events", []string{"*", "*"})).refused(422, "webhook_events_invalid")
	path := w.as("sky-app").post(hooksPath, hook()).is(201).header.Get("Location")
	w.as("sky-app").patch(path, `{}`).invalid(" field_count")
	w.as("sky-app").patch(path, `{"status":"gone"}`).invalid("/status not_allowed")
	w.as("sky-app").post(path+"/secret/rotate", `{"overlap":"soon"}`).invalid("/overlap pattern")
	w.as("sky-app").post(path+"/replay", `{"from":0,"to":1.5}`).invalid("/from out_of_range", "/to integer_form", "/to type")
	w.as("sky-app").post(path+"/replay", `{"from":2,"to":1}`).refused(422, "webhook_replay_range")
	w.as("sky-app").post(hooksPath, strings.Repeat("[", 60000)).refused(400, "invalid_request")
	w.as("sky-app").get(path+"/deliveries?state=lost").refused(400, "invalid_request")
}

func TestASecretIsFetchedAndReplaced(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").post(hooksPath, hook(), "Idempotency-Key", "k").is(201)
	path := a.header.Get("Location")
	before := w.as("sky-app").get(path + "/secret").is(200)
	if before.count("secrets") != 1 || !strings.HasPrefix(before.text("secrets.0.secret"), "whsec_") {
		t.Errorf("secrets are %s", before.body)
	}
	after := w.as("sky-app").post(path+"/secret/rotate", `{"overlap":"1h","scheme":"v1a"}`).is(200)
	if after.count("secrets") != 2 || !strings.HasPrefix(after.text("secrets.0.secret"), "whpk_") ||
		after.text("secrets.1.secret") != before.text("secrets.0.secret") || after.text("secrets.1.expires_at") == "" {
		t.Errorf("secrets are %s", after.body)
	}
	for range 2 {
		w.as("sky-app").post(path+"/secret/rotate", `{}`).is(200)
	}
	w.as("sky-app").post(path+"/secret/rotate", `{}`).refused(409, "webhook_secrets_max")
	if leak := w.as("sky-app").post(path+"/secret/rotate", `{"overlap":"0s"}`).is(200); leak.count("secrets") != 1 {
		t.Errorf("secrets are %s", leak.body)
	}
	if strings.Contains(w.log.String(), "whsec_") {
		t.Error("a secret is in the log")
	}
}

func TestDeliveriesAreListedAndSentAgain(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post(hooksPath, hook()).is(201).header.Get("Location")
	w.tell(3, "sky")
	m := w.deliver(path, 2, webhooks.Delivered)
	first := w.as("sky-app").get(path + "/deliveries?limit=2").is(200)
	second := w.as("sky-app").get(path + "/deliveries?limit=2&cursor=" + first.text("next_cursor")).is(200)
	if first.count("deliveries") != 2 || second.count("deliveries") != 1 || first.at("deliveries.1.sequence") != 2.0 || second.at("deliveries.0.sequence") != 1.0 {
		t.Errorf("pages %s and %s", first.body, second.body)
	}
	if done := w.as("sky-app").get(path + "/deliveries?state=delivered").is(200); done.count("deliveries") != 1 || done.text("deliveries.0.last_attempt.answer") != "thanks" {
		t.Errorf("delivered are %s", done.body)
	}
	one := w.as("sky-app").get(path + "/deliveries/2").is(200)
	if one.text("id") != m.ID() || one.text("data.settlement_id") != "2026-11-21.sky" || one.at("last_attempt.status") != 200.0 {
		t.Errorf("delivery is %s", one.body)
	}
	if again := w.as("sky-app").do("POST", path+"/deliveries/2/resend", "").is(202); again.text("state") != "pending" || again.text("id") != m.ID() {
		t.Errorf("sent again it is %s", again.body)
	}
	if all := w.as("sky-app").post(path+"/replay", `{"from":2,"to":9}`).is(202); all.at("messages") != 2.0 {
		t.Errorf("replayed %s", all.body)
	}
	if test := w.as("sky-app").do("POST", path+"/test", "").is(202); test.text("type") != "webhook_endpoint.test" || test.at("sequence") != 4.0 {
		t.Errorf("test is %s", test.body)
	}
	for _, sequence := range []string{"9", "0", "-1", "x", "99999999999999999999"} {
		w.as("sky-app").get(path+"/deliveries/"+sequence).refused(404, "not_found")
		w.as("sky-app").do("POST", path+"/deliveries/"+sequence+"/resend", "").refused(404, "not_found")
	}
}

// deliver records an attempt at a message.
func (w *world) deliver(path string, sequence int64, state webhooks.State) *webhooks.Message {
	w.t.Helper()
	id, err := ledger.ParseID(strings.TrimPrefix(path, hooksPath+"/"))
	must(w.t, err)
	m, err := w.hooks.Message(context.Background(), id, sequence)
	must(w.t, err)
	m.State, m.Attempts, m.LastAt, m.Took, m.Code, m.Answer = state, 1, 1_772_328_600_250, 3, 200, "thanks"
	must(w.t, w.hooks.SaveAttempts(context.Background(), []*webhooks.Message{m}))
	return m
}

func TestAnotherPartnersWebhooksAreNotThere(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post(hooksPath, hook()).is(201).header.Get("Location")
	w.tell(1, "sky")
	for _, route := range []string{"GET ", "DELETE ", "GET /secret", "POST /test", "GET /deliveries", "GET /deliveries/1", "POST /deliveries/1/resend"} {
		method, rest, _ := strings.Cut(route, " ")
		w.as("shop-app").do(method, path+rest, "").refused(404, "not_found")
		w.nobody().do(method, path+rest, "").refused(401, "token_missing")
		w.as("sandbox").do(method, path+rest, "").refused(403, "scope_missing")
	}
	w.as("shop-app").patch(path, `{"status":"disabled"}`).refused(404, "not_found")
	w.as("shop-app").post(path+"/secret/rotate", `{}`).refused(404, "not_found")
	w.as("shop-app").post(path+"/replay", `{"from":1,"to":1}`).refused(404, "not_found")
	if n := w.as("shop-app").get(hooksPath).is(200).count("webhook_endpoints"); n != 0 {
		t.Errorf("another partner sees %d endpoints", n)
	}
	if n := w.as("ops").get(hooksPath).is(200).count("webhook_endpoints"); n != 1 {
		t.Errorf("the utility sees %d endpoints", n)
	}
}

func TestAPartnerHasSoManyEndpointsAndNoMore(t *testing.T) {
	w := newWorld(t)
	for n := range webhooks.EndpointsMax {
		w.as("sky-app").post(hooksPath, hook("description", fmt.Sprint(n))).is(201)
	}
	w.as("sky-app").post(hooksPath, hook()).refused(409, "webhook_endpoints_max")
	first := w.as("sky-app").get(hooksPath + "?limit=15").is(200)
	second := w.as("sky-app").get(hooksPath + "?limit=15&cursor=" + first.text("next_cursor")).is(200)
	if first.count("webhook_endpoints") != 15 || second.count("webhook_endpoints") != 5 {
		t.Errorf("pages of %d and %d", first.count("webhook_endpoints"), second.count("webhook_endpoints"))
	}
}
