package api_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/api"
)

func TestProgrammesAreForEveryClient(t *testing.T) {
	w := newWorld(t)
	a := w.as("sandbox").get("/v1/programmes").is(200)
	if a.text("programmes.0.code") != "EPT" || a.text("programmes.0.name_zh") != "电力积分" || a.count("programmes") != 3 || a.text("programmes.2.partner") != "sky" || a.text("programmes.2.mode_in") != "push" {
		t.Errorf("programmes %s", a.body)
	}
	w.as("sandbox").get("/v1/programmes?x=1").invalid("x unknown_parameter")
	w.script.programmes = func() ([]exchange.Programme, error) { return nil, errors.New("x") }
	w.as("sandbox").get("/v1/programmes").refused(500, "internal_error")
}

func TestTheSandboxClockMovesForwardOnly(t *testing.T) {
	w := newWorld(t)
	w.clock.now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s := settlement.Settlement{ID: "2026-11-21.sky", Partner: "sky", Window: ledger.DateOf(w.clock.now), State: settlement.Netted, UpdatedAt: 1, Position: ledger.Position{Partner: "sky"}}
	w.clock.moved = []settlement.Settlement{s}
	if a := w.as("sandbox").get("/v1/sandbox/clock").is(200); a.text("now") != "2026-11-21T12:00:00Z" || a.text("window") != "2026-11-21" || a.count("settled") != 0 {
		t.Errorf("clock %s", a.body)
	}
	if a := w.as("sandbox").post("/v1/sandbox/clock", map[string]any{"advance": "24h30m"}).is(200); a.text("now") != "2026-11-22T12:30:00Z" || a.text("settled.0.id") != s.ID {
		t.Errorf("clock %s", a.body)
	}
	if a := w.as("sandbox").post("/v1/sandbox/clock", map[string]any{"to": "2026-11-23T00:00:00+08:00"}).is(200); a.text("now") != "2026-11-22T16:00:00Z" {
		t.Errorf("clock %s", a.body)
	}
	w.as("sandbox").post("/v1/sandbox/clock", map[string]any{"to": "2026-11-22T15:59:59Z"}).refused(422, "clock_backward")
	w.as("sky-app").get("/v1/sandbox/clock").refused(403, "scope_missing")
	cases := map[string][]string{
		`{}`: {" field_count"},
		`{"advance":"1h","to":"2026-11-24T00:00:00Z"}`: {" field_count"},
		`{"advance":""}`:                {"/advance length"},
		`{"advance":"h"}`:               {"/advance length", "/advance pattern"},
		`{"advance":"1d"}`:              {"/advance pattern"},
		`{"advance":"-1h"}`:             {"/advance pattern"},
		`{"advance":"1m1h"}`:            {"/advance pattern"},
		`{"advance":"1.5h"}`:            {"/advance pattern"},
		`{"advance":"9601h"}`:           {"/advance out_of_range"},
		`{"advance":"1h","x":1}`:        {" field_count", "/x unknown_field"},
		`{"to":"2099-01-01T00:00:00Z"}`: {"/to out_of_range"},
		`{"to":"tomorrow"}`:             {"/to pattern"},
		`{"to":"2026-11-31T00:00:00Z"}`: {"/to instant"},
		`{"to":null}`:                   {"/to null"},
	}
	for body, want := range cases {
		t.Run(body, func(t *testing.T) { w.as("sandbox").post("/v1/sandbox/clock", body).invalid(want...) })
	}
}

func TestOutsideOfASandboxThereIsNoClock(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.Clock = nil })
	w.as("sandbox").get("/v1/sandbox/clock").refused(404, "not_found")
	w.as("sandbox").post("/v1/sandbox/clock", map[string]any{"advance": "1h"}).refused(404, "not_found")
}

func TestHealthAndReadiness(t *testing.T) {
	w := newWorld(t)
	w.nobody().get("/healthz").is(200)
	w.nobody().get("/readyz").is(200)
	w.ready = errors.New("store at 10.0.0.1 is down")
	a := w.nobody().get("/readyz").refused(503, "not_ready")
	if strings.Contains(string(a.body), "10.0.0.1") || a.header.Get("Retry-After") == "" {
		t.Errorf("answered %s %v", a.body, a.header)
	}
	w.nobody().get("/healthz").is(200)
}

