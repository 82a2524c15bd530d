package main_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// What is sent in the forms of mall, console and portal by those who are signed in may be
// refused, but is never our fault, and comes back as text. PostgreSQL, which production
// has, takes less than SQLite does.
func TestNoFormOfAPageIsOurFault(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{})
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", t.TempDir(), "--database", server.URL("public"), "--members", "60", "--days", "2", "--events", "200")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(strings.Join(regexp.MustCompile(`.*level=(WARN|ERROR).*`).FindAllString(s.out.String(), -1), "\n"))
		}
	})
	account := []string{"account/password", "account/factor"}
	for _, who := range []struct {
		login, area string
		forms       []string // that must be found, beside others
	}{
		{"support", "/console", append(account, "support/members", "support/members/*/act", "support/disputes/*/take", "support/disputes/*/message", "support/disputes/*/propose", "support/reviews/*")},
		{"maker", "/console", append(account, "breaks", "breaks/*/assign", "breaks/*/attach", "breaks/*/comment", "breaks/*/propose", "settlements/*/propose", "payments/bank", "shop/prices", "statements")},
		{"checker", "/console", append(account, "breaks/*/approve", "breaks/*/decline", "settlements/*/sign", "support/acts/*")},
		{"marketing", "/console", account},
		{"sky.finance", "/console", append(account, "statements")},
		{"sky.engineer", "/portal", append(account, "clock", "conformance", "keys", "keys/*/add", "keys/*/retire", "keys/*/switch", "webhooks")},
		{sandbox.Member(3), "/mall", []string{"convert", "quotes/*", "disputes", "disputes/*/messages", "products/*/confirm", "orders", "orders/*/cancel", "partners/*/unlink", "privacy/erasure", "privacy/export"}},
		{"admin", "/console", append(account, "users", "users/*/disable", "users/*/reset", "users/*/roles")}, // last, for what it does to the others
	} {
		t.Run(who.login, func(t *testing.T) {
			b := pagetest.Open(t, s.url(), who.area+"/account")
			if who.area == "/mall" {
				b.Form = "/mall/me"
				memberSignsIn(b, who.login)
			} else {
				pagetest.Want(t, "sign-in", b.Post(who.area+"/sign-in", url.Values{"login": {who.login}, "password": {sandbox.StaffPassword}}), http.StatusOK)
			}
			a := pagetest.Attacker{Browser: b, Area: who.area, Times: 40, Spare: func(path string) bool {
				return strings.HasSuffix(path, "/sign-out") || strings.HasSuffix(path, "/sessions") || strings.HasPrefix(path, "/portal/docs")
			}}
			did := a.Run(1, who.area)
			t.Logf("sent %v, answered %v", did.Forms, did.Statuses)
			for _, form := range who.forms {
				if did.Forms["POST "+who.area+"/"+form] == 0 {
					t.Errorf("the form %s was not found", form)
				}
			}
		})
	}
}

// memberSignsIn chooses a member at the sandbox's provider.
func memberSignsIn(b *pagetest.Browser, member string) {
	b.T.Helper()
	choices := b.Get("/mall/sign-in/start")
	issuer, err := url.Parse(choices.URL)
	if err != nil {
		b.T.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, issuer.Scheme+"://"+issuer.Host+choiceOf(b.T, choices.Body, member), nil)
	if err != nil {
		b.T.Fatal(err)
	}
	if got := b.Ask(r); !strings.HasPrefix(got.Path, "/mall") {
		b.T.Fatalf("sign-in leads to %s", got.URL)
	}
}

// choiceOf is the path on the provider's page that chooses a member.
func choiceOf(t testing.TB, page, member string) string {
	t.Helper()
	href := regexp.MustCompile(`href="(/authorize/choice[^"]+member=` + member + `[^"]*)"`).FindStringSubmatch(page)
	if href == nil {
		t.Fatalf("the provider does not offer %s:\n%s", member, page)
	}
	return html.UnescapeString(href[1])
}
