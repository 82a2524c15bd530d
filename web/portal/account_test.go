package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

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
	shown := b.get("/portal/account/factor")
	want(t, "a new factor", shown, http.StatusOK, `src="data:image/png;base64,`)
	secret := secretText.FindStringSubmatch(shown.body)[1]
	wrong := b.send("/portal/account/factor", url.Values{"secret": {secret}, "code": {"000000"}, "password": {password}})
	want(t, "a wrong code", wrong, http.StatusUnprocessableEntity, "It was not set up", secret)
	set := b.send("/portal/account/factor", url.Values{"secret": {secret}, "code": {w.code(secret)}, "password": {password}})
	want(t, "the right code", set, http.StatusOK, "The second factor is switched on")
	if n := strings.Count(set.body, "<li>"); n < 10 {
		t.Errorf("the page shows %d recovery codes", n)
	}
	w.machine.AdvanceTo(t.Context(), w.machine.Now().Add(time.Minute))

	b = w.browser()
	asked := b.post("/portal/sign-in", url.Values{"login": {"anna.sky"}, "password": {password}, "next": {"/portal/limits"}})
	want(t, "after the password", asked, http.StatusOK, "Enter your code")
	if asked.path != "/portal/sign-in/code" {
		t.Fatalf("leads to %s", asked.path)
	}
	if got := b.get("/portal/limits"); got.path != "/portal/sign-in" {
		t.Errorf("the password alone opens %s", got.path)
	}
	want(t, "a wrong code", b.post("/portal/sign-in/code", url.Values{"code": {"000000"}}), http.StatusUnprocessableEntity, "That code is not right")
	done := b.post("/portal/sign-in/code", url.Values{"code": {w.code(secret)}, "next": {"/portal/limits"}})
	if done.path != "/portal/limits" || done.status != http.StatusOK {
		t.Errorf("the right code leads to %d %s", done.status, done.path)
	}
	want(t, "removing with a wrong password", b.send("/portal/account/factor/remove", url.Values{"password": {"guess"}}), http.StatusUnprocessableEntity)
	want(t, "removing", b.send("/portal/account/factor/remove", url.Values{"password": {password}}), http.StatusOK, "The second factor is removed")
}

func TestAFirstPasswordIsChangedBeforeAnythingElse(t *testing.T) {
	w := newWorld(t)
	_, made, err := w.staff.AddUser(t.Context(), signin.NewUser{Login: "new.sky", Name: "New", Company: "sky", Roles: []signin.Role{signin.Engineer}})
	must(t, err)
	b := w.browser()
	first := b.post("/portal/sign-in", url.Values{"login": {"new.sky"}, "password": {made}})
	want(t, "the first page", first, http.StatusOK, "Choose a password of your own")
	if got := b.get("/portal/keys"); got.path != "/portal/account" {
		t.Errorf("another page leads to %s", got.path)
	}
	for name, c := range map[string]struct {
		form url.Values
		says string
	}{
		"short":     {url.Values{"old": {made}, "new": {"short"}, "again": {"short"}}, "at least 12 characters"},
		"different": {url.Values{"old": {made}, "new": {"a long pass phrase"}, "again": {"another pass phrase"}}, "two different ways"},
		"wrong old": {url.Values{"old": {"guess"}, "new": {"a long pass phrase"}, "again": {"a long pass phrase"}}, "that you have now is wrong"},
	} {
		want(t, name, b.send("/portal/account/password", c.form), http.StatusUnprocessableEntity, "The password was not changed", c.says)
	}
	before := b.cookie(t)
	done := b.send("/portal/account/password", url.Values{"old": {made}, "new": {"a long pass phrase"}, "again": {"a long pass phrase"}})
	want(t, "changed", done, http.StatusOK, "Your password is changed")
	if done.path != "/portal" || b.cookie(t) == before {
		t.Errorf("leads to %s; the session is a new one: %t", done.path, b.cookie(t) != before)
	}
}
