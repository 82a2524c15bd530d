package identity_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/web/identity"
	"github.com/pointgrid/pointgrid/web/identity/identitysim"
)

const redirect = "http://mall.example/mall/sign-in/callback"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stand is a provider and us, who sign in with it.
type stand struct {
	t        *testing.T
	issuer   string
	down     atomic.Bool
	alter    func(jwt.MapClaims)
	provider *identity.Provider
	now      time.Time
}

func newStand(t *testing.T, change ...func(*identity.Options)) *stand {
	t.Helper()
	s := &stand{t: t, now: time.Now()}
	server := httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + server.Listener.Addr().String()
	sim, err := identitysim.New(identitysim.Options{Issuer: s.issuer, Client: "mall", Redirects: []string{redirect, "http://mall.example/mall/signed-out"},
		Members: []identitysim.Member{{Number: "M-1", Name: "李晓明"}}, Now: time.Now, Random: rand.Reader,
		Alter: func(c jwt.MapClaims) {
			if s.alter != nil {
				s.alter(c)
			}
		}})
	must(t, err)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		sim.Handler().ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	o := identity.Options{Issuer: s.issuer, ClientID: "mall", Redirect: redirect, Now: func() time.Time { return s.now }}
	for _, c := range change {
		c(&o)
	}
	s.provider, err = identity.New(o)
	must(t, err)
	return s
}

// begin begins a sign-in and chooses a member; it returns the provider's answer.
func (s *stand) begin(member string) (identity.Attempt, url.Values) {
	s.t.Helper()
	a, err := identity.NewAttempt(rand.Reader)
	must(s.t, err)
	to, err := s.provider.Begin(context.Background(), a, "zh")
	must(s.t, err)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(strings.Replace(to, "/authorize?", "/authorize/choice?member="+member+"&", 1))
	must(s.t, err)
	defer resp.Body.Close()
	back, err := resp.Location()
	must(s.t, err)
	return a, back.Query()
}

func TestAMemberSignsInWithCodeAndPKCE(t *testing.T) {
	s := newStand(t)
	a, answer := s.begin("M-1")
	again, err := identity.ParseAttempt(a.Text())
	must(t, err)
	who, err := s.provider.Finish(context.Background(), again, answer)
	must(t, err)
	if who.Member != "M-1" || who.Name != "李晓明" || who.IDToken == "" {
		t.Errorf("signed in is %+v", who)
	}
	out, err := url.Parse(s.provider.SignOut(who.IDToken, "http://mall.example/mall/signed-out"))
	must(t, err)
	if out.Path != "/end_session" || out.Query().Get("id_token_hint") != who.IDToken || out.Query().Get("client_id") != "mall" {
		t.Errorf("sign-out is at %s", out)
	}
	if _, err := s.provider.Finish(context.Background(), a, answer); !errors.Is(err, identity.ErrRefused) {
		t.Errorf("the same code again: %v", err)
	}
}

