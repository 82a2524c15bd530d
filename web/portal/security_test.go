package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
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
		if got := w.browser().get(path); got.path != "/portal/sign-in" {
			t.Errorf("%s leads to %s", path, got.path)
		}
	}
}

func TestAnotherCompanysObjectsAreNotThere(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	for _, path := range w.everyPage("sky") {
		want(t, "own "+path, b.get(path), http.StatusOK)
	}
	foreign := w.everyPage("shop")
	for _, path := range foreign {
		want(t, "foreign "+path, b.get(path), http.StatusNotFound, "There is no such page")
	}
	key, hook := foreign[3], foreign[4]
	for path, form := range map[string]url.Values{key + "/add": {"key_text": {publicPEM(t)}}, key + "/retire": {"key": {"key-of-shop"}, "hours": {"0"}}, key + "/switch": {"disabled": {"1"}},
		hook + "/test": {}, hook + "/switch": {"status": {"disabled"}}, hook + "/rotate": {}, hook + "/replay": {"first": {"1"}, "last": {"1"}}, hook + "/delete": {}, hook + "/deliveries/1": {}} {
		want(t, "foreign form "+path, b.send(path, form), http.StatusNotFound)
	}
	for _, path := range []string{"/portal/conversions/x", "/portal/agreements/..%2f", "/portal/webhooks/1", "/portal/webhooks/" + w.newID().String() + "/deliveries/x", "/portal/keys/nobody", "/portal/nowhere"} {
		want(t, path, b.get(path), http.StatusNotFound)
	}
}

func TestARoleOpensOnlyItsPages(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("fritz.sky")
	for _, path := range []string{"/portal/keys", "/portal/webhooks", "/portal/requests", "/portal/conformance", "/portal/quickstart", "/portal/clock"} {
		want(t, path, b.get(path), http.StatusForbidden, "Your role does not open this page")
		if strings.Contains(b.get("/portal").body, `href="`+path+`"`) {
			t.Errorf("the navigation of finance leads to %s", path)
		}
	}
	for _, path := range []string{"/portal/keys", "/portal/webhooks", "/portal/clock", "/portal/conformance"} {
		want(t, "form of "+path, b.send(path, url.Values{"hours": {"1"}}), http.StatusForbidden)
	}
	for _, path := range []string{"/portal", "/portal/conversions", "/portal/agreements", "/portal/limits", "/portal/docs"} {
		want(t, path, b.get(path), http.StatusOK)
	}
}

// The utility's staff have a console of their own; the right password at the
// wrong door says nothing.
func TestTheUtilitysStaffDoNotComeIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	want(t, "sign-in", b.post("/portal/sign-in", url.Values{"login": {"uma"}, "password": {password}}), http.StatusUnprocessableEntity, "wrong")
	if got := b.get("/portal"); got.path != "/portal/sign-in" {
		t.Errorf("leads to %s", got.path)
	}
}

func TestASessionStartsAnewWithSignIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	there, err := url.Parse(w.url)
	must(t, err)
	planted := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b.client.Jar.SetCookies(there, []*http.Cookie{{Name: "pointgrid_staff", Value: planted, Path: "/"}})
	b.post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	first := b.cookie(t)
	if first == planted {
		t.Fatal("the session has the token that was planted")
	}
	b.post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	second := b.cookie(t)
	if second == first {
		t.Error("a second sign-in kept the token")
	}
	old := w.browser()
	old.client.Jar.SetCookies(there, []*http.Cookie{{Name: "pointgrid_staff", Value: first, Path: "/"}})
	if got := old.get("/portal"); got.path != "/portal/sign-in" {
		t.Error("the session before still opens pages")
	}
}

func (b *browser) cookie(t *testing.T) string {
	t.Helper()
	there, err := url.Parse(b.base)
	must(t, err)
	for _, c := range b.client.Jar.Cookies(there) {
		if c.Name == "pointgrid_staff" {
			return c.Value
		}
	}
	return ""
}

func TestASessionEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, b *browser){
		"without use": func(w *world, _ *browser) { w.machine.AdvanceTo(t.Context(), w.machine.Now().Add(31*time.Minute)) },
		"at the end of its life": func(w *world, b *browser) {
			for range 60 {
				w.machine.AdvanceTo(t.Context(), w.machine.Now().Add(12*time.Minute))
				b.get("/portal/docs")
			}
		},
		"at sign-out":                   func(_ *world, b *browser) { b.send("/portal/sign-out", url.Values{}) },
		"when the account is disabled":  func(w *world, _ *browser) { must(t, w.staff.DisableUser(t.Context(), "anna.sky")) },
		"when the password is reset":    func(w *world, _ *browser) { _, err := w.staff.ResetUser(t.Context(), "anna.sky"); must(t, err) },
		"from another device, on order": func(w *world, _ *browser) { w.signedIn("anna.sky").send("/portal/account/sessions", url.Values{}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.signedIn("anna.sky")
			want(t, "before", b.get("/portal/docs"), http.StatusOK)
			end(w, b)
			if got := b.get("/portal/docs"); got.path != "/portal/sign-in" {
				t.Errorf("the page is still open: %d %s", got.status, got.path)
			}
			if got := b.post("/portal/clock", url.Values{"hours": {"1"}}); got.path != "/portal/sign-in" || !strings.Contains(got.body, "Your session had ended") {
				t.Errorf("a form leads to %d %s", got.status, got.path)
			}
		})
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	before := w.clock.Now()
	token := formToken.FindStringSubmatch(b.get("/portal/account").body)[1]
	form := url.Values{"hours": {"1"}, "form_token": {token}}
	for name, header := range map[string]http.Header{
		"another site":                     {"Sec-Fetch-Site": {"cross-site"}},
		"a neighbour":                      {"Sec-Fetch-Site": {"same-site"}},
		"another origin, in old browsers":  {"Origin": {"https://evil.example"}},
		"an origin that hides":             {"Origin": {"null"}},
		"another port of the same machine": {"Origin": {"http://127.0.0.1:1"}},
	} {
		b.header = header
		want(t, name, b.post("/portal/clock", form), http.StatusForbidden, "did not come from here")
		want(t, name+", to sign in", b.post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}}), http.StatusForbidden)
	}
	b.header = http.Header{"Sec-Fetch-Site": {"same-origin"}}
	other := w.signedIn("sara.shop")
	foreign := formToken.FindStringSubmatch(other.get("/portal/account").body)[1]
	for _, bad := range []string{"", "x", foreign} {
		want(t, "token "+bad, b.post("/portal/clock", url.Values{"hours": {"1"}, "form_token": {bad}}), http.StatusForbidden, "This form is out of date")
	}
	if !w.clock.Now().Equal(before) {
		t.Error("the clock was moved")
	}
	want(t, "the right one", b.post("/portal/clock", form), http.StatusOK)
}

func TestGuessesAreLockedOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	guess := url.Values{"login": {"anna.sky"}, "password": {"guess"}}
	for range 5 {
		want(t, "a wrong guess", b.post("/portal/sign-in", guess), http.StatusUnprocessableEntity, "wrong")
	}
	locked := b.post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	want(t, "the right password now", locked, http.StatusTooManyRequests, "Too many wrong tries")
	if locked.header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	unknown := url.Values{"login": {"nobody.here"}, "password": {"guess"}}
	for range 5 {
		want(t, "a login that is not there", b.post("/portal/sign-in", unknown), http.StatusUnprocessableEntity)
	}
	want(t, "and is locked alike", b.post("/portal/sign-in", unknown), http.StatusTooManyRequests)
	w.machine.AdvanceTo(t.Context(), w.machine.Now().Add(time.Minute))
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
		got := b.get((&url.URL{Path: u}).String() + "?" + strings.ReplaceAll(url.PathEscape(query), "%3D", "="))
		if found := unsafe.FindString(got.body); found != "" {
			t.Errorf("%s: the page has %q", path, found)
		}
	}
	want(t, "a name with a tag", b.get("/portal"), http.StatusOK, "Sky &lt;Air&gt;")
}

func TestPagesCarryTheHeadersThatGuardThem(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	for _, path := range []string{"/portal", "/portal/nowhere", "/portal/account"} {
		h := b.get(path).header
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
		got := w.browser().post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}, "next": {next}})
		if got.path != path {
			t.Errorf("next %q leads to %s, want %s", next, got.path, path)
		}
	}
	if portal.Area != "/portal" {
		t.Fatal("the paths of this test are those of another area")
	}
}
