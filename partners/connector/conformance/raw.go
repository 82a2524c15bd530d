package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// raw is a request that may break the contract, which the client would not send.
type raw struct {
	method, path string
	body         []byte
	media        string // default application/json
	signer       connector.RequestSigner
	spoil        func(r *http.Request) // after signing
	sentBody     []byte                // if another than the signed one
}

// send sends a raw request and returns the status and the problem in the answer,
// if it is one.
func (s *suite) send(t testing.TB, q raw) (status int, p connector.Problem, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, strings.TrimSuffix(s.BaseURL, "/")+q.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	requestID := newID(t).String()
	r.Header.Set(connector.RequestIDHeader, requestID)
	if q.body != nil {
		r.Header.Set("Content-Type", connector.MediaJSON)
	}
	if q.media != "" {
		r.Header.Set("Content-Type", q.media)
	}
	if q.signer == nil {
		q.signer = s.signer
	}
	if err := q.signer.Sign(r, q.body); err != nil {
		t.Fatal(err)
	}
	if q.sentBody == nil {
		q.sentBody = q.body
	}
	if q.sentBody != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(q.sentBody)), int64(len(q.sentBody))
	}
	if q.spoil != nil {
		q.spoil(r)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	defer answer.Body.Close()
	if got := answer.Header.Get(connector.RequestIDHeader); got != requestID {
		t.Errorf("%s %s: the answer's %s is %q, want that of the request, %q", q.method, q.path, connector.RequestIDHeader, got, requestID)
	}
	if body, err = io.ReadAll(io.LimitReader(answer.Body, connector.BodyBytesMax)); err != nil {
		t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && media == connector.MediaProblem {
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatalf("%s %s: the problem is not JSON: %v", q.method, q.path, err)
		}
	}
	return answer.StatusCode, p, body
}

// wantRefusal sends a raw request and fails the test unless it gets the problem.
func (s *suite) wantRefusal(t testing.TB, q raw, code connector.ProblemCode) connector.Problem {
	t.Helper()
	status, p, body := s.send(t, q)
	if status != code.HTTPStatus() || p.Code != code || p.Status != status {
		t.Fatalf("%s %s: got status %d, %.200s\nwant status %d, problem %s", q.method, q.path, status, body, code.HTTPStatus(), code)
	}
	return p
}

// debitOf is the raw request of a debit.
func debitOf(tr connector.Transfer) raw {
	return raw{method: http.MethodPost, path: "/debits", body: connector.EncodeTransfer(tr)}
}