func TestAnAnswerThatIsNotToTheAttemptIsForeign(t *testing.T) {
	s := newStand(t)
	for name, change := range map[string]func(*identity.Attempt, url.Values){
		"no state":             func(_ *identity.Attempt, q url.Values) { q.Del("state") },
		"another state":        func(_ *identity.Attempt, q url.Values) { q.Set("state", strings.Repeat("A", 43)) },
		"another's attempt":    func(a *identity.Attempt, _ url.Values) { *a, _ = identity.NewAttempt(rand.Reader) },
		"two codes":            func(_ *identity.Attempt, q url.Values) { q.Add("code", "other") },
		"another issuer":       func(_ *identity.Attempt, q url.Values) { q.Set("iss", "https://evil.example") },
		"no issuer":            func(_ *identity.Attempt, q url.Values) { q.Del("iss") },
		"an error, no state":   func(_ *identity.Attempt, q url.Values) { q.Del("state"); q.Set("error", "access_denied") },
		"an error, other home": func(_ *identity.Attempt, q url.Values) { q.Set("iss", "x"); q.Set("error", "access_denied") },
	} {
		a, answer := s.begin("M-1")
		change(&a, answer)
		if _, err := s.provider.Finish(context.Background(), a, answer); !errors.Is(err, identity.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACodeOfAnotherSignInIsRefused(t *testing.T) {
	s := newStand(t)
	_, stolen := s.begin("M-1")
	a, answer := s.begin("M-2")
	answer.Set("code", stolen.Get("code"))
	if _, err := s.provider.Finish(context.Background(), a, answer); !errors.Is(err, identity.ErrRefused) {
		t.Errorf("a code with another verifier: %v", err)
	}
}

func TestATokenThatIsNotForUsNowIsNotBelieved(t *testing.T) {
	s := newStand(t)
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, c := range map[string]struct {
		alter func(jwt.MapClaims)
		want  error
	}{
		"expired":                  {func(c jwt.MapClaims) { c["exp"] = at(-time.Minute) }, identity.ErrToken},
		"from the future":          {func(c jwt.MapClaims) { c["iat"] = at(10 * time.Minute) }, identity.ErrToken},
		"of another issuer":        {func(c jwt.MapClaims) { c["iss"] = "https://evil.example" }, identity.ErrToken},
		"for another client":       {func(c jwt.MapClaims) { c["aud"] = "other" }, identity.ErrToken},
		"for several, azp missing": {func(c jwt.MapClaims) { c["aud"] = []string{"mall", "other"} }, identity.ErrToken},
		"for several, by another": {func(c jwt.MapClaims) {
			c["aud"] = []string{"mall", "other"}
			c["azp"] = "other"
		}, identity.ErrToken},
		"azp is another":      {func(c jwt.MapClaims) { c["azp"] = "other" }, identity.ErrToken},
		"azp is no text":      {func(c jwt.MapClaims) { c["azp"] = 7 }, identity.ErrToken},
		"without nonce":       {func(c jwt.MapClaims) { delete(c, "nonce") }, identity.ErrToken},
		"with another nonce":  {func(c jwt.MapClaims) { c["nonce"] = "other" }, identity.ErrToken},
		"of another token":    {func(c jwt.MapClaims) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, identity.ErrToken},
		"without a member":    {func(c jwt.MapClaims) { delete(c, "sub") }, identity.ErrNoMember},
		"member is no text":   {func(c jwt.MapClaims) { delete(c, "sub"); c["sub"] = "" }, identity.ErrNoMember},
		"for several, for us": {func(c jwt.MapClaims) { c["aud"] = []string{"mall", "other"}; c["azp"] = "mall" }, nil},
	} {
		s.alter = c.alter
		a, answer := s.begin("M-1")
		if _, err := s.provider.Finish(context.Background(), a, answer); !errors.Is(err, c.want) {
			t.Errorf("a token %s: %v, want %v", name, err, c.want)
		}
	}
}

func TestTheClaimThatNamesTheMemberIsConfigured(t *testing.T) {
	s := newStand(t, func(o *identity.Options) { o.MemberClaim, o.NameClaim = "customer_number", "nickname" })
	s.alter = func(c jwt.MapClaims) { c["customer_number"], c["nickname"] = "3301-7", "小明" }
	a, answer := s.begin("M-1")
	who, err := s.provider.Finish(context.Background(), a, answer)
	if err != nil || who.Member != "3301-7" || who.Name != "小明" {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestAlgorithmsArePinned(t *testing.T) {
	s := newStand(t, func(o *identity.Options) { o.Algorithms = []string{"RS256"} })
	a, answer := s.begin("M-1")
	if _, err := s.provider.Finish(context.Background(), a, answer); !errors.Is(err, identity.ErrToken) {
		t.Errorf("a token signed with ES256: %v", err)
	}
	for _, weak := range []string{"HS256", "none", ""} {
		if _, err := identity.New(identity.Options{Issuer: "https://id", ClientID: "mall", Redirect: redirect, Now: time.Now, Algorithms: []string{weak}}); err == nil {
			t.Errorf("%q can be configured", weak)
		}
	}
}

func TestAProviderThatIsDownIsAskedAgain(t *testing.T) {
	s := newStand(t)
	s.down.Store(true)
	a, err := identity.NewAttempt(rand.Reader)
	must(t, err)
	if _, err := s.provider.Begin(context.Background(), a, "en"); !errors.Is(err, identity.ErrUnreachable) {
		t.Errorf("while it is down: %v", err)
	}
	if out := s.provider.SignOut("", "http://mall.example/"); out != "" {
		t.Errorf("one that isn't known has a sign-out at %s", out)
	}
	s.down.Store(false)
	if _, err := s.provider.Begin(context.Background(), a, "en"); !errors.Is(err, identity.ErrUnreachable) {
		t.Errorf("the failure is not remembered: %v", err)
	}
	s.now = s.now.Add(4 * time.Second)
	if _, err := s.provider.Begin(context.Background(), a, "en"); err != nil {
		t.Errorf("once it is up: %v", err)
	}
	b, answer := s.begin("M-1")
	s.down.Store(true)
	if _, err := s.provider.Finish(context.Background(), b, answer); !errors.Is(err, identity.ErrUnreachable) {
		t.Errorf("the token endpoint is down: %v", err)
	}
}

func TestTheProvidersRefusalIsPassedOn(t *testing.T) {
	s := newStand(t)
	a, answer := s.begin("M-1")
	answer.Del("code")
	answer.Set("error", "access_denied<script>")
	var denied *identity.Denied
	if _, err := s.provider.Finish(context.Background(), a, answer); !errors.As(err, &denied) || denied.Code != "access_deniedscript" {
		t.Errorf("%v", err)
	}
}
