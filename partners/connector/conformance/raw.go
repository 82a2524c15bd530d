package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// raw is a request that may break the contract, which the client would not send.
type raw struct {
	what         string // in words, for the report
	method, path string
	body         []byte
	media        string // default application/json
	signer       connector.RequestSigner
	spoil        func(r *http.Request) // after signing
	sentBody     []byte                // if another than the signed one
}

// words says what the request is.
func (q *raw) words() string {
	if q.what != "" {
		return q.what
	}
	return q.method + " " + q.path
}

// newRequest signs a raw request.
func (s *suite) newRequest(t *trial, ctx context.Context, q raw) *http.Request {
	r, err := http.NewRequestWithContext(ctx, q.method, strings.TrimSuffix(s.BaseURL, "/")+q.path, nil)
	if err != nil {
		t.Fatalf("%s could not be made: %v", q.words(), err)
	}
	r.Header.Set(connector.RequestIDHeader, newID().String())
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
		t.Fatalf("%s could not be signed: %v", q.words(), err)
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
	return r
}

// send sends a raw request and returns the status and the problem in the answer,
// if it is one.
func (s *suite) send(t *trial, q raw) (status int, p connector.Problem, body []byte) {
	answer, err := s.http.Do(s.newRequest(t, t.Context(), q))
	if err != nil {
		t.Fatalf("%s was sent, and %s", q.words(), plain(err))
	}
	defer answer.Body.Close() // what the tap has read
	if body, err = io.ReadAll(answer.Body); err != nil {
		t.Fatalf("%s was sent, and %s", q.words(), plain(err))
	}
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err == nil && media == connector.MediaProblem && json.Unmarshal(body, &p) != nil {
		t.Fatalf("%s was answered with a problem that is not JSON", q.words())
	}
	return answer.StatusCode, p, body
}

// wantRefusal sends a raw request and notes an error unless it gets the problem.
func (s *suite) wantRefusal(t *trial, q raw, code connector.ProblemCode) connector.Problem {
	status, p, _ := s.send(t, q)
	switch {
	case p.Code == "" && status == code.HTTPStatus():
		t.Errorf("%s was answered with status %d, which is right, but without a problem document of code %s", q.words(), status, code)
	case status != code.HTTPStatus() || p.Code != code:
		t.Errorf("%s must be refused with status %d, problem %s; it was answered with status %d%s", q.words(), code.HTTPStatus(), code, status, codeWords(p))
	case p.Status != status:
		t.Errorf("%s was answered with status %d, and the problem says status %d", q.words(), status, p.Status)
	}
	return p
}

func codeWords(p connector.Problem) string {
	if p.Code == "" {
		return ""
	}
	return ", problem " + string(p.Code)
}

// debitOf is the raw request of a debit.
func debitOf(tr connector.Transfer) raw {
	return raw{method: http.MethodPost, path: "/debits", body: connector.EncodeTransfer(tr)}
}

// wantRead sends a raw request and fails the rule unless it is answered.
func (s *suite) wantRead(t *trial, q raw) []byte {
	status, p, body := s.send(t, q)
	if status != http.StatusOK {
		t.Fatalf("%s must be answered with status 200, and was with %d%s", q.words(), status, codeWords(p))
	}
	return body
}
