package mall_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/web/identity"
	"github.com/pointgrid/pointgrid/web/identity/identitysim"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// door is an identity provider before a world.
type door struct {
	down       atomic.Bool
	alter      func(jwt.MapClaims)
	registered []string
	issuer     string
}

// withDoor has members sign in with a provider.
func withDoor(d *door) func(*world, *mall.Options) {
	return func(w *world, o *mall.Options) {
		server := httptest.NewUnstartedServer(nil)
		d.issuer = "http://" + server.Listener.Addr().String()
		sim, err := identitysim.New(identitysim.Options{Issuer: d.issuer, Client: "mall", Redirects: []string{w.url + mall.CallbackPath, w.url + mall.GoodbyePath},
			Members: []identitysim.Member{{Number: "M-1", Name: "李晓明"}, {Number: "M-2", Name: "王静怡"}}, Now: time.Now, Random: rand.Reader,
			Alter: func(c jwt.MapClaims) {
				if d.alter != nil {
					d.alter(c)
				}
			}})
		must(w.t, err)
		server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if d.down.Load() {
				http.Error(rw, "down", http.StatusBadGateway)
				return
			}
			sim.Handler().ServeHTTP(rw, r)
		})
		server.Start()
		w.t.Cleanup(server.Close)
		provider, err := identity.New(identity.Options{Issuer: d.issuer, ClientID: "mall", Redirect: w.url + mall.CallbackPath, Now: w.machine.Now})
		must(w.t, err)
		o.Identity = provider
		o.Register = func(_ context.Context, member string) error {
			if strings.Contains(member, " ") {
				return fmt.Errorf("%w: has a space", mall.ErrNotAMember)
			}
			d.registered = append(d.registered, member)
			return nil
		}
	}
}

var chosen = regexp.MustCompile(`href="(/authorize/choice\?[^"]*member=([^"&]+)[^"]*)"`)

// choose goes from the sign-in page to the provider, and chooses a member there.
func (d *door) choose(t *testing.T, b *pagetest.Browser, start, member string) pagetest.Answer {
	t.Helper()
	page := b.Get(start)
	for _, link := range chosen.FindAllStringSubmatch(page.Body, -1) {
		if link[2] == member {
			return d.visit(t, b, html.UnescapeString(link[1]))
		}
	}
	t.Fatalf("the provider does not offer %s: %d\n%s", member, page.Status, page.Body)
	return pagetest.Answer{}
}

// visit opens a page of the provider.
func (d *door) visit(t *testing.T, b *pagetest.Browser, path string) pagetest.Answer {
	t.Helper()
	there := *b
	there.URL = d.issuer
	return there.Get(path)
}

func TestAMemberSignsInAtTheUtilityAndComesBackToWhereTheyWanted(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	b := w.browser()
	pagetest.Want(t, "the sign-in page", b.Get("/mall/me?x=1"), http.StatusOK, "Sign in with the utility", "/mall/sign-in/start?next=%2fmall%2fme%3fx%3d1")
	got := d.choose(t, b, "/mall/sign-in/start?next=/mall/me%3fx=1", "M-1")
	pagetest.Want(t, "after signing in", got, http.StatusOK, "李晓明", "Customer number M-1")
	if got.Path != "/mall/me" || fmt.Sprint(d.registered) != "[M-1]" {
		t.Errorf("signing in leads to %s, registered is %v", got.Path, d.registered)
	}
	u, err := url.Parse(w.url)
	must(t, err)
	for _, c := range b.Client.Jar.Cookies(u) {
		if strings.Contains(c.Name, "attempt") {
			t.Errorf("the cookie %s is left behind", c.Name)
		}
	}
	out := b.Send("/mall/sign-out", url.Values{})
	pagetest.Want(t, "signing out", out, http.StatusOK, d.issuer+"/end_session", `http-equiv="refresh"`, "id_token_hint=")
	if got := b.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("after signing out: %s", got.Path)
	}
}

func TestTwoTabsCanSignInAtOnce(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	b := w.browser()
	first := b.Get("/mall/sign-in/start?next=/mall/me")
	if got := d.choose(t, b, "/mall/sign-in/start", "M-1"); got.Path != "/mall" {
		t.Fatalf("the second tab leads to %s", got.Path)
	}
	link := chosen.FindStringSubmatch(first.Body)
	if got := d.visit(t, b, html.UnescapeString(link[1])); got.Path != "/mall/me" {
		t.Errorf("the first tab leads to %s", got.Path)
	}
}

