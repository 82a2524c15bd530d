package connector_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newClient(t testing.TB, url string, change func(*connector.Options)) *connector.Client {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner("test", private, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := connector.Options{
		BaseURL: url, Partner: "sky", Signer: signer, Attempts: 1,
		Clock: time.Now, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	c, err := connector.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func id(n byte) connector.ID { return connector.ID{15: n} }

func transfer(n byte) connector.Transfer {
	return connector.Transfer{ID: id(n), Membership: "SKY-1", Programme: "SKY", Amount: 5, OccurredAt: noon}
}

func reversal(n byte) connector.Reversal {
	return connector.Reversal{ID: id(n), TransferID: id(1), Amount: 5, OccurredAt: noon}
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func reply(status int, contentType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set(connector.RequestIDHeader, r.Header.Get(connector.RequestIDHeader))
		for i := 0; i < len(headers); i += 2 {
			if w.Header().Set(headers[i], headers[i+1]); headers[i+1] == "" {
				w.Header().Del(headers[i])
			}
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func answerTo(n byte, rest string) string {
	return fmt.Sprintf(`{"transfer_id":%q,%s}`, id(n), rest)
}

func problem(status int, code string) string {
	return fmt.Sprintf(`{"title":"t","status":%d,"code":%q,"detail":"d"}`, status, code)
}

func TestAnAnswerIsTakenOnlyIfItFollowsTheContract(t *testing.T) {
	const done = `"outcome":"done","reference":"D-1"`
	for _, c := range []struct {
		name        string
		status      int
		contentType string
		body        string
		headers     []string
		class       error // nil: answered
		code        connector.ProblemCode
	}{
		{"done", 200, "application/json", answerTo(1, done), nil, nil, ""},
		{"done, with charset", 200, "application/json; charset=utf-8", answerTo(1, done), nil, nil, ""},
		{"a field of a later version", 200, "application/json", answerTo(1, done+`,"tier":{"gold":true}`), nil, nil, ""},
		{"declined", 200, "application/json", answerTo(1, `"outcome":"declined","reference":"D-1","decline_code":"limit_exceeded"`), nil, nil, ""},
		{"another transfer", 200, "application/json", answerTo(2, done), nil, connector.ErrUnknown, ""},
		{"no transfer", 200, "application/json", `{` + done + `}`, nil, connector.ErrUnknown, ""},
		{"no outcome", 200, "application/json", answerTo(1, `"reference":"D-1"`), nil, connector.ErrUnknown, ""},
		{"an outcome of status", 200, "application/json", answerTo(1, `"outcome":"cancelled","reference":"D-1"`), nil, connector.ErrUnknown, ""},
		{"no reference", 200, "application/json", answerTo(1, `"outcome":"done"`), nil, connector.ErrUnknown, ""},
		{"a long reference", 200, "application/json", answerTo(1, `"outcome":"done","reference":"`+strings.Repeat("x", 65)+`"`), nil, connector.ErrUnknown, ""},
		{"done and a decline code", 200, "application/json", answerTo(1, done+`,"decline_code":"other"`), nil, connector.ErrUnknown, ""},
		{"declined without code", 200, "application/json", answerTo(1, `"outcome":"declined","reference":"D-1"`), nil, connector.ErrUnknown, ""},
		{"HTML", 200, "text/html", "<html>", nil, connector.ErrUnknown, ""},
		{"JSON called HTML", 200, "text/html", answerTo(1, done), nil, connector.ErrUnknown, ""},
		{"half an answer", 200, "application/json", answerTo(1, done)[:40], nil, connector.ErrUnknown, ""},
		{"two answers", 200, "application/json", answerTo(1, done) + answerTo(1, done), nil, connector.ErrUnknown, ""},
		{"a huge answer", 200, "application/json", answerTo(1, done+`,"x":"`+strings.Repeat("x", 70_000)+`"`), nil, connector.ErrUnknown, ""},
		{"201", 201, "application/json", answerTo(1, done), nil, connector.ErrUnknown, ""},
		{"a redirect", 307, "text/html", "", []string{"Location", "/elsewhere"}, connector.ErrUnknown, ""},
		{"invalid request", 400, "application/problem+json", problem(400, "invalid_request"), nil, connector.ErrRefused, connector.InvalidRequest},
		{"bad signature", 401, "application/problem+json", problem(401, "signature_invalid"), nil, connector.ErrRefused, connector.SignatureInvalid},
		{"unknown programme", 422, "application/problem+json", problem(422, "programme_unknown"), nil, connector.ErrRefused, connector.ProgrammeUnknown},
		{"conflict", 409, "application/problem+json", problem(409, "transfer_conflict"), nil, connector.ErrUnknown, connector.TransferConflict},
		{"a proxy's 403", 403, "text/html", "<html>", nil, connector.ErrUnknown, ""},
		{"a problem with another status", 400, "application/problem+json", problem(401, "signature_invalid"), nil, connector.ErrUnknown, ""},
		{"a problem of no known code", 400, "application/problem+json", problem(400, "whatever"), nil, connector.ErrUnknown, ""},
		{"too many requests", 429, "application/problem+json", problem(429, "too_many_requests"), nil, connector.ErrBusy, connector.TooManyRequests},
		{"a proxy's rate limit", 429, "text/plain", "slow down", []string{"Retry-After", "7"}, connector.ErrBusy, ""},
		{"a 429 that promises nothing", 429, "text/plain", "slow down", nil, connector.ErrUnknown, ""},
		{"unavailable, with promise", 503, "text/plain", "", []string{"Retry-After", "7"}, connector.ErrBusy, ""},
		{"unavailable, without promise", 503, "application/problem+json", problem(503, "unavailable"), nil, connector.ErrUnknown, connector.Unavailable},
		{"internal error", 500, "application/problem+json", problem(500, "internal_error"), nil, connector.ErrUnknown, connector.InternalError},
		{"bad gateway", 502, "text/html", "", nil, connector.ErrUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, serve(t, reply(c.status, c.contentType, c.body, c.headers...)), nil)
			_, err := client.Debit(t.Context(), transfer(1))
			checkClass(t, err, c.class)
			if got := connector.CodeOf(err); got != c.code {
				t.Errorf("code %q, want %q", got, c.code)
			}
		})
	}
}

func checkClass(t *testing.T, err, class error) {
	t.Helper()
	if class == nil {
		if err != nil {
			t.Fatalf("got %v, want an answer", err)
		}
		return
	}
	if !errors.Is(err, class) {
		t.Fatalf("got %v, want %v", err, class)
	}
	if connector.Unknown(err) != (class == connector.ErrUnknown) {
		t.Fatalf("Unknown says %t for %v", connector.Unknown(err), err)
	}
}

func TestADeclineCodeOfALaterVersionIsReadAsOther(t *testing.T) {
	client := newClient(t, serve(t, reply(200, "application/json",
		answerTo(1, `"outcome":"declined","reference":"D-1","decline_code":"not_on_sundays"`))), nil)
	a, err := client.Debit(t.Context(), transfer(1))
	if err != nil || a.Outcome != connector.Declined || a.DeclineCode != connector.DeclineOther {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestAReversalsAnswerMustNameBothIdentifiers(t *testing.T) {
	for body, class := range map[string]error{
		fmt.Sprintf(`{"reversal_id":%q,"transfer_id":%q,"outcome":"done","reference":"R","reversed_amount":"5"}`, id(9), id(1)): nil,
		fmt.Sprintf(`{"reversal_id":%q,"transfer_id":%q,"outcome":"done","reference":"R","reversed_amount":"5"}`, id(9), id(2)): connector.ErrUnknown,
		fmt.Sprintf(`{"reversal_id":%q,"transfer_id":%q,"outcome":"done","reference":"R","reversed_amount":"5"}`, id(8), id(1)): connector.ErrUnknown,
		fmt.Sprintf(`{"reversal_id":%q,"transfer_id":%q,"outcome":"done","reference":"R"}`, id(9), id(1)):                       connector.ErrUnknown,
		fmt.Sprintf(`{"reversal_id":%q,"transfer_id":%q,"outcome":"done","reference":"R","reversed_amount":5}`, id(9), id(1)):   connector.ErrUnknown,
	} {
		client := newClient(t, serve(t, reply(200, "application/json", body)), nil)
		a, err := client.Reverse(t.Context(), reversal(9))
		checkClass(t, err, class)
		if err == nil && a.ReversedAmount != 5 {
			t.Errorf("got %+v", a)
		}
	}
}

func TestStatusTellsNeverSeenFromAProxysNotFound(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		class                   error
	}{
		{"never seen", "application/problem+json", problem(404, "transfer_unknown"), nil},
		{"no such route", "application/problem+json", problem(404, "not_found"), connector.ErrRefused},
		{"a reversal", "application/problem+json", problem(404, "reversal_unknown"), connector.ErrUnknown},
		{"a proxy", "text/html", "not found", connector.ErrUnknown},
	} {
		client := newClient(t, serve(t, reply(404, c.contentType, c.body)), nil)
		s, err := client.Status(t.Context(), id(1))
		checkClass(t, err, c.class)
		if err == nil && s.Outcome != connector.NeverSeen {
			t.Errorf("%s: got %+v", c.name, s)
		}
	}
}

// The answer to another request can be read from a connection that was used
// before; of that, only what proves to be ours is believed.
func TestAnAnswerThatDoesNotProveWhoseItIsIsNotBelieved(t *testing.T) {
	const done = `"outcome":"done","reference":"D-1"`
	other := []string{connector.RequestIDHeader, "another"}
	silent := []string{connector.RequestIDHeader, ""}
	for _, c := range []struct {
		name        string
		status      int
		contentType string
		body        string
		id          []string
		used        error // on a connection that was used before
		fresh       error // on a new one
	}{
		{"an answer of another request", 200, "application/json", answerTo(1, done), other, connector.ErrUnknown, connector.ErrUnknown},
		{"an answer that names the transfer only", 200, "application/json", answerTo(1, done), silent, nil, nil},
		{"the answer to a reversal of the transfer", 200, "application/json", answerTo(1, done+`,"reversal_id":"x","reversed_amount":"0"`), silent, connector.ErrUnknown, connector.ErrUnknown},
		{"the status of the transfer", 200, "application/json", answerTo(1, done+`,"kind":"debit","amount":"5"`), silent, connector.ErrUnknown, connector.ErrUnknown},
		{"a problem of another request", 400, "application/problem+json", problem(400, "invalid_request"), other, connector.ErrUnknown, connector.ErrUnknown},
		{"a problem of nobody", 400, "application/problem+json", problem(400, "invalid_request"), silent, connector.ErrUnknown, connector.ErrRefused},
		{"a busy proxy", 503, "text/plain", "", append([]string{"Retry-After", "7"}, silent...), connector.ErrUnknown, connector.ErrBusy},
		{"the answer to a question", 404, "application/problem+json", problem(404, "transfer_unknown"), silent, connector.ErrUnknown, connector.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, serve(t, reply(c.status, c.contentType, c.body, c.id...)), nil)
			_, err := client.Debit(t.Context(), transfer(1))
			checkClass(t, err, c.fresh)

			client = newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/transfers/") { // the first use of the connection
					reply(404, "application/problem+json", problem(404, "transfer_unknown"))(w, r)
					return
				}
				reply(c.status, c.contentType, c.body, c.id...)(w, r)
			}), nil)
			if _, err := client.Status(t.Context(), id(2)); err != nil {
				t.Fatal(err)
			}
			_, err = client.Debit(t.Context(), transfer(1))
			checkClass(t, err, c.used)
		})
	}
}

