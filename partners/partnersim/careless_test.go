package partnersim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// careless stands in front of a good host and breaks one rule of the contract,
// while the kit checks that rule.
type careless struct {
	t      *testing.T
	host   http.Handler
	signer *signature.Signer
	rule   string
	misdo  func(*careless, *asked) *answered

	mu   sync.Mutex
	seen map[string]*answered // first answers, by path and identifier
}

func newCareless(t *testing.T, host *running, rule string, how func(*careless, *asked) *answered) string {
	t.Helper()
	c := &careless{t: t, host: host.Handler(), signer: host.signer(t), rule: rule, misdo: how, seen: map[string]*answered{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

// asked is a request with its body.
type asked struct {
	r      *http.Request
	body   []byte
	cut    bool // the body ended too early
	fields map[string]any
}

func (q *asked) field(name string) string { s, _ := q.fields[name].(string); return s }

// id is the identifier that makes the request a repeat.
func (q *asked) id() string {
	if id := q.field("reversal_id"); id != "" {
		return q.r.URL.Path + id
	}
	return q.r.URL.Path + q.field("transfer_id")
}

// answered is an answer before it is sent.
type answered struct {
	status int
	header http.Header
	body   []byte
}

func (a *answered) code() (p connector.Problem) {
	_ = json.Unmarshal(a.body, &p) // what is no problem has no code
	return p
}

// with changes a field of an answer.
func (a *answered) with(field string, value any) *answered {
	var fields map[string]any
	if json.Unmarshal(a.body, &fields) != nil {
		return a
	}
	if fields[field] = value; value == nil {
		delete(fields, field)
	}
	changed := *a
	changed.body, _ = json.Marshal(fields)
	return &changed
}

// done makes a decline look like what it is not.
func (a *answered) done() *answered {
	return a.with("outcome", "done").with("decline_code", nil).with("decline_detail", nil)
}

func (c *careless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	q := &asked{r: r, body: body, cut: err != nil}
	_ = json.Unmarshal(body, &q.fields) // what is no object has no fields
	var a *answered
	if strings.Contains(r.UserAgent(), c.rule) {
		a = c.misdo(c, q)
	} else {
		a = c.pass(q)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// pass lets the host answer.
func (c *careless) pass(q *asked) *answered { return c.serve(q.r, q.body) }

// as lets the host answer another request, well signed.
func (c *careless) as(q *asked, path string, body []byte) *answered {
	r := httptest.NewRequest(q.r.Method, path, nil)
	r.Host = q.r.Host
	r.Header.Set(connector.RequestIDHeader, q.r.Header.Get(connector.RequestIDHeader))
	if q.r.Method == http.MethodPost {
		r.Header.Set("Content-Type", connector.MediaJSON)
	} else {
		body = nil
	}
	if err := c.signer.Sign(r, body); err != nil {
		c.t.Error(err)
	}
	return c.serve(r, body)
}

func (c *careless) serve(r *http.Request, body []byte) *answered {
	inner := r.Clone(r.Context())
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	w := httptest.NewRecorder()
	c.host.ServeHTTP(w, inner)
	return &answered{w.Code, w.Header(), w.Body.Bytes()}
}

// fresh does the work under another identifier, and hides that.
func (c *careless) fresh(q *asked) *answered {
	field := "transfer_id"
	if q.field("reversal_id") != "" {
		field = "reversal_id"
	}
	other := newID(c.t).String()
	a := c.as(q, q.r.URL.Path, bytes.ReplaceAll(q.body, []byte(q.field(field)), []byte(other)))
	a.body = bytes.ReplaceAll(a.body, []byte(other), []byte(q.field(field)))
	return a
}

// extra moves points that nobody asked for.
func (c *careless) extra(q *asked, kind connector.Kind, amount int64, at time.Time) {
	body := connector.EncodeTransfer(connector.Transfer{ID: newID(c.t), Membership: "SKY-000001", Programme: "SKY", Amount: amount, OccurredAt: at})
	forced := *q
	forced.r = httptest.NewRequest(http.MethodPost, "/", nil)
	forced.r.Host = q.r.Host
	if a := c.as(&forced, "/"+string(kind)+"s", body); a.status != http.StatusOK {
		c.t.Errorf("the extra %s was answered %d %s", kind, a.status, a.body)
	}
}

// repeated reports whether a request came before, and what it was answered.
func (c *careless) repeated(q *asked, answer func() *answered) (first *answered, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, again = c.seen[q.id()]; !again {
		first = answer()
		c.seen[q.id()] = first
		return first, false
	}
	copied := *first
	copied.header = first.header.Clone()
	copied.header.Set(connector.RequestIDHeader, q.r.Header.Get(connector.RequestIDHeader))
	return &copied, again
}

// refused is a problem document.
func refused(q *asked, code connector.ProblemCode) *answered {
	body, _ := json.Marshal(connector.NewProblem(code, "careless"))
	return &answered{code.HTTPStatus(), http.Header{"Content-Type": {connector.MediaProblem},
		http.CanonicalHeaderKey(connector.RequestIDHeader): {q.r.Header.Get(connector.RequestIDHeader)}}, body}
}

// accepted is the answer of a debit or reversal that was done.
func accepted(q *asked) *answered {
	a := refused(q, connector.NotFound)
	a.status = http.StatusOK
	a.header.Set("Content-Type", connector.MediaJSON)
	id, err := connector.ParseID(q.field("transfer_id"))
	if err != nil {
		id = connector.ID{6: 0x40, 8: 0x80}
	}
	answer := connector.Answer{Outcome: connector.Done, Reference: "D-1"}
	a.body, _ = connector.EncodeTransferAnswer(id, answer)
	if q.r.URL.Path == "/reversals" {
		a.body, _ = connector.EncodeReversalAnswer(id, id, answer)
	}
	return a
}

func withTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