func TestNobodySignsAnotherBrowserIn(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	attacker, victim := w.browser(), w.browser()
	stop := *attacker
	client := *attacker.Client
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == mall.CallbackPath {
			return http.ErrUseLastResponse
		}
		return nil
	}
	stop.Client = &client
	unfinished := d.choose(t, &stop, "/mall/sign-in/start", "M-2")
	callback := strings.TrimPrefix(unfinished.Header.Get("Location"), w.url)
	pagetest.Want(t, "the attacker's answer in the victim's browser", victim.Get(callback), http.StatusBadRequest, "no longer good")
	if got := victim.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("the victim is signed in: %s", got.Path)
	}
	d.choose(t, victim, "/mall/sign-in/start", "M-1")
	victim.Get(callback)
	pagetest.Want(t, "a victim who was signed in", victim.Get("/mall/me"), http.StatusOK, "M-1")
	for _, forged := range []string{"", "?state=", "?state=AAAAAAAA&code=x", "?state=%00%0a;Path=/&code=x"} {
		if got := w.browser().Get(mall.CallbackPath + forged); got.Status != http.StatusBadRequest {
			t.Errorf("a forged answer %q: %d", forged, got.Status)
		}
	}
}

func TestSigningInReplacesTheSessionThatTheBrowserHad(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	b := w.signedIn("M-2") // as one that an attacker planted
	planted := *b
	jar := *w.browser()
	u, err := url.Parse(w.url)
	must(t, err)
	jar.Client.Jar.SetCookies(u, planted.Client.Jar.Cookies(u))
	d.choose(t, b, "/mall/sign-in/start", "M-1")
	pagetest.Want(t, "the member", b.Get("/mall/me"), http.StatusOK, "M-1")
	if got := jar.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("the session that was there before still opens %s", got.Path)
	}
}

func TestWhereToGoAfterSigningInIsAPageOfOurs(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/portal", "/mallory", "/mall/sign-in", "/mall/../portal", "javascript:alert(1)", "/mall\t/x"} {
		if got := d.choose(t, w.browser(), "/mall/sign-in/start?next="+url.QueryEscape(next), "M-1"); got.Path != "/mall" {
			t.Errorf("next=%q leads to %s", next, got.Path)
		}
	}
}

func TestWhatGoesWrongAtTheProviderIsAPageThatSaysWhatToDo(t *testing.T) {
	d := &door{}
	w := newWorld(t, withDoor(d))
	b := w.browser()
	d.down.Store(true)
	pagetest.Want(t, "the provider is down", b.Get("/mall/sign-in/start"), http.StatusServiceUnavailable, "can&#39;t be reached just now", "Sign in again")
	d.down.Store(false)
	w.machine.Advance(4 * time.Second)
	page := b.Get("/mall/sign-in/start?next=/mall/me")
	cancel := regexp.MustCompile(`class="leave" href="([^"]+)"`).FindStringSubmatch(page.Body)
	pagetest.Want(t, "the member leaves", b.Get(strings.TrimPrefix(html.UnescapeString(cancel[1]), w.url)), http.StatusForbidden, "You are not signed in", "next=%2fmall%2fme")
	d.alter = func(c jwt.MapClaims) { c["nonce"] = "forged" }
	pagetest.Want(t, "a forged token", d.choose(t, b, "/mall/sign-in/start", "M-1"), http.StatusBadGateway, "could not be verified")
	d.alter = func(c jwt.MapClaims) { c["sub"] = "not a member" }
	pagetest.Want(t, "an account that is no member's", d.choose(t, b, "/mall/sign-in/start", "M-1"), http.StatusForbidden, "no customer number")
	if got := b.Get("/mall"); got.Path != "/mall/sign-in" {
		t.Errorf("then one is at %s", got.Path)
	}
}

func TestANameIsWords(t *testing.T) {
	d := &door{alter: func(c jwt.MapClaims) { c["name"] = `<script>alert(1)</script>` + strings.Repeat("长", 300) }}
	w := newWorld(t, withDoor(d))
	got := d.choose(t, w.browser(), "/mall/sign-in/start", "M-1")
	if strings.Contains(got.Body, "<script>alert") || !strings.Contains(got.Body, "&lt;script&gt;") || strings.Count(got.Body, "长") > 60 {
		t.Errorf("the name is not escaped and cut:\n%s", got.Body)
	}
}
