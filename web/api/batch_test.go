package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
)

// item is one conversion of a batch.
func item(key, conversion string) string {
	return fmt.Sprintf(`{"idempotency_key":%q,"conversion":%s}`, key, conversion)
}

func batch(items ...string) string { return `{"conversions":[` + strings.Join(items, ",") + `]}` }

func inbound(amount, link, reference string) string {
	return fmt.Sprintf(`{"source":"SKYM","destination":"EPT","amount":%q,"link_id":%q,"reference":%q}`, amount, link, reference)
}

// result checks one result of a batch and returns what it has in it.
func (a *answer) result(i, status int) map[string]any {
	a.t.Helper()
	results, _ := a.at("results").([]any)
	if i >= len(results) {
		a.t.Fatalf("%d results, want one at %d: %s", len(results), i, a.body)
	}
	r := results[i].(map[string]any)
	if r["index"] != float64(i) || r["status"] != float64(status) || (r["problem"] == nil) != (status < 300) || (r["conversion"] == nil) != (status >= 300) {
		a.t.Fatalf("result %d is %v, want status %d", i, r, status)
	}
	if status >= 300 {
		return r["problem"].(map[string]any)
	}
	return r["conversion"].(map[string]any)
}

func TestEachOfABatchIsAnsweredByItself(t *testing.T) {
	w := newWorld(t)
	link := w.link("sky")
	a := w.as("sky-app").post("/v1/conversions/batch", batch(
		item("a", inbound("3000", link, "D-1")),
		item("b", inbound("3001", link, "D-2")),
		item("c", `{"source":"SKYM","destination":"EPT","amount":"-1","link_id":"`+link+`","reference":"D-3"}`),
		item("d", `{"source":"SKYM","destination":"SHOP","amount":"3000","link_id":"`+link+`","reference":"D-4"}`),
		`{"idempotency_key":"e f","conversion":`+inbound("3000", link, "D-5")+`,"x":1}`,
		`7`,
		item("g", inbound("6000", link, "D-6")),
	), "Prefer", "wait=5").is(200)
	if a.header.Get("Preference-Applied") != "wait=5" || a.count("results") != 7 {
		t.Errorf("%v %s", a.header, a.body)
	}
	if c := a.result(0, 201); c["status"] != "completed" || c["destination_amount"] != "990" {
		t.Errorf("the first is %v", c)
	}
	for i, code := range map[int]string{1: "amount_off_step", 3: "mode_refused"} {
		if p := a.result(i, 422); p["code"] != code {
			t.Errorf("%d is %v, want %s", i, p, code)
		}
	}
	for i, pointers := range map[int][]string{2: {"/conversions/2/conversion/amount"}, 4: {"/conversions/4/idempotency_key", "/conversions/4/x"}, 5: {"/conversions/5"}} {
		errors := a.result(i, 400)["errors"].([]any)
		for n, pointer := range pointers {
			if got := errors[n].(map[string]any)["pointer"]; got != pointer {
				t.Errorf("%d points to %v, want %s", i, got, pointer)
			}
		}
	}
	if c := a.result(6, 201); c["source_reference"] != "D-6" {
		t.Errorf("the last is %v", c)
	}
}

func TestABatchIsReplayedAsTheSingleRouteIs(t *testing.T) {
	w := newWorld(t)
	link, sky := w.link("sky"), w.as("sky-app")
	first, second := inbound("3000", link, "D-1"), inbound("6000", link, "D-2")
	single := sky.convert("one", first).is(201)
	body := batch(item("one", first), item("two", second), item("two", second), item("two", first))
	a := sky.post("/v1/conversions/batch", body).is(200)
	if c := a.result(0, 201); c["id"] != single.text("id") || a.at("results.0.replayed") != true {
		t.Errorf("what was made singly is answered %v", c)
	}
	if a.at("results.1.replayed") != nil || a.at("results.2.replayed") != true || a.result(2, 201)["id"] != a.result(1, 201)["id"] {
		t.Errorf("one key twice: %s", a.body)
	}
	if p := a.result(3, 422); p["code"] != "idempotency_key_reused" {
		t.Errorf("another conversion under the key: %v", p)
	}
	again := sky.post("/v1/conversions/batch", body).is(200)
	for i := range 3 {
		if again.result(i, 201)["id"] != a.result(i, 201)["id"] || again.at("results."+string(rune('0'+i))+".replayed") != true {
			t.Errorf("sent again, %d is %s", i, again.body)
		}
	}
	alone := sky.convert("two", second).is(201)
	if want, err := json.Marshal(a.result(1, 201)); err != nil || alone.header.Get("Idempotency-Replayed") != "true" || len(want) != len(strings.TrimSpace(string(alone.body))) {
		t.Errorf("singly it is %s, of the batch it was %s", alone.body, want)
	}
	sky.convert("two", first).refused(422, "idempotency_key_reused")
}

