package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/signin"
)

// scene is a night with a break, a signed settlement and an order of a company.
type scene struct {
	settlement, one, order, window, login string
}

// scene makes what the paths of the console name, for a partner. No test may
// change what is looked at, so forms are sent without what they need.
func (w *world) scene(partner string) scene {
	w.t.Helper()
	d := w.night()
	w.report(finding(partner, d, 1))
	id := d.String() + "." + partner
	return scene{settlement: id, one: finding(partner, d, 1).ID, window: d.String(), order: "PG-0", login: partner + ".finance"}
}

func (s scene) path(pattern string) string {
	return strings.NewReplacer("{window}", s.window, "{id}", map[bool]string{true: s.one, false: s.settlement}[strings.Contains(pattern, "/breaks/")],
		"{digest}", strings.Repeat("0", 64), "{order}", s.order, "{statement}", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "{expiry}", "2027-11", "{table}", "channels.csv", "{login}", s.login).Replace(pattern)
}

func leaf(b *pagetest.Browser, l console.Leaf, s scene) pagetest.Answer {
	b.T.Helper()
	if l.Method == http.MethodGet {
		return b.Get(s.path(l.Path))
	}
	return b.Send(s.path(l.Path), url.Values{})
}

// TestEveryPageAsksForItsRole goes to every page and form as everybody.
func TestEveryPageAsksForItsRole(t *testing.T) {
	w := newWorld(t)
	s := w.scene("sky")
	for login, role := range map[string]signin.Role{"maker": signin.Maker, "checker": signin.Checker, "viewer": signin.Viewer, "admin": signin.Admin, "sky.finance": signin.Finance, "marketing": signin.Marketing} {
		b := w.signedIn(login)
		for _, l := range w.console.Leaves() {
			if strings.HasSuffix(l.Path, "/disable") || strings.HasSuffix(l.Path, "/reset") {
				continue // these need nothing in the form; they have a test of their own
			}
			if l.Roles == nil {
				t.Errorf("%s %s asks for no role", l.Method, l.Path)
			}
			got, open := leaf(b, l, s), slices.Contains(l.Roles, role)
			if refused := got.Status == http.StatusForbidden; refused == open {
				t.Errorf("%s %s as %s: status %d, want open: %v", l.Method, l.Path, login, got.Status, open)
			}
			if got.Status >= http.StatusInternalServerError {
				t.Errorf("%s %s as %s: status %d\n%s", l.Method, l.Path, login, got.Status, w.log)
			}
		}
	}
}

// TestNothingOfAnotherCompanyIsThere goes to every page and form about another
// company's settlement, break and files.
func TestNothingOfAnotherCompanyIsThere(t *testing.T) {
	w := newWorld(t)
	foreign := w.scene("mart")
	b := w.signedIn("sky.finance")
	for _, l := range w.console.Leaves() {
		if !slices.Contains(l.Roles, signin.Finance) || !strings.Contains(l.Path, "{id}") {
			continue
		}
		form := url.Values{"version": {"1"}, "text": {"x"}, "digest": {strings.Repeat("0", 64)}, "reason": {"x"}, "do": {"accept"}, "form_token": {b.Token()}}
		got := b.Do(l.Method, foreign.path(l.Path), form)
		if got.Status != http.StatusNotFound || strings.Contains(got.Body, "Mart") {
			t.Errorf("%s %s: status %d\n%s", l.Method, l.Path, got.Status, got.Body)
		}
	}
	if c, err := w.desk.Case(t.Context(), desk.Person{}, foreign.one); err != nil || c.Version != 1 {
		t.Errorf("the other company's break is %+v, %v", c, err)
	}
	for _, path := range []string{"/console", "/console/nights/" + foreign.window, "/console/breaks?state=", "/console/breaks?partner=mart&state=", "/console/trends?partner=mart"} {
		got := b.Get(path)
		pagetest.Want(t, path, got, http.StatusOK)
		main := got.Body[strings.Index(got.Body, "<main"):]
		for _, secret := range []string{"45.05", foreign.settlement, foreign.one} {
			if strings.Contains(main, secret) {
				t.Errorf("%s has %q of another company", path, secret)
			}
		}
	}
}

