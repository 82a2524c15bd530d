package mall_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

var hole = regexp.MustCompile(`\{[^}]+\}`)

// TestNoPageOpensWithoutASessionAndNoFormWithoutItsToken goes to every route there is.
func TestNoPageOpensWithoutASessionAndNoFormWithoutItsToken(t *testing.T) {
	w := newWorld(t, withAlliance(&alliance{}), withDoor(&door{}))
	free := map[string]bool{"/mall/sign-in": true, "/mall/sign-in/start": true, mall.CallbackPath: true, mall.GoodbyePath: true}
	signedIn, seen := w.signedIn("M-1"), 0
	for _, route := range w.mall.Routes() {
		path := hole.ReplaceAllString(route.Path, "x")
		if free[route.Path] || !strings.HasPrefix(path, mall.Area) || strings.Contains(path, "/pictures/") {
			continue
		}
		seen++
		if got := w.browser().Do(route.Method, path, url.Values{}); got.Path != "/mall/sign-in" {
			t.Errorf("%s %s of nobody's leads to %d %s", route.Method, path, got.Status, got.Path)
		}
		if route.Method == http.MethodPost {
			if got := signedIn.Do(route.Method, path, url.Values{"form_token": {"guessed"}}); got.Status != http.StatusForbidden {
				t.Errorf("%s %s with a guessed token: %d", route.Method, path, got.Status)
			}
			foreign := *signedIn
			foreign.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
			if got := foreign.Do(route.Method, path, url.Values{}); got.Status != http.StatusForbidden {
				t.Errorf("%s %s from another site: %d", route.Method, path, got.Status)
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d routes were tried", seen)
	}
}

func TestAFormThatIsTooLongIsRefused(t *testing.T) {
	w := newWorld(t)
	got := w.signedIn("M-1").Do(http.MethodPost, "/mall/sign-out", url.Values{"form_token": {strings.Repeat("x", 100_000)}})
	pagetest.Want(t, "a long form", got, http.StatusForbidden, "out of date")
}

func TestCookiesKeepToThemselves(t *testing.T) {
	w := newWorld(t, func(_ *world, o *mall.Options) { o.URL = "https://points.example.com" })
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(w.url + "/test/sign-in?member=M-1")
	must(t, err)
	must(t, resp.Body.Close())
	if c := resp.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-pointgrid_member=") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "Secure") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/;") || strings.Contains(c, "Domain") {
		t.Errorf("with https the cookie is %s", c)
	}
}