func TestAStatusThatContradictsItselfIsUnknown(t *testing.T) {
	for name, body := range map[string]string{
		"no kind":                 answerTo(1, `"outcome":"done","amount":"5","reversed_amount":"0","reference":"D"`),
		"no amount":               answerTo(1, `"outcome":"done","kind":"debit","reversed_amount":"0","reference":"D"`),
		"more reversed than done": answerTo(1, `"outcome":"done","kind":"debit","amount":"5","reversed_amount":"6","reference":"D"`),
		"the answer to a debit":   answerTo(1, `"outcome":"done","reference":"D"`),
	} {
		client := newClient(t, serve(t, reply(200, "application/json", body)), nil)
		_, err := client.Status(t.Context(), id(1))
		if !errors.Is(err, connector.ErrUnknown) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAPartnerThatCannotBeReachedWasNotSentTo(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{
		"connection refused": "http://" + closed.Addr().String(),
		"no such name":       "http://nosuchhost.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, url, func(o *connector.Options) { o.Attempts = 2 })
			_, err := client.Debit(t.Context(), transfer(1))
			checkClass(t, err, connector.ErrNotSent)
		})
	}
}

func TestACallWhoseTimeIsOverIsNotSent(t *testing.T) {
	client := newClient(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the partner was called") }), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Debit(ctx, transfer(1))
	checkClass(t, err, connector.ErrNotSent)
}

func TestARequestThatWouldBreakTheContractIsNotSent(t *testing.T) {
	client := newClient(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the partner was called") }), nil)
	bad := transfer(1)
	bad.Amount = 0
	_, err := client.Debit(t.Context(), bad)
	checkClass(t, err, connector.ErrRefused)
	_, err = client.Validate(t.Context(), "two words", "SKY")
	checkClass(t, err, connector.ErrRefused)
	_, err = client.Status(t.Context(), connector.ID{})
	checkClass(t, err, connector.ErrRefused)
	if strings.Contains(err.Error(), "two words") {
		t.Error("the error names the membership")
	}
}

func TestAnUnknownOutcomeStaysUnknownWhateverFollows(t *testing.T) {
	for name, second := range map[string]http.HandlerFunc{
		"refused": reply(400, "application/problem+json", problem(400, "invalid_request")),
		"busy":    reply(503, "text/plain", "", "Retry-After", "7"),
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			client := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					panic(http.ErrAbortHandler) // the connection is cut
				}
				second(w, r)
			}), func(o *connector.Options) { o.Attempts = 2 })
			_, err := client.Debit(t.Context(), transfer(1))
			checkClass(t, err, connector.ErrUnknown)
			if n := calls.Load(); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

