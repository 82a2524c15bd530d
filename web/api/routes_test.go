package api

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/partners"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	raw, err := openapi.Document(openapi.Exchange)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func served(t *testing.T) map[string]operation {
	t.Helper()
	f, err := newForms()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]operation{}
	parameter := regexp.MustCompile(`:([a-z_]+)`)
	for _, op := range (&API{forms: f, o: Options{}}).operations() {
		all[op.method+" "+parameter.ReplaceAllString(op.path, "{$1}")] = op
	}
	return all
}

func TestEveryRouteIsDescribedAndEveryDescriptionServed(t *testing.T) {
	described := map[string]bool{}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	routes := served(t)
	for route := range described {
		if _, ok := routes[route]; !ok {
			t.Errorf("%s is described and not served", route)
		}
	}
	for route := range routes {
		if !described[route] {
			t.Errorf("%s is served and not described", route)
		}
	}
}

func TestEveryRouteAsksForTheScopeThatIsDescribed(t *testing.T) {
	routes := served(t)
	for path, item := range document(t).Paths.Map() {
		for method, described := range item.Operations() {
			op := routes[method+" "+path]
			if open := described.Security != nil && len(*described.Security) == 0; open != op.open {
				t.Errorf("%s %s: open is %t, the document says %t", method, path, op.open, open)
			}
			if op.open {
				continue
			}
			var want []string
			if op.scope != "" {
				want = []string{string(op.scope)}
			}
			if got := (*described.Security)[0]["accessToken"]; !slices.Equal(got, want) {
				t.Errorf("%s %s: asks for %v, the document says %v", method, path, want, got)
			}
		}
	}
}

// What is open is open on purpose.
func TestNothingUnderV1IsOpen(t *testing.T) {
	for route, op := range served(t) {
		if regexp.MustCompile(`^[A-Z]+ /v1/`).MatchString(route) && (op.open || op.plain != nil || op.scope == "" && op.path != "/v1/programmes") {
			t.Errorf("%s is open", route)
		}
	}
	if op := served(t)[http.MethodGet+" /v1/breaks"]; op.scope != partners.ScopeSettlements {
		t.Errorf("breaks ask for the scope %q", op.scope)
	}
}
