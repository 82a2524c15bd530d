package api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/page"
)

func TestPagesAreServedBesideTheOperations(t *testing.T) {
	show := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
			w.WriteHeader(status)
			fmt.Fprintf(w, "page %s %s", r.PathValue("id"), r.PathValue("number"))
		})
	}
	w := newWorld(t, func(o *api.Options) {
		o.Pages = []page.Route{{Method: "GET", Path: "/things/{id}/parts/{number}", Handler: show(http.StatusOK)},
			{Method: "GET", Path: "/things/{rest...}", Handler: show(http.StatusNotFound)}}
	})
	for path, want := range map[string]string{
		"/things/a/parts/7": "200 page a 7", "/things/a/b/c": "404 page  ", "/things": "404 {", "/elsewhere": "404 {", "/v1/things": "404 {",
	} {
		resp, err := http.Get(w.url + path)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		if got := fmt.Sprint(resp.StatusCode, " ", string(body)); !strings.HasPrefix(got, want) {
			t.Errorf("%s is answered %s, want %s", path, got, want)
		}
		if page := strings.Contains(want, "page"); page != (resp.Header.Get("Content-Security-Policy") == "default-src 'self'") {
			t.Errorf("%s has the policy %q", path, resp.Header.Get("Content-Security-Policy"))
		}
	}
}

func TestAPageAmongTheOperationsIsRefused(t *testing.T) {
	for _, path := range []string{"/v1/pages", "/oauth2/page"} {
		w := newWorld(t)
		o := w.options
		o.Pages = []page.Route{{Method: "GET", Path: path, Handler: http.NotFoundHandler()}}
		if _, err := api.New(o); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}
