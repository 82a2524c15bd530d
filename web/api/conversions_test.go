package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// in asks for a conversion of partner points into electricity points.
func in(link, amount string) map[string]any {
	return map[string]any{"source": "SKYM", "destination": "EPT", "amount": amount, "link_id": link, "reference": "D-1"}
}

func (c *caller) convert(key string, body any, header ...string) *answer {
	c.w.t.Helper()
	return c.post("/v1/conversions", body, append([]string{"Idempotency-Key", key}, header...)...)
}

func TestAConversionIsMadeAndFetched(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").convert("k1", in(w.link("sky"), "3000")).is(201)
	if a.text("status") != "completed" || a.text("destination_amount") != "990" || a.text("source_reference") != "D-1" || a.text("agreements.0.partner") != "sky" {
		t.Errorf("conversion is %s", a.body)
	}
	if a.header.Get("Location") != a.text("links.self") || a.header.Get("Idempotency-Replayed") != "" || a.header.Get("Preference-Applied") != "" {
		t.Errorf("headers %v", a.header)
	}
	got := w.as("sky-app").get(a.text("links.self")).is(200)
	if got.text("reversed_amount") != "0" || got.text("status") != "completed" {
		t.Errorf("fetched %s", got.body)
	}
	receipt := w.as("sky-app").get(a.text("links.receipt")).is(200)
	parsed, err := ledger.ParseReceipt(receipt.body)
	must(t, err)
	if err := parsed.Verify(w.ledger.Keys()); err != nil || parsed.Transfer.ID.String() != a.text("id") {
		t.Errorf("receipt of %s: %v", parsed.Transfer.ID, err)
	}
}

func TestAConversionUnderAQuoteNamesIt(t *testing.T) {
	w := newWorld(t)
	quote := w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201).text("id")
	body := map[string]any{"quote_id": quote, "link_id": w.link("sky"), "reference": "D-1"}
	a := w.as("sky-app").convert("k1", body).is(201)
	if a.text("quote_id") != quote || a.text("amount") != "3000" {
		t.Errorf("conversion is %s", a.body)
	}
	w.as("sky-app").convert("k2", body).refused(409, "quote_used")
	w.as("shop-app").convert("k1", map[string]any{"quote_id": quote, "link_id": w.link("shop"), "reference": "D"}).refused(404, "not_found")
	other := w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201).text("id")
	w.as("sky-other").convert("k1", map[string]any{"quote_id": other, "link_id": w.link("sky"), "reference": "D"}).refused(403, "not_yours")
}

func TestARepeatGetsTheSameBytesWhateverHappenedSince(t *testing.T) {
	w := newWorld(t)
	body := in(w.link("sky"), "3000")
	first := w.as("sky-app").convert("k1", body).is(201)
	w.as("sky-app").post(first.text("links.reversals"), map[string]any{"amount": "3000", "reference": "R-1"}, "Idempotency-Key", "r1").is(201)
	if now := w.as("sky-app").get(first.text("links.self")).is(200); now.text("status") != "reversed" || now.text("reversed_amount") != "3000" {
		t.Fatalf("was not reversed: %s", now.body)
	}
	again := w.as("sky-app").convert("k1", body, "Prefer", "wait=3").is(201)
	if string(again.body) != string(first.body) || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("first  %s\nagain %s", first.body, again.body)
	}
	if again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Preference-Applied") != "wait=3" {
		t.Errorf("headers %v", again.header)
	}
}

func TestAKeyIsForOneRequestOfOneClient(t *testing.T) {
	w := newWorld(t)
	sky, shop := w.link("sky"), w.link("shop")
	first := w.as("sky-app").convert("k1", in(sky, "3000")).is(201)
	w.as("sky-app").convert("k1", in(sky, "3030")).refused(422, "idempotency_key_reused")
	text, err := json.Marshal(in(sky, "3000"))
	must(t, err)
	w.as("sky-app").convert("k1", string(text)+" ").refused(422, "idempotency_key_reused") // byte for byte
	other := w.as("shop-app").convert("k1", map[string]any{"source": "SHOP", "destination": "EPT", "amount": "300000", "link_id": shop, "reference": "D-1"}).is(201)
	same := w.as("sky-other").convert("k1", in(sky, "3000")).is(201)
	if other.text("id") == first.text("id") || same.text("id") == first.text("id") || same.header.Get("Idempotency-Replayed") != "" {
		t.Error("the key of one client was taken for that of another")
	}
}