func TestAnUnknownOutcomeIsResolvedByARepeat(t *testing.T) {
	var calls atomic.Int64
	client := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		reply(200, "application/json", answerTo(1, `"outcome":"done","reference":"D-1"`))(w, r)
	}), func(o *connector.Options) { o.Attempts = 3 })
	a, err := client.Debit(t.Context(), transfer(1))
	if err != nil || a.Outcome != connector.Done {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestAConflictIsNotRepeated(t *testing.T) {
	var calls atomic.Int64
	client := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		reply(409, "application/problem+json", problem(409, "transfer_conflict"))(w, r)
	}), func(o *connector.Options) { o.Attempts = 3 })
	_, err := client.Debit(t.Context(), transfer(1))
	checkClass(t, err, connector.ErrUnknown)
	if n := calls.Load(); n != 1 {
		t.Fatalf("%d calls, want 1", n)
	}
}

// hangingHost holds every request until it is let go.
type hangingHost struct {
	url    string
	inside atomic.Int64
	letGo  func()
}

func newHangingHost(t *testing.T) *hangingHost {
	h, gate := &hangingHost{}, make(chan struct{})
	h.letGo = sync.OnceFunc(func() { close(gate) })
	h.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		h.inside.Add(1)
		<-gate
		reply(200, "application/json", answerTo(1, `"outcome":"done","reference":"D-1"`))(w, r)
	})
	t.Cleanup(h.letGo)
	return h
}

