package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// said is what a partner's system answers, whatever it is asked.
type said struct {
	status           int
	media, retry, to string
	body             []byte
}

// RoundTrip implements http.RoundTripper. An answer to "" is to the request, one to "-"
// doesn't say to which.
func (s *said) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {s.media}}
	if s.retry != "" {
		header.Set("Retry-After", s.retry)
	}
	switch s.to {
	case "":
		header.Set(connector.RequestIDHeader, r.Header.Get(connector.RequestIDHeader))
	case "-":
	default:
		header.Set(connector.RequestIDHeader, s.to)
	}
	return &http.Response{StatusCode: s.status, Header: header, Body: io.NopCloser(strings.NewReader(string(s.body))), Request: r}, nil
}

// FuzzAnAnswerIsUnderstoodOrUnknown: whatever a partner's system answers to a call that
// may move points, it is understood as any other reader of JSON understands it, or the
// outcome is unknown; that nothing was done is concluded only from a problem, or from
// the words that one is to come back, of which it is certain whose answer they are.
func FuzzAnAnswerIsUnderstoodOrUnknown(f *testing.F) {
	const done, declined = `"outcome":"done","reference":"R-1"`, `"outcome":"declined","reference":"R-1","decline_code":"limit_exceeded","decline_detail":"too much"`
	for _, body := range []string{answerTo(1, done), answerTo(1, declined), answerTo(2, done), answerTo(1, done+`,"Outcome":"declined"`),
		answerTo(1, done+`,"outcome":"done"`), answerTo(1, `"OUTCOME":"done","reference":"R-1"`), answerTo(1, done+`,"more":{"outcome":"declined"}`),
		answerTo(1, done) + "{}", "", "null", "[]", `{"transfer_id":null}`, strings.Repeat("[", 20_000)} {
		f.Add(200, "application/json", "", "", []byte(body))
	}
	f.Add(409, connector.MediaProblem, "", "", []byte(`{"status":409,"code":"transfer_conflict","title":"Conflict"}`))
	f.Add(400, connector.MediaProblem, "", "", []byte(`{"status":400,"code":"invalid_request","title":"Bad Request","detail":"no"}`))
	f.Add(400, connector.MediaProblem, "", "-", []byte(`{"status":400,"code":"invalid_request","title":"Bad Request"}`))
	f.Add(503, "text/html", "7", "", []byte("<h1>later</h1>"))
	f.Add(429, "text/html", "Sun, 06 Nov 1994 08:49:37 GMT", "-", []byte(""))
	f.Add(200, "application/json; charset=utf-8", "", "another", []byte(answerTo(1, done)))
	f.Fuzz(func(t *testing.T, status int, media, retry, to string, body []byte) {
		s := &said{status: status, media: media, retry: retry, to: to, body: body}
		c := newClient(t, "http://127.0.0.1:1", func(o *connector.Options) { o.Transport = s })
		a, err := c.Debit(context.Background(), transfer(1))
		if err != nil {
			checkFailure(t, s, err)
			return
		}
		var others map[string]any // exact about names, takes the last of two
		if err := json.Unmarshal(body, &others); err != nil || status != http.StatusOK {
			t.Fatalf("%d %q was understood as %+v", status, body, a)
		}
		if others["outcome"] != string(a.Outcome) || others["reference"] != a.Reference || others["transfer_id"] != id(1).String() {
			t.Fatalf("%q is %+v to us, and %v to others", body, a, others)
		}
		if len(a.DeclineDetail) > connector.TextLengthMax || a.DeclineCode != "" && !a.DeclineCode.Known() || (a.DeclineCode == "") != (a.Outcome == connector.Done) {
			t.Fatalf("%q was understood as %+v", body, a)
		}
		s.media = connector.MediaJSON
		if s.body, err = connector.EncodeTransferAnswer(id(1), a); err != nil {
			t.Fatal(err)
		}
		if again, err := c.Debit(context.Background(), transfer(1)); err != nil || again != a {
			t.Fatalf("%+v, said again, is %+v, %v", a, again, err)
		}
	})
}