func TestReadinessSaysWhatAGatewayDoesInItsCluster(t *testing.T) {
	for name, c := range map[string]struct {
		standing func() api.Standing
		want     string
	}{
		"alone":        {nil, `{"status":"ok"}`},
		"without lane": {func() api.Standing { return api.Standing{Role: api.StandingRoleFollower, Lanes: []int{}} }, `{"cluster":{"lanes":[],"role":"follower","slot":0},"status":"ok"}`},
		"leader": {func() api.Standing { return api.Standing{Slot: 7, Role: api.StandingRoleLeader, Lanes: []int{0, 2}} },
			`{"cluster":{"lanes":[0,2],"role":"leader","slot":7},"status":"ok"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *api.Options) { o.Standing = c.standing })
			if a := w.nobody().get("/readyz").is(200); string(a.body) != c.want {
				t.Errorf("answered %s, want %s", a.body, c.want)
			}
			w.ready = errors.New("the lease ran out")
			w.nobody().get("/readyz").refused(503, "not_ready")
		})
	}
}

func TestMetricsNameRoutesAndNothingOfThem(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201).header.Get("Location")
	w.as("sky-app").get(path).is(200)
	a := w.nobody().get("/metrics").is(200)
	if text := string(a.body); !strings.Contains(text, `pointgrid_http_request_duration_seconds_count{method="GET",route="/v1/quotes/:id",status="200"} 1`) || strings.Contains(text, path) {
		t.Errorf("metrics are %s", text)
	}
}

func TestDocumentsAndTheirPageAreServed(t *testing.T) {
	w := newWorld(t)
	for path, media := range map[string]string{"/docs": "text/html; charset=utf-8", "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8", "/docs/swagger-ui.css": "text/css; charset=utf-8",
		"/docs/favicon-32x32.png": "image/png", "/openapi/exchange.yaml": "application/yaml", "/openapi/connector.yaml": "application/yaml"} {
		if a := w.nobody().get(path).is(200); a.header.Get("Content-Type") != media || len(a.body) == 0 {
			t.Errorf("%s is %q with %d bytes", path, a.header.Get("Content-Type"), len(a.body))
		}
	}
	w.nobody().get("/docs/nosuch.js").refused(404, "not_found")
	w.nobody().get("/openapi/nosuch.yaml").refused(404, "not_found")
}

func TestAnswersCarrySecurityHeaders(t *testing.T) {
	w := newWorld(t)
	for _, a := range []*answer{w.as("sky-app").get("/v1/programmes"), w.nobody().get("/v1/programmes"), w.nobody().get("/nowhere")} {
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%d: %s is %q", a.status, name, got)
			}
		}
	}
}

func TestTheLogNamesClientsAndNoSecrets(t *testing.T) {
	w := newWorld(t)
	c := w.as("sky-app")
	c.convert("key-that-is-private", in(w.link("sky"), "3000"), "X-Request-Id", "req-42").is(201)
	log := w.log.String()
	if !strings.Contains(log, `"request_id":"req-42"`) || !strings.Contains(log, `"client":"sky-app"`) || !strings.Contains(log, `"route":"/v1/conversions"`) {
		t.Errorf("log is %s", log)
	}
	if strings.Contains(log, c.token) || strings.Contains(log, "key-that-is-private") {
		t.Error("the log has secrets")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*api.Options){
		"no exchange":           func(o *api.Options) { o.Exchange = nil },
		"no answers":            func(o *api.Options) { o.Answers = nil },
		"no clock":              func(o *api.Options) { o.Now = nil },
		"no issuer":             func(o *api.Options) { o.Issuer = "" },
		"an issuer with a path": func(o *api.Options) { o.Issuer = "https://x.example/" },
		"a strange issuer":      func(o *api.Options) { o.Issuer = "ftp://x.example" },
		"no key":                func(o *api.Options) { o.Keys = nil },
		"metrics of another":    func(*api.Options) {}, // registered twice
	} {
		o := w.options
		change(&o)
		if _, err := api.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
