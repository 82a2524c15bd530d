package mall_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestWithoutASessionEveryPageAsksToSignIn(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/mall", "/mall/me", "/mall/nowhere"} {
		if got := w.browser().get(path); got.path != "/mall/sign-in" {
			t.Errorf("%s leads to %s", path, got.path)
		}
	}
	got := w.browser().do(http.MethodPost, "/mall/sign-out", url.Values{})
	want(t, "a form of nobody's", got, http.StatusOK, "Your sign-in has ended")
}

func TestASessionEndsAfterHalfAnHourWithoutAVisitAndAfterEightHoursAnyway(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	for range 16 {
		w.machine.Advance(29 * time.Minute)
		if got := b.get("/mall"); got.path != "/mall" {
			t.Fatal("a session that is used ends before its time")
		}
	}
	w.machine.Advance(29 * time.Minute)
	if got := b.get("/mall"); got.path != "/mall/sign-in" {
		t.Errorf("after eight hours: %s", got.path)
	}
	b = w.signedIn("M-1")
	w.machine.Advance(30 * time.Minute)
	if got := b.get("/mall"); got.path != "/mall/sign-in" {
		t.Errorf("after thirty idle minutes: %s", got.path)
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	if got := b.do(http.MethodPost, "/mall/sign-out", url.Values{"form_token": {"guessed"}}); got.status != http.StatusForbidden {
		t.Errorf("a form with a guessed token: %d", got.status)
	}
	if got := b.send("/mall/sign-out", url.Values{}); got.path != "/mall/signed-out" {
		t.Errorf("signing out leads to %s", got.path)
	}
	if got := b.get("/mall"); got.path != "/mall/sign-in" {
		t.Errorf("afterwards: %s", got.path)
	}
}