// checkFailure holds an error against the answer that it is about.
func checkFailure(t *testing.T, s *said, err error) {
	t.Helper()
	var e *connector.Error
	if !errors.As(err, &e) || e.Err == nil || len(err.Error()) > 8*connector.TextLengthMax {
		t.Fatalf("%q failed with %v", s.body, err)
	}
	if errors.Is(err, connector.ErrUnknown) {
		return
	}
	if s.to != "" || s.status < 400 || s.status == http.StatusConflict {
		t.Fatalf("%d to %q: nothing is said to be done: %v", s.status, s.to, err)
	}
	var p connector.Problem
	isProblem := json.Unmarshal(s.body, &p) == nil && p.Status == s.status
	if errors.Is(err, connector.ErrRefused) && !isProblem || errors.Is(err, connector.ErrBusy) && !isProblem && s.retry == "" {
		t.Fatalf("%d %q: nothing is said to be done: %v", s.status, s.body, err)
	}
}

// FuzzAStatusIsUnderstoodOrUnknown: so with the questions, whose answers decide whether
// a conversion is taken back.
func FuzzAStatusIsUnderstoodOrUnknown(f *testing.F) {
	const rest = `"kind":"debit","outcome":"done","amount":"5","reversed_amount":"0","reference":"R-1"`
	for _, body := range []string{answerTo(1, rest), answerTo(1, strings.Replace(rest, `"0"`, `"6"`, 1)), answerTo(1, rest+`,"Reversed_Amount":"5"`),
		answerTo(1, rest+`,"amount":"4"`), answerTo(1, `"outcome":"cancelled","reference":"R-1","reversed_amount":"0"`),
		answerTo(1, strings.Replace(rest, `"5"`, `"05"`, 1)), answerTo(1, strings.Replace(rest, `"5"`, `"9223372036854775808"`, 1)),
		`{"reversal_id":"` + id(2).String() + `","transfer_id":"` + id(1).String() + `","amount":"5","reversed_amount":"5","outcome":"done","reference":"R"}`} {
		f.Add(200, "application/json", "", []byte(body))
	}
	f.Add(404, connector.MediaProblem, "", []byte(`{"status":404,"code":"transfer_unknown","title":"Not Found"}`))
	f.Add(404, connector.MediaProblem, "-", []byte(`{"status":404,"code":"transfer_unknown","title":"Not Found"}`))
	f.Add(404, connector.MediaProblem, "", []byte(`{"status":404,"code":"not_found","title":"Not Found"}`))
	f.Fuzz(func(t *testing.T, status int, media, to string, body []byte) {
		s := &said{status: status, media: media, to: to, body: body}
		c := newClient(t, "http://127.0.0.1:1", func(o *connector.Options) { o.Transport = s })
		ctx := context.Background()
		got, err := c.Status(ctx, id(1))
		if err == nil {
			checkStatus(t, s, got.Outcome)
		}
		if err == nil && got.Outcome != connector.NeverSeen {
			s.media = connector.MediaJSON
			if s.body, err = connector.EncodeTransferStatus(id(1), got); err != nil {
				t.Fatal(err)
			}
			if again, err := c.Status(ctx, id(1)); err != nil || again != got {
				t.Fatalf("%+v, said again, is %+v, %v", got, again, err)
			}
			if got.ReversedAmount < 0 || got.Kind != "" && got.ReversedAmount > got.Amount {
				t.Fatalf("%q was understood as %+v", body, got)
			}
		}
		s.media, s.body = media, body
		if back, err := c.ReversalStatus(ctx, id(2)); err == nil {
			checkStatus(t, s, back.Outcome)
		}
		if member, err := c.Validate(ctx, "SKY-1", "SKY"); err == nil && !member.Known() {
			t.Fatalf("%q is a member who is %q", body, member)
		}
	})
}

func checkStatus(t *testing.T, s *said, outcome connector.Outcome) {
	t.Helper()
	if outcome == connector.NeverSeen {
		if s.to != "" || s.status != http.StatusNotFound {
			t.Fatalf("%d to %q: it was never seen", s.status, s.to)
		}
		return
	}
	var others map[string]any
	if err := json.Unmarshal(s.body, &others); err != nil || s.status != http.StatusOK || others["outcome"] != string(outcome) {
		t.Fatalf("%d %q was understood as %s, and as %v by others", s.status, s.body, outcome, others)
	}
}
