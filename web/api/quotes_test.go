package api_test

import "testing"

func quoteOf(source, destination, amount string) map[string]any {
	return map[string]any{"source": source, "destination": destination, "amount": amount}
}

func TestAQuoteShowsBothAmountsExactly(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201)
	if a.text("amount") != "3000" || a.text("destination_amount") != "990" || a.text("fee") != "10" || a.text("legs.0.partner") != "sky" {
		t.Errorf("quote is %s", a.body)
	}
	if got := a.header.Get("Location"); got != "/v1/quotes/"+a.text("id") {
		t.Errorf("Location %q", got)
	}
	again := w.as("sky-app").get(a.header.Get("Location")).is(200)
	if string(again.body) != string(a.body) {
		t.Errorf("fetched %s, was %s", again.body, a.body)
	}
}

func TestAnotherPartnersQuoteIsNotThere(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201).header.Get("Location")
	w.as("shop-app").get(path).refused(404, "not_found")
	w.as("sky-other").get(path).is(200)
	w.as("ops").get(path).is(200)
	for _, id := range []string{"0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "x", "0198C5A1-7B7E-7C3A-9D0E-3F1F6A2B4C50", "%00", "0198c5a1-7b7e-4c3a-9d0e-3f1f6a2b4c50"} {
		w.as("sky-app").get("/v1/quotes/"+id).refused(404, "not_found")
	}
}

func TestAQuoteIsRefused(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		body   any
		status int
		code   string
	}{
		"off the step":             {quoteOf("SKYM", "EPT", "31"), 422, "amount_off_step"},
		"below the minimum":        {quoteOf("SHOP", "EPT", "0"), 400, "invalid_request"},
		"above the maximum":        {quoteOf("SKYM", "EPT", "300030"), 422, "amount_above_maximum"},
		"for an unknown programme": {quoteOf("SKYM", "NOPE", "30"), 422, "programme_unknown"},
		"for the same programme":   {quoteOf("SKYM", "SKYM", "30"), 422, "same_programme"},
		"for another's programme":  {quoteOf("SHOP", "EPT", "30"), 403, "not_yours"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.as("sky-app").post("/v1/quotes", c.body).refused(c.status, c.code)
		})
	}
}
