package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin"
)

// everyPage is a page of each kind, with IDs of a company.
func (w *world) everyPage(company string) []string {
	c := w.convert(company, 3000)
	hook := w.endpointOf(company).String()
	agreements, err := w.ledger.Agreements(w.t.Context())
	must(w.t, err)
	var agreement ledger.ID
	for _, a := range agreements {
		if a.Terms.Partner == company {
			agreement = a.ID
		}
	}
	return []string{"/portal/conversions/" + c.ID.String(), "/portal/conversions/" + c.ID.String() + "/receipt", "/portal/agreements/" + agreement.String(),
		"/portal/keys/" + company + "-app", "/portal/webhooks/" + hook, "/portal/webhooks/" + hook + "/deliveries/1"}
}

func TestNothingIsShownWithoutSignIn(t *testing.T) {
	w := newWorld(t)
	pages := append(w.everyPage("sky"), "/portal", "/portal/conversions", "/portal/agreements", "/portal/limits", "/portal/quickstart", "/portal/docs", "/portal/clock",
		"/portal/keys", "/portal/requests", "/portal/webhooks", "/portal/conformance", "/portal/account", "/portal/account/factor", "/portal/nowhere")
	for _, path := range pages {
		if got := w.browser().Get(path); got.Path != "/portal/sign-in" {
			t.Errorf("%s leads to %s", path, got.Path)
		}
	}
}

func TestAnotherCompanysObjectsAreNotThere(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	for _, path := range w.everyPage("sky") {
		pagetest.Want(t, "own "+path, b.Get(path), http.StatusOK)
	}
	foreign := w.everyPage("shop")
	for _, path := range foreign {
		pagetest.Want(t, "foreign "+path, b.Get(path), http.StatusNotFound, "There is no such page")
	}
	key, hook := foreign[3], foreign[4]
	for path, form := range map[string]url.Values{key + "/add": {"key_text": {publicPEM(t)}}, key + "/retire": {"key": {"key-of-shop"}, "hours": {"0"}}, key + "/switch": {"disabled": {"1"}},
		hook + "/test": {}, hook + "/switch": {"status": {"disabled"}}, hook + "/rotate": {}, hook + "/replay": {"first": {"1"}, "last": {"1"}}, hook + "/delete": {}, hook + "/deliveries/1": {}} {
		pagetest.Want(t, "foreign form "+path, b.Send(path, form), http.StatusNotFound)
	}
	for _, path := range []string{"/portal/conversions/x", "/portal/agreements/..%2f", "/portal/webhooks/1", "/portal/webhooks/" + w.newID().String() + "/deliveries/x", "/portal/keys/nobody", "/portal/nowhere"} {
		pagetest.Want(t, path, b.Get(path), http.StatusNotFound)
	}
}

func TestARoleOpensOnlyItsPages(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("fritz.sky")
	for _, path := range []string{"/portal/keys", "/portal/webhooks", "/portal/requests", "/portal/conformance", "/portal/quickstart", "/portal/clock"} {
		pagetest.Want(t, path, b.Get(path), http.StatusForbidden, "Your role does not open this page")
		if strings.Contains(b.Get("/portal").Body, `href="`+path+`"`) {
			t.Errorf("the navigation of finance leads to %s", path)
		}
	}
	for _, path := range []string{"/portal/keys", "/portal/webhooks", "/portal/clock", "/portal/conformance"} {
		pagetest.Want(t, "form of "+path, b.Send(path, url.Values{"hours": {"1"}}), http.StatusForbidden)
	}
	for _, path := range []string{"/portal", "/portal/conversions", "/portal/agreements", "/portal/limits", "/portal/docs"} {
		pagetest.Want(t, path, b.Get(path), http.StatusOK)
	}
}

// The utility's staff have a console of their own; the right password at the
// wrong door says nothing.
func TestTheUtilitysStaffDoNotComeIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	pagetest.Want(t, "sign-in", b.Post("/portal/sign-in", url.Values{"login": {"uma"}, "password": {password}}), http.StatusUnprocessableEntity, "wrong")
	if got := b.Get("/portal"); got.Path != "/portal/sign-in" {
		t.Errorf("leads to %s", got.Path)
	}
}

func TestASessionStartsAnewWithSignIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	there, err := url.Parse(w.url)
	must(t, err)
	planted := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b.Client.Jar.SetCookies(there, []*http.Cookie{{Name: "pointgrid_staff", Value: planted, Path: "/"}})
	b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	first := cookie(t, b)
	if first == planted {
		t.Fatal("the session has the token that was planted")
	}
	b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	second := cookie(t, b)
	if second == first {
		t.Error("a second sign-in kept the token")
	}
	old := w.browser()
	old.Client.Jar.SetCookies(there, []*http.Cookie{{Name: "pointgrid_staff", Value: first, Path: "/"}})
	if got := old.Get("/portal"); got.Path != "/portal/sign-in" {
		t.Error("the session before still opens pages")
	}
}

func cookie(t *testing.T, b *pagetest.Browser) string {
	t.Helper()
	there, err := url.Parse(b.URL)
	must(t, err)
	for _, c := range b.Client.Jar.Cookies(there) {
		if c.Name == "pointgrid_staff" {
			return c.Value
		}
	}
	return ""
}

func TestASessionEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, b *pagetest.Browser){
		"without use": func(w *world, _ *pagetest.Browser) {
			w.machine.Advance(31 * time.Minute)
		},
		"at the end of its life": func(w *world, b *pagetest.Browser) {
			for range 60 {
				w.machine.Advance(12 * time.Minute)
				b.Get("/portal/docs")
			}
		},
		"at sign-out":                  func(_ *world, b *pagetest.Browser) { b.Send("/portal/sign-out", url.Values{}) },
		"when the account is disabled": func(w *world, _ *pagetest.Browser) { must(t, w.staff.DisableUser(t.Context(), "anna.sky")) },
		"when the password is reset": func(w *world, _ *pagetest.Browser) {
			_, err := w.staff.ResetUser(t.Context(), "anna.sky")
			must(t, err)
		},
		"from another device, on order": func(w *world, _ *pagetest.Browser) {
			w.signedIn("anna.sky").Send("/portal/account/sessions", url.Values{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.signedIn("anna.sky")
			pagetest.Want(t, "before", b.Get("/portal/docs"), http.StatusOK)
			end(w, b)
			if got := b.Get("/portal/docs"); got.Path != "/portal/sign-in" {
				t.Errorf("the page is still open: %d %s", got.Status, got.Path)
			}
			if got := b.Post("/portal/clock", url.Values{"hours": {"1"}}); got.Path != "/portal/sign-in" || !strings.Contains(got.Body, "Your session had ended") {
				t.Errorf("a form leads to %d %s", got.Status, got.Path)
			}
		})
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	before := w.clock.Now()
	token := b.Token()
	form := url.Values{"hours": {"1"}, "form_token": {token}}
	for name, header := range map[string]http.Header{
		"another site":                     {"Sec-Fetch-Site": {"cross-site"}},
		"a neighbour":                      {"Sec-Fetch-Site": {"same-site"}},
		"another origin, in old browsers":  {"Origin": {"https://evil.example"}},
		"an origin that hides":             {"Origin": {"null"}},
		"another port of the same machine": {"Origin": {"http://127.0.0.1:1"}},
	} {
		b.Header = header
		pagetest.Want(t, name, b.Post("/portal/clock", form), http.StatusForbidden, "did not come from here")
		pagetest.Want(t, name+", to sign in", b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}}), http.StatusForbidden)
	}
	b.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}}
	other := w.signedIn("sara.shop")
	foreign := other.Token()
	for _, bad := range []string{"", "x", foreign} {
		pagetest.Want(t, "token "+bad, b.Post("/portal/clock", url.Values{"hours": {"1"}, "form_token": {bad}}), http.StatusForbidden, "This form is out of date")
	}
	if !w.clock.Now().Equal(before) {
		t.Error("the clock was moved")
	}
	pagetest.Want(t, "the right one", b.Post("/portal/clock", form), http.StatusOK)
}

func TestGuessesAreLockedOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	guess := url.Values{"login": {"anna.sky"}, "password": {"guess"}}
	for range 5 {
		pagetest.Want(t, "a wrong guess", b.Post("/portal/sign-in", guess), http.StatusUnprocessableEntity, "wrong")
	}
	locked := b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	pagetest.Want(t, "the right password now", locked, http.StatusTooManyRequests, "Too many wrong tries")
	if locked.Header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	unknown := url.Values{"login": {"nobody.here"}, "password": {"guess"}}
	for range 5 {
		pagetest.Want(t, "a login that is not there", b.Post("/portal/sign-in", unknown), http.StatusUnprocessableEntity)
	}
	pagetest.Want(t, "and is locked alike", b.Post("/portal/sign-in", unknown), http.StatusTooManyRequests)
	w.machine.Advance(time.Minute)
	w.signedIn("anna.sky")
}

var unsafe = regexp.MustCompile(`(?i)<script(?:>| [^>]*>)[^<]|\son\w+=|javascript:|style="`)

func TestHostileTextStaysText(t *testing.T) {
	w := newWorld(t)
	w.addUser("mallory.sky", "sky", signin.Engineer)
	b := w.signedIn("mallory.sky")
	for _, path := range []string{`/portal/conversions?day="><script>alert(1)</script>`, `/portal/requests?client="><script>alert(1)</script>`,
		`/portal/quickstart?in="><script>alert(1)</script>`, `/portal/sign-in?next="><script>alert(1)</script>`, `/portal/<script>alert(1)</script>`, "/portal"} {
		u, query, _ := strings.Cut(path, "?")
		got := b.Get((&url.URL{Path: u}).String() + "?" + strings.ReplaceAll(url.PathEscape(query), "%3D", "="))
		if found := unsafe.FindString(got.Body); found != "" {
			t.Errorf("%s: the page has %q", path, found)
		}
	}
	pagetest.Want(t, "a name with a tag", b.Get("/portal"), http.StatusOK, "Sky &lt;Air&gt;")
}

func TestPagesCarryTheHeadersThatGuardThem(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	for _, path := range []string{"/portal", "/portal/nowhere", "/portal/account"} {
		h := b.Get(path).Header
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: policy %q lacks %q", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
		PostForm(w.url+"/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	must(t, err)
	defer resp.Body.Close()
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") || strings.Contains(c, "Domain") {
		t.Errorf("the cookie is %q", c)
	}
}

func TestSignInLeadsOnlyWithinThePortal(t *testing.T) {
	w := newWorld(t)
	for next, path := range map[string]string{"/portal/limits": "/portal/limits", "https://evil.example/": "/portal", "//evil.example": "/portal", "/docs": "/portal", "/portal-evil": "/portal"} {
		got := w.browser().Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}, "next": {next}})
		if got.Path != path {
			t.Errorf("next %q leads to %s, want %s", next, got.Path, path)
		}
	}
	if portal.Area != "/portal" {
		t.Fatal("the paths of this test are those of another area")
	}
}
