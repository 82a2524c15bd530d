package mall_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// privately serves the world with a registry of its members, and a place whose work is
// under way while the member is called busy.
func privately(w *world, o *mall.Options) {
	registry, err := members.Open(w.t.Context(), members.RegistryOptions{Store: w.store, Key: accountKey, Random: rand.Reader, Now: w.clock.Now})
	must(w.t, err)
	busy := members.Place{Name: "test", UnderWay: func(_ context.Context, m *members.Member) error {
		if strings.HasPrefix(m.Number, "busy") {
			return members.Obstruct(members.CodeUnderWay, "an order is under way")
		}
		return nil
	}}
	privacy, err := members.NewPrivacy(members.PrivacyOptions{Registry: registry, Ledger: w.ledger, Identity: utility,
		Places: []members.Place{busy, w.store.MemberPlace()}, Logger: slog.New(slog.DiscardHandler)})
	must(w.t, err)
	o.Account, o.Privacy = registry.Account, privacy
}

// given gives points to a member of the registry.
func (w *world) given(member string, points int64) {
	w.t.Helper()
	account, err := w.options.Account(w.t.Context(), member)
	must(w.t, err)
	w.give(utility, &ledger.Issue{Account: account, Amount: points, Expiry: w.month() + 5, Reason: "test"})
}

func TestAMemberTakesTheirDataWithThem(t *testing.T) {
	w := newWorld(t, privately)
	w.given("M-1", 1_200)
	b := w.signedIn("M-1")
	pagetest.Want(t, "the page", b.Get("/mall/privacy"), http.StatusOK, "What we hold", "M-1", "Download my data", "1,200")
	pagetest.Want(t, "the way there", b.Get("/mall/me"), http.StatusOK, "/mall/privacy")
	got := b.Send("/mall/privacy/export", url.Values{})
	var document struct {
		Format string
		Member struct{ Number string }
	}
	if err := json.Unmarshal([]byte(got.Body), &document); err != nil || document.Format != "pointgrid-member" || document.Member.Number != "M-1" {
		t.Errorf("the document is %s: %v", got.Body, err)
	}
	if got.Header.Get("Cache-Control") != "no-store" || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("its headers are %v", got.Header)
	}
	pagetest.Want(t, "without the form's token", b.Do(http.MethodPost, "/mall/privacy/export", url.Values{}), http.StatusForbidden)
}

func TestAnAccountIsErasedByWhoSaysWhatItCosts(t *testing.T) {
	w := newWorld(t, privately)
	w.given("M-1", 1_200)
	b := w.signedIn("M-1")
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"without the box":     {url.Values{"points": {"1200"}}, "Tick the box"},
		"with another amount": {url.Values{"points": {"1201"}, "understood": {"1"}}, "not what you have left"},
		"without an amount":   {url.Values{"understood": {"1"}}, "not what you have left"},
		"with script":         {url.Values{"points": {`"><script>`}, "understood": {"1"}}, "&#34;&gt;&lt;script&gt;"},
	} {
		t.Run(name, func(t *testing.T) {
			pagetest.Want(t, "the answer", b.Send("/mall/privacy/erasure", c.form), http.StatusUnprocessableEntity, c.want, "was not erased")
		})
	}
	other := w.signedIn("M-1")
	pagetest.Want(t, "the farewell", b.Send("/mall/privacy/erasure", url.Values{"points": {"1,200"}, "understood": {"1"}}), http.StatusOK, "being erased")
	for name, browser := range map[string]*pagetest.Browser{"the same browser": b, "another browser": other} {
		if got := browser.Get("/mall/privacy"); got.Path != "/mall/sign-in" {
			t.Errorf("%s is still let in: %s", name, got.Path)
		}
	}
	must(t, w.options.Privacy.(*members.Privacy).Resume(t.Context()))
	w.clock.Advance(time.Minute)
	must(t, w.options.Privacy.(*members.Privacy).Resume(t.Context()))
	pagetest.Want(t, "who comes back", w.signedIn("M-1").Get("/mall"), http.StatusOK, "No points yet")
}

func TestWhoHasSomethingUnderWayIsNotErased(t *testing.T) {
	w := newWorld(t, privately)
	w.given("busy-1", 5)
	b := w.signedIn("busy-1")
	pagetest.Want(t, "the answer", b.Send("/mall/privacy/erasure", url.Values{"points": {"5"}, "understood": {"1"}}), http.StatusUnprocessableEntity, "has not ended")
	pagetest.Want(t, "afterwards", b.Get("/mall/privacy"), http.StatusOK, "busy-1")
}

func TestThePageAboutPersonalDataIsChineseToo(t *testing.T) {
	w := newWorld(t, privately)
	b := w.signedIn("M-1")
	b.Header.Set("Accept-Language", "zh-CN")
	pagetest.Want(t, "the page", b.Get("/mall/privacy"), http.StatusOK, "我们保存了什么", "永久注销账户", `lang="zh-CN"`)
}