func TestAConversionNeedsAGoodKey(t *testing.T) {
	w := newWorld(t)
	body := in(w.link("sky"), "3000")
	w.as("sky-app").post("/v1/conversions", body).refused(400, "idempotency_key_missing")
	w.as("sky-app").convert("a b", body).refused(400, "idempotency_key_invalid")
	w.as("sky-app").convert(strings.Repeat("k", 256), body).refused(400, "idempotency_key_invalid")
	w.as("sky-app").convert(strings.Repeat("k", 255), body).is(201)
	w.as("sky-app").convert("k1", body, "Idempotency-Key", "k2").refused(400, "idempotency_key_invalid")
}

func TestTheAnswerSaysHowItEnded(t *testing.T) {
	w := newWorld(t)
	id := newID()
	leg := &ledger.LegTerms{Partner: "sky", Agreement: newID(), Hash: ledger.Hash{1}, From: 3000, To: 990}
	base := exchange.Conversion{ID: id, Member: "M-secret", SourceMembership: "S-secret", Source: "SKYM", Destination: "EPT", In: leg, From: 3000, To: 990, Fee: 10, CreatedAt: 1_700_000_000_000}
	cases := map[string]struct {
		change func(c *exchange.Conversion)
		status int
		code   string
	}{
		"not yet":   {func(c *exchange.Conversion) { c.Status = exchange.Processing }, 202, ""},
		"completed": {func(c *exchange.Conversion) { c.Status, c.Outcome = exchange.Completed, exchange.Completed }, 201, ""},
		"completed, and reversed since": {func(c *exchange.Conversion) {
			c.Status, c.Outcome, c.Reversed = exchange.Reversed, exchange.Completed, 3000
		}, 201, ""},
		"failed": {func(c *exchange.Conversion) {
			c.Status, c.Outcome, c.Failure = exchange.Failed, exchange.Failed, &exchange.Failure{Code: "insufficient_points", Detail: "declined"}
		}, 422, "insufficient_points"},
		"reversed": {func(c *exchange.Conversion) {
			c.Status, c.Outcome, c.Failure = exchange.Reversed, exchange.Reversed, &exchange.Failure{Code: "membership_closed", Detail: "declined"}
		}, 422, "membership_closed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, replayed := range []bool{false, true} {
				made := base
				c.change(&made)
				w.script.convert = func(context.Context, exchange.ConvertRequest, time.Duration) (*exchange.Conversion, bool, error) {
					return &made, replayed, nil
				}
				a := w.as("sky-app").convert("k", in(w.link("sky"), "3000")).is(c.status)
				if a.header.Get("Location") != "/v1/conversions/"+id.String() || (a.header.Get("Idempotency-Replayed") == "true") != replayed {
					t.Errorf("headers %v", a.header)
				}
				if c.code != "" && (a.text("code") != c.code || a.text("conversion_id") != id.String()) {
					t.Errorf("problem %s", a.body)
				}
				if strings.Contains(string(a.body), "secret") || strings.Contains(string(a.body), "reversed_amount") {
					t.Errorf("answer says too much: %s", a.body)
				}
			}
		})
	}
}

func TestErrorsOfTheExchangeBecomeProblems(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		err    error
		status int
		code   string
		after  string // Retry-After
	}{
		{&exchange.Refusal{Code: exchange.CodeNoAgreement}, 422, "no_agreement", ""},
		{&exchange.Refusal{Code: string(ledger.CodeDayCap)}, 422, "day_cap_exceeded", ""},
		{&exchange.Refusal{Code: exchange.CodeNotYours}, 403, "not_yours", ""},
		{&exchange.Refusal{Code: exchange.CodeQuoteUsed}, 409, "quote_used", ""},
		{&exchange.Refusal{Code: exchange.CodePartnerDown}, 503, "partner_unavailable", "5"},
		{exchange.ErrQuoteUsed, 409, "quote_used", ""},
		{exchange.ErrNotFound, 404, "not_found", ""},
		{exchange.ErrKeyReused, 422, "idempotency_key_reused", ""},
		{exchange.ErrStillRunning, 409, "still_running", "1"},
		{&exchange.Busy{What: "a queue", RetryAfter: 2500 * time.Millisecond}, 503, "busy", "3"},
		{&exchange.Busy{What: "a queue"}, 503, "busy", "1"},
		{ledger.ErrBusy, 503, "busy", "1"},
		{ledger.ErrClosed, 503, "unavailable", "1"},
		{errors.New("disk of M-4711 is full"), 500, "internal_error", ""},
	}
	for _, c := range cases {
		t.Run(c.err.Error(), func(t *testing.T) {
			w.script.convert = func(context.Context, exchange.ConvertRequest, time.Duration) (*exchange.Conversion, bool, error) {
				return nil, false, c.err
			}
			a := w.as("sky-app").convert("k", in(w.link("sky"), "3000")).refused(c.status, c.code)
			if got := a.header.Get("Retry-After"); got != c.after {
				t.Errorf("Retry-After %q, want %q", got, c.after)
			}
			if strings.Contains(string(a.body), "4711") {
				t.Errorf("answer tells our troubles: %s", a.body)
			}
		})
	}
}

