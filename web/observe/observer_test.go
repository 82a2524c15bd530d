package observe_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/web/observe"
)

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) lines(t *testing.T) (all []map[string]any) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range strings.Split(strings.TrimSpace(j.b.String()), "\n") {
		if line == "" {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

type house struct {
	url      string
	log      *journal
	registry *prometheus.Registry
	seen     chan observe.Record
}

func newHouse(t *testing.T, every int) *house {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	h := &house{log: &journal{}, registry: prometheus.NewRegistry(), seen: make(chan observe.Record, 100)}
	w, err := observe.New(observe.Options{Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry,
		Now: time.Now, Random: rand.Reader, LogEvery: every})
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.Use(w.Watch)
	engine.GET("/things/:id", func(c *gin.Context) {
		r := observe.FromContext(c.Request.Context())
		r.Client = "sky-app"
		h.seen <- *r
		switch c.Param("id") {
		case "panic":
			panic("secret 42")
		case "late":
			c.String(200, "x")
			panic("after the answer")
		case "cut":
			panic(http.ErrAbortHandler)
		case "refused":
			c.Status(404)
		}
	})
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *house) get(t *testing.T, path string, header map[string]string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer
}

func TestAPlainRequestIDIsKeptAndAnyOtherReplaced(t *testing.T) {
	h := newHouse(t, 1)
	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	for sent, kept := range map[string]bool{"req-1_A.b": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		"a b": false, `a"b`: false, "点": false, "": false} {
		got := h.get(t, "/things/1", map[string]string{"X-Request-Id": sent}).Header.Get("X-Request-Id")
		if r := <-h.seen; r.RequestID != got {
			t.Errorf("handler saw %q, caller %q", r.RequestID, got)
		}
		if kept && got != sent || !kept && !made.MatchString(got) {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
}

func TestATraceIsContinuedWithASpanOfOurOwn(t *testing.T) {
	const came = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	h := newHouse(t, 1)
	cases := map[string]struct {
		sent      string
		continued bool
	}{
		"a good one":             {came, true},
		"of a later version":     {"01" + came[2:] + "-more", true},
		"none":                   {"", false},
		"of version ff":          {"ff" + came[2:], false},
		"with more in version 0": {came + "-more", false},
		"of a zero trace":        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		"of a zero span":         {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
		"in capitals":            {strings.ToUpper(came), false},
		"cut":                    {came[:54], false},
		"with other separators":  {strings.ReplaceAll(came, "-", "_"), false},
	}
	form := regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h.get(t, "/things/1", map[string]string{"traceparent": c.sent})
			got := (<-h.seen).TraceParent
			if !form.MatchString(got) {
				t.Fatalf("sends on %q", got)
			}
			same := got[3:35] == came[3:35] && strings.HasSuffix(got, "-01")
			if same != c.continued || strings.Contains(got, came[36:52]) {
				t.Errorf("sends on %q after %q", got, c.sent)
			}
		})
	}
}

func TestTheLogSaysWhatHappenedAndNothingPrivate(t *testing.T) {
	h := newHouse(t, 1)
	h.get(t, "/things/member-4711?token=secret", map[string]string{"Authorization": "Bearer secret"})
	line := h.log.lines(t)[0]
	if line["route"] != "/things/:id" || line["status"] != float64(200) || line["client"] != "sky-app" || line["request_id"] == "" || line["took"] == nil {
		t.Errorf("logged %v", line)
	}
	if s := h.log.b.String(); strings.Contains(s, "4711") || strings.Contains(s, "secret") {
		t.Errorf("logged too much: %s", s)
	}
}

func TestGoodRequestsAreLoggedOneInAFew(t *testing.T) {
	h := newHouse(t, 5)
	for range 10 {
		h.get(t, "/things/1", nil)
		h.get(t, "/things/refused", nil)
	}
	var good, bad int
	for _, line := range h.log.lines(t) {
		if line["status"] == float64(200) {
			good++
		} else {
			bad++
		}
	}
	if good != 2 || bad != 10 {
		t.Errorf("%d good and %d refused lines of 10 each, want 2 and 10", good, bad)
	}
}

func TestAPanicBecomesAnAnswer(t *testing.T) {
	h := newHouse(t, 1)
	answer := h.get(t, "/things/panic", nil)
	if answer.StatusCode != 500 || answer.Header.Get("Content-Type") != "application/problem+json" || answer.Header.Get("X-Request-Id") == "" {
		t.Errorf("answered %d %v", answer.StatusCode, answer.Header)
	}
	if answer := h.get(t, "/things/late", nil); answer.StatusCode != 200 {
		t.Errorf("an answer that was begun became %d", answer.StatusCode)
	}
	if _, err := http.Get(h.url + "/things/cut"); !errors.Is(err, io.EOF) {
		t.Errorf("a cut connection gave %v", err)
	}
}

func TestMetricsCountByPattern(t *testing.T) {
	h := newHouse(t, 1)
	h.get(t, "/things/1", nil)
	h.get(t, "/things/2", nil)
	h.get(t, "/nowhere/1", nil)
	h.get(t, "/nowhere/2", nil)
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "pointgrid_http_request_duration_seconds" && len(f.GetMetric()) != 2 {
			t.Errorf("%d series, want one per route and status", len(f.GetMetric()))
		}
	}
}

func TestOptionsAreNeeded(t *testing.T) {
	if _, err := observe.New(observe.Options{}); err == nil {
		t.Error("accepted none")
	}
}
