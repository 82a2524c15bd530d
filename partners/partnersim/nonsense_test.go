package partnersim_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// nonsense are hosts that are none, and a word of what the kit must say.
var nonsense = map[string]struct {
	answer http.HandlerFunc
	says   string
}{
	"an HTML page":                       {page(200, "text/html", "<html>It works!</html>"), `"text/html", must be application/json`},
	"an HTML error page":                 {page(502, "text/html", "<html>Bad Gateway</html>"), "status 502"},
	"a login page":                       {page(302, "text/html", ""), "status 302"},
	"text called JSON":                   {page(200, "application/json", "hello"), "not the JSON of a member"},
	"nothing":                            {page(200, "application/json", ""), "not the JSON of a member"},
	"null":                               {page(200, "application/json", "null"), "it is not a JSON object"},
	"a list":                             {page(200, "application/json", "[]"), "not the JSON of a member"},
	"a number for a text":                {page(200, "application/json", `{"membership":5,"status":{}}`), "not the JSON of a member"},
	"another's answer":                   {page(200, "application/json", `{"membership":"X","status":"active"}`), "not the one that was asked about"},
	"a status of its own":                {page(200, "application/json", `{"membership":"SKY-000001","status":"gold"}`), "not one of the contract"},
	"JSON 10,000 deep":                   {page(200, "application/json", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)), "not the JSON of a member"},
	"objects 10,000 deep":                {page(200, "application/json", strings.Repeat(`{"a":`, 10_000)+"1"+strings.Repeat("}", 10_000)), "not the one that was asked about"},
	"a cut object":                       {page(200, "application/json", `{"membership":"SKY-000001",`), "not the JSON of a member"},
	"no UTF-8 and a terminal's commands": {page(500, "application/problem+json", "\xff\x1b[2J\x00"), "status 500"},
	"a body without end": {func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for chunk := []byte(strings.Repeat(" ", 1<<16)); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}, "more than 65536 bytes"},
	"a body that drips": {func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond) // as a slow line does
		}
	}, "no answer in time"},
	"no answer at all": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
	"a connection cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	"a length that lies": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
	}, "EOF"},
	"headers without end": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Filler", strings.Repeat("x", 1<<20)) }, "header"},
}

func page(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set(connector.RequestIDHeader, r.Header.Get(connector.RequestIDHeader))
		w.Header().Set("Location", "/login")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// reading reads the request first: only then does package http see that the
// caller has left.
func reading(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	})
}

func TestAHostThatIsNoneGetsAClearWord(t *testing.T) {
	for name, host := range nonsense {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(reading(host.answer))
			t.Cleanup(server.Close)
			wantFirstWord(t, nonsenseTarget(t, server.URL), host.says)
		})
	}
}

func TestAnAddressWithoutAHostGetsAClearWord(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + silent.Addr().String()
	if err := silent.Close(); err != nil {
		t.Fatal(err)
	}
	wantFirstWord(t, nonsenseTarget(t, nobody), "connection refused")
	wantFirstWord(t, nonsenseTarget(t, gibberish(t)), "malformed HTTP")
	plain := httptest.NewServer(page(200, "text/html", ""))
	t.Cleanup(plain.Close)
	wantFirstWord(t, nonsenseTarget(t, strings.Replace(plain.URL, "http:", "https:", 1)), "does not speak TLS")
}

// gibberish listens and answers what is no HTTP.
func gibberish(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096)) // the request, so that this is its answer
			_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func nonsenseTarget(t *testing.T, url string) conformance.Target {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return conformance.Target{BaseURL: url, KeyID: keyID, Key: key, Clock: time.Now, Programme: "SKY", Membership: "SKY-000001",
		Balance: 1000, Timeout: 300 * time.Millisecond, RuleTime: 2 * time.Second}
}