// What moves points is refused before its body is read, well-formed or not, and nothing
// else is.
func TestWithoutRoomARequestIsRefusedUnread(t *testing.T) {
	w := newWorld(t)
	made := w.as("sky-app").convert("k", in(w.link("sky"), "3000")).is(201)
	w.script.room = func() error { return &exchange.Busy{What: "the line", RetryAfter: 2 * time.Second} }
	for _, path := range []string{"/v1/conversions", "/v1/conversions/batch", made.text("links.self") + "/reversals"} {
		a := w.as("sky-app").post(path, "no body at all", "Idempotency-Key", "k2").refused(503, "busy")
		if a.header.Get("Retry-After") != "2" {
			t.Errorf("%s: Retry-After %q", path, a.header.Get("Retry-After"))
		}
	}
	w.as("sky-app").get(made.text("links.self")).is(200)
}

func TestThePreferredWaitIsApplied(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		prefer  []string
		wait    time.Duration
		applied string
	}{
		"none":              {nil, 10 * time.Second, ""},
		"some":              {[]string{"wait=5"}, 5 * time.Second, "wait=5"},
		"nothing":           {[]string{"wait=0"}, 0, "wait=0"},
		"too long":          {[]string{"wait=3600"}, 30 * time.Second, "wait=30"},
		"among others":      {[]string{"respond-async, WAIT = \"7\"; x=1"}, 7 * time.Second, "wait=7"},
		"on a second line":  {[]string{"respond-async", "wait=8"}, 8 * time.Second, "wait=8"},
		"the first counts":  {[]string{"wait=1, wait=9"}, time.Second, "wait=1"},
		"negative":          {[]string{"wait=-1"}, 10 * time.Second, ""},
		"not a number":      {[]string{"wait=soon"}, 10 * time.Second, ""},
		"without a value":   {[]string{"wait"}, 10 * time.Second, ""},
		"more than an int":  {[]string{"wait=99999999999999999999"}, 10 * time.Second, ""},
		"another thing":     {[]string{"waiting=3"}, 10 * time.Second, ""},
		"full-width digits": {[]string{"wait=３"}, 10 * time.Second, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got time.Duration
			w.script.convert = func(_ context.Context, _ exchange.ConvertRequest, wait time.Duration) (*exchange.Conversion, bool, error) {
				got = wait
				return &exchange.Conversion{ID: newID(), Source: "SKYM", Destination: "EPT", From: 1, To: 1, CreatedAt: 1}, false, nil
			}
			var header []string
			for _, p := range c.prefer {
				header = append(header, "Prefer", p)
			}
			a := w.as("sky-app").convert("k", in(w.link("sky"), "3000"), header...).is(202)
			if got != c.wait || a.header.Get("Preference-Applied") != c.applied {
				t.Errorf("waited %s, said %q; want %s, %q", got, a.header.Get("Preference-Applied"), c.wait, c.applied)
			}
		})
	}
}

func TestAnotherPartnersConversionIsNotThere(t *testing.T) {
	w := newWorld(t)
	links := w.as("sky-app").convert("k1", in(w.link("sky"), "3000")).is(201)
	for _, path := range []string{links.text("links.self"), links.text("links.receipt"), links.text("links.reversals"), links.text("links.reversals") + "/" + newID().String()} {
		w.as("shop-app").get(path).refused(404, "not_found")
	}
	w.as("shop-app").post(links.text("links.reversals"), map[string]any{"amount": "30"}, "Idempotency-Key", "r").refused(404, "not_found")
	w.as("ops").get(links.text("links.self")).is(200)
	w.as("sky-app").get(links.text("links.reversals")+"/"+newID().String()).refused(404, "not_found")
	w.as("sky-app").get("/v1/conversions/nonsense").refused(404, "not_found")
}