func TestAFullBulkheadRefusesAtOnce(t *testing.T) {
	host := newHangingHost(t)
	var waiting atomic.Int64
	client := newClient(t, host.url, func(o *connector.Options) {
		o.MaxInFlight, o.MaxQueue, o.Attempts = 2, 1, 3
		o.Clock = func() time.Time { waiting.Add(1); return noon }
	})
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() {
			if _, err := client.Debit(t.Context(), transfer(1)); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "two calls inside and one waiting", func() bool { return host.inside.Load() == 2 && waiting.Load() >= 3 })
	// The third caller may still be on its way into the queue, so try until full.
	until(t, "the queue to be full", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := client.Debit(ctx, transfer(1))
		return errors.Is(err, connector.ErrBusy) && errors.Is(err, connector.ErrNotSent) &&
			!connector.Unknown(err) && connector.RetryAfter(err) > 0
	})
	host.letGo()
	calls.Wait()
}

func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestTheBreakerOpensAfterFailuresAndClosesAgain(t *testing.T) {
	var broken atomic.Bool
	var calls atomic.Int64
	broken.Store(true)
	client := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if broken.Load() {
			w.WriteHeader(500)
			return
		}
		reply(200, "application/json", answerTo(1, `"outcome":"done","reference":"D-1"`))(w, r)
	}), func(o *connector.Options) {
		o.Breaker = connector.BreakerOptions{Failures: 3, OpenFor: 20 * time.Millisecond}
	})
	for range 3 {
		_, err := client.Debit(t.Context(), transfer(1))
		checkClass(t, err, connector.ErrUnknown)
	}
	_, err := client.Debit(t.Context(), transfer(1))
	checkClass(t, err, connector.ErrNotSent)
	if n := calls.Load(); n != 3 || connector.RetryAfter(err) == 0 {
		t.Fatalf("%d calls went out, want 3; come back after %s", n, connector.RetryAfter(err))
	}
	broken.Store(false)
	until(t, "the breaker to close", func() bool {
		_, err := client.Debit(t.Context(), transfer(1))
		return err == nil
	})
}