// wantFirstWord fails the test unless the first rule fails with that word, what
// depends on it is not run, and the run ends.
func wantFirstWord(t *testing.T, target conformance.Target, says string) {
	t.Helper()
	began := time.Now()
	report, err := conformance.Check(t.Context(), target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	first := report.Results[0]
	if first.Verdict != conformance.Failed || report.Conforms || report.Counts.Passed != 0 {
		t.Fatalf("came out %s, %+v", first.Verdict, report.Counts)
	}
	if text := first.Problems[0].Text; !strings.Contains(text, says) {
		t.Errorf("the kit says %q, must say %q", text, says)
	}
	var shown strings.Builder
	if err := conformance.WriteResult(&shown, first); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(shown.String(), "\x1b\x00") {
		t.Errorf("what the host answered writes to the terminal: %q", shown.String())
	}
}

// For each fault of the simulation on all debits: what the kit says of it.
func TestEachFaultOfAHostGetsAClearWord(t *testing.T) {
	for kind, says := range map[partnersim.FaultKind]string{
		partnersim.FaultHang: "no answer in time", partnersim.FaultAnswerLate: "no answer in time",
		partnersim.FaultLoseAnswer: "EOF", partnersim.FaultDown: "EOF", partnersim.FaultError: "internal_error",
		partnersim.FaultBusy: "unavailable", partnersim.FaultDecline: "declined (other)", partnersim.FaultNonsense: "not the JSON of an answer",
		partnersim.FaultAnswerTwice: "",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			host := start(t, nil)
			host.set(t, partnersim.Fault{Verb: connector.VerbDebit, Kind: kind, Delay: 5 * time.Second})
			target := nonsenseTarget(t, host.url)
			target.Key = host.key
			if kind == partnersim.FaultAnswerTwice {
				target.Only = []string{"CN-MEMBER"}
			}
			report, err := conformance.Check(t.Context(), target, nil)
			if err != nil {
				t.Fatal(err)
			}
			if kind == partnersim.FaultAnswerTwice { // on a connection that is then used again
				if report.Conforms {
					t.Error("a host that answers twice conforms")
				}
				return
			}
			if r := report.Results[1]; r.Verdict != conformance.Failed || !strings.Contains(r.Problems[0].Text, says) {
				t.Errorf("came out as %s %+v, must say %q", r.Verdict, r.Problems, says)
			}
		})
	}
}

func TestACheckEndsWhenItsCallerLeaves(t *testing.T) {
	server := httptest.NewServer(reading(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	target := nonsenseTarget(t, server.URL)
	target.Timeout, target.RuleTime = time.Hour, time.Hour
	ctx, stop := withTimeout(t, 100*time.Millisecond)
	defer stop()
	report, err := conformance.Check(ctx, target, nil)
	if err != nil || report.Conforms || report.Counts.NotRun == 0 {
		t.Errorf("came out as %+v, %v", report.Counts, err)
	}
}

func TestATargetThatCannotBeUsedIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*conformance.Target){
		"no programme":  func(x *conformance.Target) { x.Programme = "sky" },
		"no member":     func(x *conformance.Target) { x.Membership = "" },
		"few points":    func(x *conformance.Target) { x.Balance = 10 },
		"no URL":        func(x *conformance.Target) { x.BaseURL = "://" },
		"a query":       func(x *conformance.Target) { x.BaseURL += "/?a=b" },
		"no key":        func(x *conformance.Target) { x.Key = nil },
		"an empty rule": func(x *conformance.Target) { x.Only = []string{"CN-NOSUCH"} },
	} {
		target := nonsenseTarget(t, "http://127.0.0.1:1")
		spoil(&target)
		if _, err := conformance.Check(t.Context(), target, nil); err == nil {
			t.Errorf("%s: was checked", name)
		}
	}
}

func TestAReportIsReadAsItWasWritten(t *testing.T) {
	report, err := conformance.Check(t.Context(), nonsenseTarget(t, "http://127.0.0.1:1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	again, err := conformance.ReadReport(strings.NewReader(text.String()))
	if err != nil || fmt.Sprint(again.Counts, again.Results[0].Says) != fmt.Sprint(report.Counts, report.Results[0].Says) {
		t.Errorf("read %+v, %v", again, err)
	}
	for _, bad := range []string{"", "{}", "null", `{"format":2}`, strings.Replace(text.String(), `"failed": 1`, `"failed": 0`, 1),
		strings.Replace(text.String(), `"verdict": "failed"`, `"verdict": "fine"`, 1), strings.Repeat(" ", conformance.ReportBytesMax+1)} {
		if _, err := conformance.ReadReport(strings.NewReader(bad)); err == nil {
			t.Errorf("read %.40s", bad)
		}
	}
}