func TestAReversalIsMadeFetchedAndRepeated(t *testing.T) {
	w := newWorld(t)
	c := w.as("sky-app").convert("k1", in(w.link("sky"), "3000")).is(201)
	body := map[string]any{"amount": "1500", "reason": "撤销", "reference": "R-1"}
	first := w.as("sky-app").post(c.text("links.reversals"), body, "Idempotency-Key", "r1", "Prefer", "wait=5").is(201)
	if first.text("status") != "completed" || first.text("amount") != "1500" || first.text("reason") != "撤销" || first.text("conversion_id") != c.text("id") {
		t.Errorf("reversal is %s", first.body)
	}
	again := w.as("sky-app").post(c.text("links.reversals"), body, "Idempotency-Key", "r1").is(201)
	if string(again.body) != string(first.body) || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again %s %v", again.body, again.header)
	}
	w.as("sky-app").post(c.text("links.reversals"), map[string]any{"amount": "30", "reference": "R-1"}, "Idempotency-Key", "r1").refused(422, "idempotency_key_reused")
	w.as("sky-app").post(c.text("links.reversals"), body).refused(400, "idempotency_key_missing")
	w.as("sky-app").post(c.text("links.reversals"), map[string]any{"amount": "1530", "reference": "R-2"}, "Idempotency-Key", "r2").refused(422, "above_original")
	if got := w.as("sky-app").get(first.header.Get("Location")).is(200); string(got.body) != string(first.body) {
		t.Errorf("fetched %s", got.body)
	}
	if list := w.as("sky-app").get(c.text("links.reversals")).is(200); list.count("reversals") != 1 {
		t.Errorf("list %s", list.body)
	}
}

func TestTheReversalsAnswerSaysHowItEnded(t *testing.T) {
	w := newWorld(t)
	v := exchange.Reversal{ID: newID(), Conversion: newID(), Source: "SKYM", Amount: 30, CreatedAt: 1}
	path := "/v1/conversions/" + v.Conversion.String() + "/reversals"
	say := func(status exchange.Status, f *exchange.Failure, err error) *answer {
		w.script.reverse = func(exchange.ReverseRequest, time.Duration) (*exchange.Reversal, bool, error) {
			v.Status, v.Failure = status, f
			return &v, false, err
		}
		return w.as("sky-app").post(path, map[string]any{"amount": "30"}, "Idempotency-Key", "r")
	}
	say(exchange.Processing, nil, nil).is(202)
	a := say(exchange.Failed, &exchange.Failure{Code: "insufficient_points"}, nil).refused(422, "insufficient_points")
	if a.text("reversal_id") != v.ID.String() || a.text("conversion_id") != v.Conversion.String() || a.header.Get("Location") != path+"/"+v.ID.String() {
		t.Errorf("answer %s %v", a.body, a.header)
	}
	say("", nil, exchange.ErrReversalUnderWay).refused(409, "reversal_under_way")
	say("", nil, &exchange.Refusal{Code: exchange.CodeNotCompleted}).refused(409, "not_completed")
}