func TestNothingIsShownWithoutSignIn(t *testing.T) {
	w := newWorld(t)
	s := w.scene("sky")
	for _, l := range w.console.Leaves() {
		if got := w.browser().Do(l.Method, s.path(l.Path), url.Values{}); got.Path != "/console/sign-in" {
			t.Errorf("%s %s leads to %d %s", l.Method, l.Path, got.Status, got.Path)
		}
	}
}

// The right password at the wrong door says nothing.
func TestWhoHasNoBusinessHereDoesNotComeIn(t *testing.T) {
	w := newWorld(t)
	for _, login := range []string{"sky.engineer"} {
		b := w.browser()
		pagetest.Want(t, login, b.Do(http.MethodPost, "/console/sign-in", url.Values{"login": {login}, "password": {password}}), http.StatusUnprocessableEntity, "wrong")
		if got := b.Get("/console"); got.Path != "/console/sign-in" {
			t.Errorf("%s leads to %s", login, got.Path)
		}
	}
}

func TestFormsWithoutTheSessionsTokenAreRefused(t *testing.T) {
	w := newWorld(t)
	s := w.scene("sky")
	b, other := w.signedIn("maker"), w.signedIn("checker")
	form := url.Values{"version": {"1"}, "action": {"accept"}, "text": {"x"}}
	for _, token := range []string{"", "x", other.Token()} {
		form.Set("form_token", token)
		pagetest.Want(t, "token "+token, b.Do(http.MethodPost, "/console/breaks/"+s.one+"/propose", form), http.StatusForbidden, "out of date")
	}
	form.Set("form_token", b.Token())
	b.Header.Set("Sec-Fetch-Site", "cross-site")
	pagetest.Want(t, "from another site", b.Do(http.MethodPost, "/console/breaks/"+s.one+"/propose", form), http.StatusForbidden, "did not come from here")
	if c, err := w.desk.Case(t.Context(), desk.Person{}, s.one); err != nil || c.Version != 1 {
		t.Errorf("the break is %+v, %v", c, err)
	}
}

var unsafe = regexp.MustCompile(`(?i)<script(?:>| [^>]*>)[^<]|<[^>]*\son\w+=|javascript:|\sstyle="`)

func TestHostileTextStaysText(t *testing.T) {
	w := newWorld(t)
	s := w.scene("sky")
	ctx, who := t.Context(), w.person("maker")
	_, err := w.desk.Comment(ctx, who, s.one, 1, `"><script>alert(1)</script>`)
	must(t, err)
	_, err = w.desk.Attach(ctx, who, s.one, 2, `"><img src=x onerror=alert(1)>.html`, []byte("<script>alert(1)</script>"))
	must(t, err)
	b := w.signedIn("maker")
	for _, path := range []string{"/console/breaks/" + s.one, "/console/breaks?state=", "/console/settlements/" + s.settlement, "/console/nights/" + s.window,
		"/console/breaks?window=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/console?month=%22%3E%3Cscript%3E", "/console/settlements/" + s.settlement + "/lines?at=-1", "/console/trends?partner=%3Cscript%3E"} {
		if found := unsafe.FindString(b.Get(path).Body); found != "" {
			t.Errorf("%s: the page has %q", path, found)
		}
	}
	trail, err := w.desk.Trail(ctx, who, s.one)
	must(t, err)
	file := b.Get("/console/breaks/" + s.one + "/files/" + trail[2].Attachment.String())
	pagetest.Want(t, "attachment", file, http.StatusOK, "<script>")
	if h := file.Header; !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("Content-Type") != "application/octet-stream" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("an attachment is served with %v", h)
	}
}
