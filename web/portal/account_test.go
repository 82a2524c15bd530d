package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/signin"
)

var secretText = regexp.MustCompile(`name="secret" value="([A-Z2-7]{32})"`)

func (w *world) code(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.machine.Now())
	must(w.t, err)
	return code
}

func TestASecondFactorIsSetUpAndAskedForOnThePages(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	shown := b.Get("/portal/account/factor")
	pagetest.Want(t, "a new factor", shown, http.StatusOK, `src="data:image/png;base64,`)
	secret := secretText.FindStringSubmatch(shown.Body)[1]
	wrong := b.Send("/portal/account/factor", url.Values{"secret": {secret}, "code": {"000000"}, "password": {password}})
	pagetest.Want(t, "a wrong code", wrong, http.StatusUnprocessableEntity, "It was not set up", secret)
	set := b.Send("/portal/account/factor", url.Values{"secret": {secret}, "code": {w.code(secret)}, "password": {password}})
	pagetest.Want(t, "the right code", set, http.StatusOK, "The second factor is switched on")
	if n := strings.Count(set.Body, "<li>"); n < 10 {
		t.Errorf("the page shows %d recovery codes", n)
	}
	w.machine.Advance(time.Minute)

	b = w.browser()
	asked := b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}, "next": {"/portal/limits"}})
	pagetest.Want(t, "after the password", asked, http.StatusOK, "Enter your code")
	if asked.Path != "/portal/sign-in/code" {
		t.Fatalf("leads to %s", asked.Path)
	}
	if got := b.Get("/portal/limits"); got.Path != "/portal/sign-in" {
		t.Errorf("the password alone opens %s", got.Path)
	}
	pagetest.Want(t, "a wrong code", b.Post("/portal/sign-in/code", url.Values{"code": {"000000"}}), http.StatusUnprocessableEntity, "That code is not right")
	done := b.Post("/portal/sign-in/code", url.Values{"code": {w.code(secret)}, "next": {"/portal/limits"}})
	if done.Path != "/portal/limits" || done.Status != http.StatusOK {
		t.Errorf("the right code leads to %d %s", done.Status, done.Path)
	}
	pagetest.Want(t, "removing without a code", b.Send("/portal/account/factor/remove", url.Values{"password": {password}}), http.StatusUnprocessableEntity)
	w.machine.Advance(time.Minute)
	pagetest.Want(t, "removing", b.Send("/portal/account/factor/remove", url.Values{"password": {password}, "code": {w.code(secret)}}), http.StatusOK, "The second factor is removed")
}

func TestAFirstPasswordIsChangedBeforeAnythingElse(t *testing.T) {
	w := newWorld(t)
	_, made, err := w.staff.AddUser(t.Context(), signin.NewUser{Login: "new.sky", Name: "New", Company: "sky", Roles: []signin.Role{signin.Engineer}})
	must(t, err)
	b := w.browser()
	first := b.Post("/portal/sign-in", url.Values{"login": {"new.sky"}, "password": {made}})
	pagetest.Want(t, "the first page", first, http.StatusOK, "Choose a password of your own")
	if got := b.Get("/portal/keys"); got.Path != "/portal/account" {
		t.Errorf("another page leads to %s", got.Path)
	}
	for name, c := range map[string]struct {
		form url.Values
		says string
	}{
		"short":     {url.Values{"old": {made}, "new": {"short"}, "again": {"short"}}, "at least 12 characters"},
		"different": {url.Values{"old": {made}, "new": {"a long pass phrase"}, "again": {"another pass phrase"}}, "two different ways"},
		"wrong old": {url.Values{"old": {"guess"}, "new": {"a long pass phrase"}, "again": {"a long pass phrase"}}, "that you have now is wrong"},
	} {
		pagetest.Want(t, name, b.Send("/portal/account/password", c.form), http.StatusUnprocessableEntity, "The password was not changed", c.says)
	}
	before := cookie(t, b)
	done := b.Send("/portal/account/password", url.Values{"old": {made}, "new": {"a long pass phrase"}, "again": {"a long pass phrase"}})
	pagetest.Want(t, "changed", done, http.StatusOK, "Your password is changed")
	if done.Path != "/portal" || cookie(t, b) == before {
		t.Errorf("leads to %s; the session is a new one: %t", done.Path, cookie(t, b) != before)
	}
}

func TestWithoutASecondFactorNothingOpens(t *testing.T) {
	w := newWorld(t, func(o *signin.Options) { o.FactorNeeded = true })
	b := w.browser()
	b.Post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}})
	for _, path := range []string{"/portal/limits", "/portal", "/portal/conversions"} {
		if got := b.Get(path); got.Path != "/portal/account/factor" {
			t.Errorf("%s leads to %d %s", path, got.Status, got.Path)
		}
	}
	shown := b.Get("/portal/limits")
	pagetest.Want(t, "the page that sets it up", shown, http.StatusOK, "Set up a second factor first")
	secret := secretText.FindStringSubmatch(shown.Body)[1]
	b.Send("/portal/account/factor", url.Values{"secret": {secret}, "code": {w.code(secret)}, "password": {password}})
	if got := b.Get("/portal/limits"); got.Path != "/portal/limits" || got.Status != http.StatusOK {
		t.Errorf("with it: %d %s", got.Status, got.Path)
	}
	w.machine.Advance(time.Minute)
	b.Send("/portal/account/factor/remove", url.Values{"password": {password}, "code": {w.code(secret)}})
	if got := b.Get("/portal/limits"); got.Path != "/portal/account/factor" {
		t.Errorf("once it is removed: %s", got.Path)
	}
}