func TestConversionsAreListedNewestFirst(t *testing.T) {
	w := newWorld(t)
	link := w.link("sky")
	var ids []string
	for i := range 5 {
		ids = append([]string{w.as("sky-app").convert("k"+string(rune('0'+i)), in(link, "3000")).is(201).text("id")}, ids...)
		nextMillisecond()
	}
	w.as("shop-app").convert("k", map[string]any{"source": "SHOP", "destination": "EPT", "amount": "300000", "link_id": w.link("shop"), "reference": "D"}).is(201)
	var got []string
	path := "/v1/conversions?limit=2&status=completed&programme=SKYM"
	for pages := 0; path != "" && pages < 5; pages++ {
		a := w.as("sky-app").get(path).is(200)
		for i := range a.count("conversions") {
			got = append(got, a.text("conversions."+string(rune('0'+i))+".id"))
		}
		next, rel, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
		if path = next; (path == "") != (a.text("next_cursor") == "") || path != "" && (rel != `; rel="next"` || !strings.Contains(path, "cursor="+a.text("next_cursor"))) {
			t.Fatalf("Link %q, next_cursor %q", a.header.Get("Link"), a.text("next_cursor"))
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("listed %v, want %v", got, ids)
	}
	if n := w.as("ops").get("/v1/conversions").is(200).count("conversions"); n != 6 {
		t.Errorf("the utility sees %d of 6", n)
	}
	if n := w.as("sky-app").get("/v1/conversions?status=failed").is(200).count("conversions"); n != 0 {
		t.Errorf("%d failed", n)
	}
	if n := w.as("sky-app").get("/v1/conversions?created_from=2020-01-01T00:00:00Z&created_until=2021-01-01T00:00:00Z").is(200).count("conversions"); n != 0 {
		t.Errorf("%d of long ago", n)
	}
	w.as("sky-app").get("/v1/conversions?programme=SHOP").refused(403, "not_yours")
}

// nextMillisecond waits for one: IDs of the same are in no order.
func nextMillisecond() {
	for start := time.Now().UnixMilli(); time.Now().UnixMilli() == start; {
		time.Sleep(100 * time.Microsecond)
	}
}

func TestListParametersAreStrict(t *testing.T) {
	w := newWorld(t)
	link := w.link("sky")
	w.as("sky-app").convert("k", in(link, "3000")).is(201)
	cursor := w.as("sky-app").get("/v1/conversions?limit=1").is(200).text("next_cursor")
	if cursor == "" {
		t.Fatal("a full page has no cursor")
	}
	last := cursor[len(cursor)-1:]
	flipped := cursor[:len(cursor)-1] + map[bool]string{true: "B", false: "A"}[last == "A"]
	cases := map[string][]string{
		"limit=0":                    {"limit out_of_range"},
		"limit=201":                  {"limit out_of_range"},
		"limit=-1":                   {"limit out_of_range"},
		"limit=%2B1":                 {"limit out_of_range"},
		"limit=1e1":                  {"limit out_of_range"},
		"limit=":                     {"limit out_of_range"},
		"limit=99999999999999999999": {"limit out_of_range"},
		"limit=%EF%BC%91":            {"limit out_of_range"},
		"limit=1&limit=2":            {"limit duplicate_parameter"},
		"cursor=":                    {"cursor cursor_invalid"},
		"cursor=x":                   {"cursor cursor_invalid"},
		"cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA":   {"cursor cursor_invalid"},
		"cursor=" + flipped:                         {"cursor cursor_invalid"},
		"cursor=" + cursor + "=":                    {"cursor cursor_invalid"},
		"cursor=" + cursor + "&status=failed":       {"cursor cursor_invalid"}, // made without that filter
		"cursor=" + strings.Repeat("A", 300):        {"cursor cursor_invalid"},
		"status=done":                               {"status not_allowed"},
		"programme=skym":                            {"programme pattern"},
		"created_from=yesterday":                    {"created_from instant"},
		"created_from=2026-02-30T00:00:00Z":         {"created_from instant"},
		"created_from=2026-02-20T00:00:00.0000001Z": {"created_from instant"},
		"created_until=1969-12-31T23:59:59Z":        {"created_until instant"},
		"page=2":                                    {"page unknown_parameter"},
		"a=1&b=2&limit=1&limit=1":                   {"a unknown_parameter", "b unknown_parameter", "limit duplicate_parameter"},
		"limit=0&cursor=x":                          {"limit out_of_range", "cursor cursor_invalid"},
		"status=done&programme=x&created_from=x":    {"programme pattern", "status not_allowed", "created_from instant"},
	}
	for query, want := range cases {
		t.Run(query, func(t *testing.T) { w.as("sky-app").get("/v1/conversions?" + query).invalid(want...) })
	}
	w.as("sky-app").get("/v1/conversions?a=%zz").refused(400, "invalid_request")
	w.as("sky-app").get("/v1/conversions?cursor=" + cursor).is(200)
	w.as("sky-app").get("/v1/conversions?limit=200&cursor=" + cursor).is(200)
	w.as("shop-app").get("/v1/conversions?cursor=" + cursor).invalid("cursor cursor_invalid") // another partner's
	w.as("sky-app").get("/v1/links?cursor=" + cursor).invalid("cursor cursor_invalid")        // another list's
	w.as("sky-app").convert("k2?", in(link, "3000")).is(201)
	w.as("sky-app").post("/v1/conversions?dry=1", in(link, "3000"), "Idempotency-Key", "k3").invalid("dry unknown_parameter")
}

func TestWhatIsEscalatedIsForTheOperator(t *testing.T) {
	w := newWorld(t)
	if a := w.as("ops").get("/v1/breaks").is(200); a.count("conversions") != 0 || a.count("reversals") != 0 {
		t.Errorf("breaks %s", a.body)
	}
	party := exchange.Party{Client: "sky-app", Partner: "sky"}
	w.script.escalated = func() ([]*exchange.Conversion, []*exchange.Reversal, error) {
		c := &exchange.Conversion{ID: newID(), Party: party, Member: "M-secret", Source: "SKYM", Destination: "EPT", From: 30, To: 10, Status: exchange.Processing,
			Step: exchange.StepDebit, CreatedAt: 1, EscalatedAt: 2}
		v := &exchange.Reversal{ID: newID(), Conversion: c.ID, Party: party, Source: "SKYM", Amount: 3, Status: exchange.Processing, Step: exchange.StepGiveBack, CreatedAt: 1, EscalatedAt: 2}
		return []*exchange.Conversion{c}, []*exchange.Reversal{v}, nil
	}
	if a := w.as("sky-app").get("/v1/breaks").is(200); a.count("conversions") != 0 || a.count("reversals") != 0 {
		t.Errorf("a partner sees %s", a.body)
	}
	a := w.as("ops").get("/v1/breaks").is(200)
	if a.text("conversions.0.step") != "debit" || a.text("conversions.0.partner") != "sky" || a.text("reversals.0.step") != "give_back" || strings.Contains(string(a.body), "secret") {
		t.Errorf("breaks %s", a.body)
	}
}

func TestOtherRoutesAndMethodsAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/v1", "/v1/conversions/", "/v2/conversions", "//v1/conversions", "/v1/conversions/x/y/z"} {
		w.as("sky-app").get(path).refused(404, "not_found")
	}
	a := w.as("sky-app").do("PUT", "/v1/conversions", "{}").refused(405, "method_not_allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, http.MethodGet) || !strings.Contains(allow, http.MethodPost) {
		t.Errorf("Allow %q", allow)
	}
}

