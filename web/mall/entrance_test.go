package mall_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

func TestWithoutASessionEveryPageAsksToSignIn(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/mall", "/mall/me", "/mall/nowhere"} {
		if got := w.browser().Get(path); got.Path != "/mall/sign-in" {
			t.Errorf("%s leads to %s", path, got.Path)
		}
	}
	got := w.browser().Do(http.MethodPost, "/mall/sign-out", url.Values{})
	pagetest.Want(t, "a form of nobody's", got, http.StatusOK, "Your sign-in has ended")
}

func TestASessionEndsAfterHalfAnHourWithoutAVisitAndAfterEightHoursAnyway(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	for range 16 {
		w.machine.Advance(29 * time.Minute)
		if got := b.Get("/mall"); got.Path != "/mall" {
			t.Fatal("a session that is used ends before its time")
		}
	}
	w.machine.Advance(29 * time.Minute)
	if got := b.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("after eight hours: %s", got.Path)
	}
	b = w.signedIn("M-1")
	w.machine.Advance(30 * time.Minute)
	if got := b.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("after thirty idle minutes: %s", got.Path)
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	if got := b.Do(http.MethodPost, "/mall/sign-out", url.Values{"form_token": {"guessed"}}); got.Status != http.StatusForbidden {
		t.Errorf("a form with a guessed token: %d", got.Status)
	}
	if got := b.Send("/mall/sign-out", url.Values{}); got.Path != "/mall/signed-out" {
		t.Errorf("signing out leads to %s", got.Path)
	}
	if got := b.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("afterwards: %s", got.Path)
	}
}
