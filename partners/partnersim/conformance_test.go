package partnersim_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// recorder passes requests on and checks all traffic against connector.yaml:
// what the host accepts must be what the document describes, and all that it
// answers.
type recorder struct {
	t      *testing.T
	router routers.Router
	mu     sync.Mutex
	seen   map[string]int // answers by operation
}

func newRecorder(t *testing.T, base string) *recorder {
	t.Helper()
	raw, err := openapi.Document(openapi.Connector)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: base}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &recorder{t: t, router: router, seen: map[string]int{}}
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var sent []byte
	if request.Body != nil {
		var err error
		if sent, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(sent))
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(got))
	r.check(request, sent, answer, got)
	return answer, nil
}

func (r *recorder) check(request *http.Request, sent []byte, answer *http.Response, got []byte) {
	route, params, err := r.router.FindRoute(request)
	if err != nil {
		if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed {
			r.t.Errorf("%s %s is not in the document and was answered with %d", request.Method, request.URL.Path, answer.StatusCode)
		}
		return
	}
	copied := request.Clone(r.t.Context())
	copied.Body = io.NopCloser(bytes.NewReader(sent))
	input := &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route}
	what := route.Operation.OperationID + " " + answer.Status
	if err := openapi3filter.ValidateRequest(r.t.Context(), input); err != nil && answer.StatusCode == http.StatusOK {
		r.t.Errorf("%s: the host did what the document forbids: %v\n%s", what, err, sent)
	}
	response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	response.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(r.t.Context(), response); err != nil {
		r.t.Errorf("%s: the answer is not as the document says: %v\n%.300s", what, err, got)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[route.Operation.OperationID]++
}

func TestTheHostConformsToTheContract(t *testing.T) {
	host := start(t, nil)
	for membership, status := range map[string]connector.MemberStatus{"GONE-1": connector.MemberClosed, "STOP-1": connector.MemberBlocked} {
		if err := host.OpenMember(membership, status, 500); err != nil {
			t.Fatal(err)
		}
	}
	recorder := newRecorder(t, host.url)
	target := conformance.Target{
		BaseURL: host.url, KeyID: keyID, Key: host.key, Clock: time.Now,
		Programme: "SKY", Membership: "SKY-000001", Balance: 1000, Closed: "GONE-1", Blocked: "STOP-1",
		Transport: recorder,
	}
	conformance.Run(t, target)
	for _, operation := range []string{"validateMember", "debit", "credit", "reverse", "transferStatus", "reversalStatus", "statement"} {
		if recorder.seen[operation] == 0 {
			t.Errorf("%s was never called", operation)
		}
	}
	if err := host.Audit(); err != nil {
		t.Error(err)
	}
}

func TestTheHostConformsBehindAPrefixAndAnotherName(t *testing.T) {
	host := start(t, func(o *partnersim.Options) { o.Authority, o.PathPrefix = "loyalty.example", "/pointgrid" })
	behind, err := url.Parse(host.url)
	if err != nil {
		t.Fatal(err)
	}
	conformance.Run(t, conformance.Target{
		BaseURL: "http://loyalty.example/pointgrid", KeyID: keyID, Key: host.key, Clock: time.Now,
		Programme: "SKY", Membership: "SKY-000001", Balance: 1000, Transport: proxy{behind.Host},
	})
}

// proxy is a reverse proxy that changes host and path, as those that end TLS do.
type proxy struct{ host string }

// RoundTrip implements http.RoundTripper.
func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.Host, inner.URL.Host = p.host, p.host
	inner.URL.Path = strings.TrimPrefix(r.URL.Path, "/pointgrid")
	return http.DefaultTransport.RoundTrip(inner)
}