// The server stops reading from a client that sends slowly, but a client that
// waits has sent everything: its request is not cut short.
func TestAWaitMayBeLongerThanTheTimeToRead(t *testing.T) {
	w := newWorld(t)
	w.script.convert = func(ctx context.Context, _ exchange.ConvertRequest, _ time.Duration) (*exchange.Conversion, bool, error) {
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-time.After(1500 * time.Millisecond): // the server of the tests reads for a second
		}
		return &exchange.Conversion{ID: newID(), Source: "SKYM", Destination: "EPT", From: 1, To: 1, CreatedAt: 1}, false, nil
	}
	w.as("sky-app").convert("k", in(w.link("sky"), "3000")).is(202)
}

func TestARequestThatIsWorkedOnIsNotBegunAgain(t *testing.T) {
	w := newWorld(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	w.script.link = func() (*exchange.Link, error) {
		close(begun)
		<-goOn
		return &exchange.Link{ID: newID(), Partner: "sky", Membership: "2", CreatedAt: 1}, nil
	}
	c, body := w.as("sky-app"), linkOf("1", "2")
	first := make(chan *answer)
	go func() { first <- c.post("/v1/links", body, "Idempotency-Key", "k") }()
	<-begun
	if a := c.post("/v1/links", body, "Idempotency-Key", "k").refused(409, "still_running"); a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	close(goOn)
	made := (<-first).is(201)
	if again := c.post("/v1/links", body, "Idempotency-Key", "k").is(201); string(again.body) != string(made.body) {
		t.Errorf("made %s, again %s", made.body, again.body)
	}
}

func TestWithoutItsStoreNothingIsDoneUnderAKey(t *testing.T) {
	w := newWorld(t)
	w.options.Answers.(*answers).broken = errors.New("disk")
	w.as("sky-app").post("/v1/links", linkOf("1", "2"), "Idempotency-Key", "k").refused(500, "internal_error")
	if n := w.as("sky-app").get("/v1/links").is(200).count("links"); n != 0 {
		t.Errorf("%d links were made", n)
	}
}
