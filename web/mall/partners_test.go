package mall_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

const consent = "members-2026-11"

func TestAMemberLinksAMembershipByConsentAndEndsThatAgain(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	a.join(t, "sky", "SKY-000001", 5_000)
	b := w.signedIn("M-1")
	pagetest.Want(t, "before", b.Get("/mall/partners"), http.StatusOK, "Sky &lt;Air&gt;", "Not linked")
	pagetest.Want(t, "the form", b.Get("/mall/partners/sky"), http.StatusOK, "It does not tell your customer number", "Terms "+consent)
	got := b.Send("/mall/partners/sky", url.Values{"membership": {"SKY-000001"}})
	pagetest.Want(t, "without consent", got, http.StatusUnprocessableEntity, "Please tick", `value="SKY-000001"`)
	got = b.Send("/mall/partners/sky", url.Values{"membership": {"SKY-000001"}, "consent": {"an older text"}})
	pagetest.Want(t, "with consent to another text", got, http.StatusUnprocessableEntity, "Please tick")
	got = b.Send("/mall/partners/sky", url.Values{"membership": {" SKY-000001 "}, "consent": {consent}})
	pagetest.Want(t, "linked", got, http.StatusOK, "Sky &lt;Air&gt; is linked", "SKY•••••01")
	l, err := w.store.LinkOf(t.Context(), "sky", "M-1")
	must(t, err)
	if l.Consent.TextVersion != consent || l.Consent.Channel != "web" || l.Consent.GivenAt != w.clock.Now().UnixMilli() || l.Membership != "SKY-000001" {
		t.Errorf("the link is %+v", l)
	}
	got = w.signedIn("M-2").Send("/mall/partners/sky", url.Values{"membership": {"SKY-000001"}, "consent": {consent}})
	pagetest.Want(t, "another member's", got, http.StatusUnprocessableEntity, "linked with another customer")
	pagetest.Want(t, "how it ends", b.Get("/mall/partners/sky"), http.StatusOK, "Your points on both sides stay as they are")
	pagetest.Want(t, "ended", b.Send("/mall/partners/sky/unlink", url.Values{}), http.StatusOK, "no longer linked")
	pagetest.Want(t, "ended twice", b.Send("/mall/partners/sky/unlink", url.Values{}), http.StatusOK, "no longer linked")
}

func TestWhatAPartnerSaysAboutAMembershipIsSaidInPlainWords(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	b := w.signedIn("M-1")
	for name, c := range map[string]struct{ membership, want string }{
		"unknown":         {"SKY-404404", "did not confirm this membership"},
		"script":          {`"><script>alert(1)</script>`, "did not confirm this membership"},
		"with spaces":     {"SKY 1", "did not confirm this membership"},
		"nothing":         {"  ", "did not confirm this membership"},
		"very long":       {strings.Repeat("X", 3_000), "did not confirm this membership"},
		"control signs":   {"SKY\x01\n1", "did not confirm this membership"},
		"other languages": {"会员１", "did not confirm this membership"},
	} {
		got := b.Send("/mall/partners/sky", url.Values{"membership": {c.membership}, "consent": {consent}})
		pagetest.Want(t, name, got, http.StatusUnprocessableEntity, c.want)
		if strings.Contains(got.Body, "<script>alert") {
			t.Errorf("%s: not escaped", name)
		}
	}
	zero := b.Send("/mall/partners/sky", url.Values{"membership": {"SKY\x001"}, "consent": {consent}})
	pagetest.Want(t, "what no browser sends", zero, http.StatusForbidden, "nothing was done")
	pagetest.Want(t, "no such partner", b.Get("/mall/partners/nobody"), http.StatusNotFound, "There is no such page")
	if _, err := w.store.LinkOf(t.Context(), "sky", "M-1"); err != exchange.ErrNotFound {
		t.Errorf("a link was made: %v", err)
	}
}
