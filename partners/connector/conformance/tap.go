package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// Exchange is a request that was sent and what came back, both cut to what a
// person reads.
type Exchange struct {
	Request string `json:"request"` // method and path
	Sent    string `json:"sent,omitempty"`
	Status  int    `json:"status,omitempty"` // 0: no answer
	Media   string `json:"media,omitempty"`
	Got     string `json:"got,omitempty"`
	Error   string `json:"error,omitempty"`
}

// statementBytesMax bounds a statement; the days that a run uses are short.
const statementBytesMax = 16 << 20

// tap carries all requests of a run. It keeps the latest exchange, holds every
// answer against connector.yaml, and sees whether it repeats the request's
// identifier; if it does not, it puts it there, so that one mistake is reported
// once and not by every rule.
type tap struct {
	base   http.RoundTripper
	router routers.Router
	clock  func() time.Time

	mu      sync.Mutex
	rule    string // under way
	last    *Exchange
	strange []string // answers that are not as the document says
	unnamed []string // answers that do not repeat the identifier
	slowest struct{ work, questions time.Duration }
}

// findingsMax bounds what is kept of one kind.
const findingsMax = 5

func newTap(base http.RoundTripper, url string, clock func() time.Time) (*tap, error) {
	if base == nil {
		base = transport()
	}
	raw, err := openapi.Document(openapi.Connector)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: url}}
	router, err := legacy.NewRouter(doc)
	return &tap{base: base, router: router, clock: clock}, err
}

// transport speaks HTTP/1.1, as the gateway does.
func transport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, Protocols: protocols,
	}
}

// CloseIdleConnections closes what is idle.
func (p *tap) CloseIdleConnections() {
	if c, ok := p.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// RoundTrip implements http.RoundTripper.
func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := drain(r.Body, statementBytesMax)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if r.Body != nil {
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	r.Header.Set("User-Agent", p.agent())
	x := &Exchange{Request: r.Method + " " + r.URL.EscapedPath(), Sent: clip(sent)}
	began := p.clock()
	answer, err := p.base.RoundTrip(r)
	if err != nil {
		x.Error = printable(err.Error())
		p.keep(x)
		return nil, err
	}
	limit := int64(connector.BodyBytesMax + 1)
	if strings.Contains(r.URL.Path, "/statements/") {
		limit = statementBytesMax
	}
	got, err := drain(answer.Body, limit)
	x.Status, x.Media, x.Got = answer.StatusCode, printable(answer.Header.Get("Content-Type")), clip(got)
	if err != nil {
		x.Error = printable(err.Error())
		p.keep(x)
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(got))
	p.keep(x)
	p.judge(r, sent, answer, got, p.clock().Sub(began))
	return answer, nil
}

// agent names the rule under way, so that the host's logs show it.
func (p *tap) agent() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "PointGrid-Conformance/1 (" + p.rule + ")"
}

// begin notes which rule is under way.
func (p *tap) begin(rule string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule, p.last = rule, nil
}

// drain reads a body up to a limit, and closes it.
func drain(body io.ReadCloser, limit int64) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	got, err := io.ReadAll(io.LimitReader(body, limit))
	return got, errors.Join(err, body.Close())
}

// clipBytes is how much of a body a person is shown.
const clipBytes = 600

func clip(body []byte) string {
	if len(body) <= clipBytes {
		return printable(string(body))
	}
	return printable(string(body[:clipBytes])) + fmt.Sprintf(" … (%d bytes or more)", len(body))
}

func (p *tap) keep(x *Exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = x
}

func (p *tap) latest() *Exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// judge looks at what no single rule looks at.
func (p *tap) judge(r *http.Request, sent []byte, answer *http.Response, got []byte, took time.Duration) {
	what := fmt.Sprintf("%s %s, answered with status %d", r.Method, r.URL.Path, answer.StatusCode)
	asked, named := r.Header.Get(connector.RequestIDHeader), answer.Header.Get(connector.RequestIDHeader)
	strange := p.compare(r, sent, answer, got)
	p.mu.Lock()
	defer p.mu.Unlock()
	if named != asked {
		p.unnamed = note(p.unnamed, fmt.Sprintf("%s: %s is %q, that of the request is %q", what, connector.RequestIDHeader, named, asked))
	}
	if named == "" {
		answer.Header.Set(connector.RequestIDHeader, asked)
	}
	if strange != "" {
		p.strange = note(p.strange, what+": "+strange)
	}
	slowest := &p.slowest.questions
	if r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, "/validate") {
		slowest = &p.slowest.work
	}
	*slowest = max(*slowest, took)
}

// note appends what is new, up to a bound.
func note(list []string, s string) []string {
	if len(list) >= findingsMax || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// compare says how an answer differs from what the document describes, or
// nothing. Routes and statuses that are not in the document are other rules'
// matter.
func (p *tap) compare(r *http.Request, sent []byte, answer *http.Response, got []byte) string {
	if depth(got) > depthMax {
		return fmt.Sprintf("the body is nested deeper than %d", depthMax)
	}
	route, params, err := p.router.FindRoute(r)
	if err != nil {
		return ""
	}
	copied := r.Clone(context.WithoutCancel(r.Context()))
	copied.Body = io.NopCloser(bytes.NewReader(sent))
	header := answer.Header.Clone()
	header.Set(connector.RequestIDHeader, r.Header.Get(connector.RequestIDHeader))
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route},
		Status:                 answer.StatusCode, Header: header,
	}
	response.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(copied.Context(), response); err != nil {
		return short(err)
	}
	return ""
}

// depthMax bounds what is compared with a schema; the contract's answers are flat.
const depthMax = 32

// depth is how deep brackets are nested, those in texts counted too.
func depth(body []byte) (deepest int) {
	at := 0
	for _, c := range body {
		switch c {
		case '{', '[':
			at++
			deepest = max(deepest, at)
		case '}', ']':
			at--
		}
	}
	return deepest
}

// short is the first line of an error, without the schema that follows.
func short(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return printable(first)
}
