package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/rand"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/openapi"
)

// document is the OpenAPI document with its routes.
type document struct {
	*openapi3.T
	router routers.Router
}

var loadDocument = sync.OnceValues(func() (*document, error) {
	raw, err := openapi.Document(openapi.Exchange)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // every host will do
	router, err := legacy.NewRouter(doc)
	return &document{doc, router}, err
})

// answer is an answer that was found to be one that the document describes.
type answer struct {
	t      testing.TB
	head   bool // to a HEAD: a problem is not shown
	status int
	header http.Header
	body   []byte
}

// caller is a client of the API with its access token.
type caller struct {
	w     *world
	id    string
	token string
}

// as returns a client with a token of all its scopes, from the real endpoint.
func (w *world) as(id string) *caller {
	w.t.Helper()
	c, ok := w.client[id]
	if !ok {
		c = &caller{w: w, id: id}
		c.token = w.tokenFor(id, "")
		w.client[id] = c
	}
	return c
}

func (w *world) assertion(id string, change func(jwt.MapClaims)) string {
	w.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": id, "sub": id, "aud": w.options.Issuer + "/oauth2/token", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text()}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	token.Header["kid"] = cmp.Or(w.kids[id], "key-of-"+id)
	signed, err := token.SignedString(w.keys[id])
	must(w.t, err)
	return signed
}

func (w *world) tokenFor(id, scope string) string {
	w.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {w.assertion(id, nil)}, "scope": {scope},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	a := w.nobody().do("POST", "/oauth2/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	a.is(200)
	return a.text("access_token")
}

// nobody is a caller without a token.
func (w *world) nobody() *caller { return &caller{w: w} }

func (w *world) bearing(token string) *caller { return &caller{w: w, token: token} }

func (c *caller) get(path string, header ...string) *answer {
	c.w.t.Helper()
	return c.do("GET", path, "", header...)
}

// post sends JSON; a body that is not a string is encoded.
func (c *caller) post(path string, body any, header ...string) *answer {
	c.w.t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		must(c.w.t, err)
		text = string(b)
	}
	return c.do("POST", path, text, append([]string{"Content-Type", "application/json"}, header...)...)
}

// do sends a request and holds the answer to the document.
func (c *caller) do(method, path, body string, header ...string) *answer {
	c.w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.w.url+path, strings.NewReader(body))
	must(c.w.t, err)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return c.send(r)
}

func (c *caller) send(r *http.Request) *answer {
	c.w.t.Helper()
	got, err := http.DefaultTransport.RoundTrip(r)
	must(c.w.t, err)
	defer func() { _ = got.Body.Close() }()
	b, err := io.ReadAll(got.Body)
	must(c.w.t, err)
	a := &answer{t: c.w.t, head: r.Method == http.MethodHead, status: got.StatusCode, header: got.Header, body: b}
	a.conforms(r)
	return a
}

// conforms holds an answer to the document: its status, headers, body, and the
// code of a problem.
func (a *answer) conforms(r *http.Request) {
	a.t.Helper()
	doc, err := loadDocument()
	must(a.t, err)
	route, parameters, err := doc.router.FindRoute(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/") { // which the document's router takes for the path without
		if a.status != 404 && a.status != 405 {
			a.t.Errorf("%s %s: answered %d, and the document does not have it", r.Method, r.URL.Path, a.status)
		}
		return
	}
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	bare := r.Method == http.MethodHead || media != "application/json" && media != "application/problem+json"
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: bare},
	})
	if err != nil {
		a.t.Errorf("%s %s: answer %d is not as described: %v\n%s", r.Method, r.URL.Path, a.status, err, a.body)
	}
	if media == "application/problem+json" && !bare {
		a.hasKnownCode(r, route.Operation)
	}
}

func (a *answer) hasKnownCode(r *http.Request, op *openapi3.Operation) {
	a.t.Helper()
	response := op.Responses.Status(a.status)
	if response == nil {
		return // reported already
	}
	listed, _ := response.Value.Extensions["x-codes"].([]any)
	if !slices.Contains(listed, any(a.text("code"))) {
		a.t.Errorf("%s %s: %d has the code %q, the document lists %v", r.Method, r.URL.Path, a.status, a.text("code"), listed)
	}
}

func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// refused checks the status and code of a problem.
func (a *answer) refused(status int, code string) *answer {
	a.t.Helper()
	if a.head {
		return a.is(status)
	}
	if a.status != status || a.text("code") != code {
		a.t.Fatalf("answered %d %s, want %d %s: %s", a.status, a.text("code"), status, code, a.body)
	}
	return a
}

// invalid checks that the places are those that are wrong, and no others.
func (a *answer) invalid(places ...string) *answer {
	a.t.Helper()
	a.refused(400, "invalid_request")
	var got []string
	for _, f := range a.at("errors").([]any) {
		field := f.(map[string]any)
		for _, kind := range []string{"pointer", "parameter", "header"} {
			if name, ok := field[kind]; ok {
				got = append(got, name.(string)+" "+field["code"].(string))
			}
		}
	}
	if !slices.Equal(got, places) {
		a.t.Errorf("names %q, want %q", got, places)
	}
	return a
}

// at returns what stands at a path of names and indexes with points between.
func (a *answer) at(path string) any {
	a.t.Helper()
	var v any
	must(a.t, json.Unmarshal(a.body, &v))
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(in) {
				return nil
			}
			v = in[i]
		}
	}
	return v
}

func (a *answer) text(path string) string {
	a.t.Helper()
	s, _ := a.at(path).(string)
	return s
}

func (a *answer) count(path string) int {
	a.t.Helper()
	list, _ := a.at(path).([]any)
	return len(list)
}