func TestABatchThatIsWrongAsAWholeDoesNothing(t *testing.T) {
	w := newWorld(t)
	link, sky := w.link("sky"), w.as("sky-app")
	good := item("k", inbound("3000", link, "D-1"))
	for name, c := range map[string]struct{ body, want string }{
		"too many":     {batch(append(many(good, 1000), good)...), "/conversions item_count"},
		"none":         {batch(), "/conversions item_count"},
		"cut":          {`{"conversions":[` + good + `,{"idem`, " json_syntax"},
		"10,000 deep":  {`{"conversions":[` + good + `,` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `]}`, " json_syntax"},
		"100 deep":     {`{"conversions":[` + good + `,` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `]}`, " json_nesting"},
		"no JSON":      {"source,amount\nSKYM,3000\n", " json_syntax"},
		"other fields": {`{"conversions":[` + good + `],"atomic":true}`, "/atomic unknown_field"},
	} {
		t.Run(name, func(t *testing.T) { sky.post("/v1/conversions/batch", c.body).invalid(c.want) })
	}
	sky.post("/v1/conversions/batch", batch(good)+strings.Repeat(" ", 1<<20)).refused(413, "body_too_large")
	sky.post("/v1/conversions/batch", batch(good), "Idempotency-Key", "k").refused(400, "idempotency_key_invalid")
	sky.do("POST", "/v1/conversions/batch", batch(good), "Content-Type", "text/csv").refused(415, "unsupported_media_type")
	if n := sky.get("/v1/conversions").is(200).count("conversions"); n != 0 {
		t.Errorf("%d conversions were made", n)
	}
}

func TestABatchOfTheLargestSizeIsConverted(t *testing.T) {
	w := newWorld(t)
	link := w.link("sky")
	items := make([]string, exchange.ManyMax)
	for i := range items {
		items[i] = item(fmt.Sprintf("k-%d", i), inbound("30", link, fmt.Sprintf("D-%d", i)))
	}
	a := w.as("sky-app").post("/v1/conversions/batch", batch(items...)).is(200)
	var body struct{ Results []struct{ Index, Status int } }
	must(t, json.Unmarshal(a.body, &body))
	for i, r := range body.Results {
		if r.Index != i || r.Status != 201 {
			t.Fatalf("result %d: %+v", i, r)
		}
	}
	if len(body.Results) != exchange.ManyMax {
		t.Errorf("%d results", len(body.Results))
	}
}

func TestAnItemSaysWhenToTryAgain(t *testing.T) {
	w := newWorld(t)
	link := w.link("sky")
	w.script.convertMany = func(requests []exchange.ConvertRequest) []exchange.Outcome {
		return []exchange.Outcome{{Err: &exchange.Busy{What: "the exchange", RetryAfter: 3 * time.Second}}, {Err: exchange.ErrStillRunning}, {Err: exchange.ErrNotFound}}
	}
	a := w.as("sky-app").post("/v1/conversions/batch", batch(item("a", inbound("30", link, "D-1")), item("b", inbound("30", link, "D-2")), item("c", inbound("30", link, "D-3")))).is(200)
	if p := a.result(0, 503); p["code"] != "busy" || a.at("results.0.retry_after") != 3.0 {
		t.Errorf("%s", a.body)
	}
	if p := a.result(1, 409); p["code"] != "still_running" || a.at("results.1.retry_after") == nil {
		t.Errorf("%s", a.body)
	}
	a.result(2, 404)
}

func many(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}