func TestDeclinesAndRefusalsDoNotOpenTheBreaker(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"declined": reply(200, "application/json", answerTo(1, `"outcome":"declined","reference":"D","decline_code":"other"`)),
		"refused":  reply(400, "application/problem+json", problem(400, "invalid_request")),
		"limited":  reply(429, "application/problem+json", problem(429, "too_many_requests")),
	} {
		client := newClient(t, serve(t, handler), func(o *connector.Options) { o.Breaker.Failures = 1 })
		for range 5 {
			if _, err := client.Debit(t.Context(), transfer(1)); errors.Is(err, connector.ErrNotSent) && !errors.Is(err, connector.ErrBusy) {
				t.Errorf("%s: the breaker opened: %v", name, err)
			}
		}
	}
}

func TestACallerThatLeavesDoesNotOpenTheBreaker(t *testing.T) {
	host := newHangingHost(t)
	client := newClient(t, host.url, func(o *connector.Options) { o.Breaker.Failures = 1 })
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		before := host.inside.Load()
		go func() {
			for host.inside.Load() == before {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		_, err := client.Debit(ctx, transfer(1))
		checkClass(t, err, connector.ErrUnknown)
	}
}

func TestEveryAttemptIsObserved(t *testing.T) {
	var seen []string
	client := newClient(t, serve(t, reply(500, "text/plain", "")), func(o *connector.Options) {
		o.Attempts = 2
		o.Observe = func(ob connector.Observation) {
			seen = append(seen, ob.Partner+" "+string(ob.Verb)+" "+string(ob.Result))
		}
	})
	if _, err := client.Credit(t.Context(), transfer(1)); err == nil {
		t.Fatal("answered")
	}
	if want := "sky credit unknown,sky credit unknown"; strings.Join(seen, ",") != want {
		t.Fatalf("got %v, want %s", seen, want)
	}
}

func TestAStatementIsBoundedInSizeAndSilence(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		fmt.Fprint(w, strings.Repeat("x", 100))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for name, change := range map[string]func(*connector.Options){
		"size":    func(o *connector.Options) { o.StatementBytesMax = 10 },
		"silence": func(o *connector.Options) { o.StatementStall = 20 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			body, err := newClient(t, url, change).Statement(t.Context(), noon)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if _, err := readStatement(body); err == nil {
				t.Fatal("the statement was read to its end")
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*connector.Options){
		"no partner":     func(o *connector.Options) { o.Partner = "" },
		"no signer":      func(o *connector.Options) { o.Signer = nil },
		"no clock":       func(o *connector.Options) { o.Clock = nil },
		"no scheme":      func(o *connector.Options) { o.BaseURL = "partner.example" },
		"another scheme": func(o *connector.Options) { o.BaseURL = "file:///etc" },
		"a query":        func(o *connector.Options) { o.BaseURL = "http://partner.example/?a=1" },
		"a user":         func(o *connector.Options) { o.BaseURL = "http://me:secret@partner.example/" },
		"negative":       func(o *connector.Options) { o.Timeout = -1 },
	} {
		o := connector.Options{
			BaseURL: "http://partner.example", Partner: "sky", Signer: &signature.Signer{},
			Clock: time.Now, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
		}
		change(&o)
		if _, err := connector.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
