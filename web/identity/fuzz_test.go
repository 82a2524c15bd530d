package identity_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/web/identity"
)

const (
	issuer = "https://id.example"
	listed = `{"issuer":"https://id.example","authorization_endpoint":"https://id.example/authorize","token_endpoint":"https://id.example/token","jwks_uri":"https://id.example/jwks"}`
)

// words are what a provider answers, by path; no network is between.
type words map[string]func() (status int, media string, body []byte)

// RoundTrip implements http.RoundTripper.
func (s words) RoundTrip(r *http.Request) (*http.Response, error) {
	say := s[r.URL.Path]
	if say == nil {
		return nil, errors.New("nobody is there")
	}
	status, media, body := say()
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {media}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

func always(media string, body []byte) func() (int, string, []byte) {
	return func() (int, string, []byte) { return http.StatusOK, media, body }
}

func said(t testing.TB, s words) *identity.Provider {
	t.Helper()
	p, err := identity.New(identity.Options{Issuer: issuer, ClientID: "mall", Redirect: redirect, Now: func() time.Time { return noon },
		Algorithms: []string{"ES256"}, Client: &http.Client{Transport: s}})
	must(t, err)
	return p
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func attempt(t testing.TB) identity.Attempt {
	t.Helper()
	a, err := identity.NewAttempt(strings.NewReader(strings.Repeat("\xa5", 32)))
	must(t, err)
	return a
}

// FuzzABrowserIsSentToAProviderOrNowhere: whatever discovery answers, a browser goes
// to an address of https with what a sign-in needs, or the provider can't be reached.
func FuzzABrowserIsSentToAProviderOrNowhere(f *testing.F) {
	f.Add(200, "application/json", []byte(listed))
	for _, other := range []string{`"javascript:alert(1)//"`, `"http://id.example/authorize"`, `"//id.example/authorize"`, `""`, `"https:///authorize"`,
		`"https://id.example/authorize?prompt=none#x"`, `"https://user@id.example/authorize"`, `7`, `"https://id.example/\n"`} {
		f.Add(200, "application/json", []byte(strings.Replace(listed, `"https://id.example/authorize"`, other, 1)))
		f.Add(200, "application/json", []byte(listed[:len(listed)-1]+`,"end_session_endpoint":`+other+"}"))
	}
	f.Add(200, "text/html", []byte("<h1>It works</h1>"))
	f.Add(502, "application/json", []byte(listed))
	f.Fuzz(func(t *testing.T, status int, media string, body []byte) {
		p := said(t, words{"/.well-known/openid-configuration": func() (int, string, []byte) { return status, media, body }})
		a := attempt(t)
		to, err := p.Begin(context.Background(), a, "zh")
		if err != nil {
			if out := p.SignOut("", redirect); !errors.Is(err, identity.ErrUnreachable) || out != "" {
				t.Fatalf("%q fails with %v, and one signs out at %q", body, err, out)
			}
			return
		}
		u := secure(t, to)
		if q := u.Query(); !slices.Contains(q["state"], a.State()) || !slices.Contains(q["client_id"], "mall") || !slices.Contains(q["redirect_uri"], redirect) || !slices.Contains(q["code_challenge_method"], "S256") {
			t.Fatalf("a browser is sent to %s", to)
		}
		if out := p.SignOut("token", redirect); out != "" && secure(t, out).Query().Get("post_logout_redirect_uri") != redirect {
			t.Fatalf("one signs out at %s", out)
		}
	})
}

func secure(t *testing.T, to string) *url.URL {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		t.Fatalf("a browser is sent to %q: %v", to, err)
	}
	return u
}

// notary signs ID tokens of the provider.
type notary struct {
	signer jose.Signer
	keys   []byte
}

func newNotary(t testing.TB) notary {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	must(t, err)
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	must(t, err)
	return notary{signer, keys}
}

func (n notary) sign(t testing.TB, claims []byte) string {
	t.Helper()
	signed, err := n.signer.Sign(claims)
	must(t, err)
	text, err := signed.CompactSerialize()
	must(t, err)
	return text
}

// nonce is what a sign-in of the attempt asks for.
func nonce(t testing.TB, p *identity.Provider, a identity.Attempt) string {
	t.Helper()
	to, err := p.Begin(context.Background(), a, "zh")
	must(t, err)
	u, err := url.Parse(to)
	must(t, err)
	return u.Query().Get("nonce")
}

func claims(nonce string) string {
	return `{"iss":"https://id.example","sub":"M-1","aud":"mall","exp":1772370000,"iat":1772366400,"nonce":"` + nonce + `","name":"李晓明"}`
}

// FuzzATokenAnswerIsSomebodyOrRefused: whatever the token endpoint answers, somebody
// signs in by the ID token that stands in it, or nobody does, and for a reason.
func FuzzATokenAnswerIsSomebodyOrRefused(f *testing.F) {
	n := newNotary(f)
	var status int
	var media string
	var body []byte
	p := said(f, words{"/.well-known/openid-configuration": always("application/json", []byte(listed)), "/jwks": always("application/json", n.keys),
		"/token": func() (int, string, []byte) { return status, media, body }})
	a := attempt(f)
	good := n.sign(f, []byte(claims(nonce(f, p, a))))
	foreign := newNotary(f).sign(f, []byte(claims(nonce(f, p, a))))
	for _, token := range []string{`"` + good + `"`, `"` + foreign + `"`, `"` + good + `."`, `"` + good[:len(good)-4] + `"`, `7`, `null`, `["` + good + `"]`} {
		f.Add(200, "application/json", []byte(`{"access_token":"x","token_type":"Bearer","expires_in":300,"id_token":`+token+`}`))
	}
	f.Add(200, "application/x-www-form-urlencoded", []byte("access_token=x&id_token="+good))
	f.Add(400, "application/json", []byte(`{"error":"invalid_grant<script>"}`))
	f.Add(500, "text/html", []byte("oh"))
	f.Fuzz(func(t *testing.T, s int, m string, b []byte) {
		status, media, body = s, m, b
		who, err := p.Finish(context.Background(), a, url.Values{"state": {a.State()}, "code": {"c"}})
		if err != nil {
			expected(t, err)
			return
		}
		if !sameToken(who.IDToken, good) || !bytes.Contains(b, []byte(who.IDToken)) || who.Member != "M-1" || who.Name != "李晓明" {
			t.Fatalf("%q signs in %+v", b, who)
		}
	})
}

// sameToken compares two with what they say; a signature can be written in two ways
// when its last character has spare bits.
func sameToken(a, b string) bool {
	return a[:strings.LastIndexByte(a, '.')] == b[:strings.LastIndexByte(b, '.')]
}

func expected(t *testing.T, err error) {
	t.Helper()
	for _, known := range []error{identity.ErrUnreachable, identity.ErrRefused, identity.ErrToken, identity.ErrNoMember} {
		if errors.Is(err, known) {
			return
		}
	}
	t.Fatalf("it fails with %v", err)
}

// FuzzClaimsAreForUsNow: whatever a provider signs, somebody signs in only when it is
// from that provider, for us, now and for this attempt, and is who the claim says.
func FuzzClaimsAreForUsNow(f *testing.F) {
	n := newNotary(f)
	var token string
	p := said(f, words{"/.well-known/openid-configuration": always("application/json", []byte(listed)), "/jwks": always("application/json", n.keys),
		"/token": func() (int, string, []byte) {
			return 200, "application/json", []byte(`{"access_token":"x","token_type":"Bearer","id_token":"` + token + `"}`)
		}})
	a := attempt(f)
	asked := nonce(f, p, a)
	good := claims(asked)
	for _, c := range [][2]string{{`"M-1"`, `""`}, {`"mall"`, `["mall","other"]`}, {"1772370000", "1"}, {"1772366400", "1999999999"}, {asked, "x"}, {issuer, "https://evil.example"},
		{`"aud"`, `"azp":"other","aud"`}, {`"sub"`, `"sub":7,"sUb"`}, {`"李晓明"`, `{"a":[]}`}, {`"exp":1772370000`, `"exp":1e300`}, {`"iat":1772366400`, `"iat":"soon"`}, {"M-1", strings.Repeat("9", 300)}, {"{", "["}, {"1772370000,", "null,"}} {
		f.Add([]byte(strings.Replace(good, c[0], c[1], 1)))
	}
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, payload []byte) {
		token = n.sign(t, payload)
		who, err := p.Finish(context.Background(), a, url.Values{"state": {a.State()}, "code": {"c"}})
		if err != nil {
			expected(t, err)
			return
		}
		var c map[string]any
		if err := json.Unmarshal(payload, &c); err != nil || strangelyWritten(c) {
			if err != nil {
				t.Fatalf("%q signs in %+v", payload, who)
			}
			return
		}
		exp, _ := c["exp"].(float64)
		audience, several := c["aud"].([]any)
		if c["iss"] != issuer || c["nonce"] != asked || exp <= float64(noon.Unix()) || c["aud"] != any("mall") && (!several || !slices.Contains(audience, any("mall"))) {
			t.Fatalf("%q signs in %+v", payload, who)
		}
		if name, _ := c["name"].(string); who.Member == "" || c["sub"] != who.Member || name != who.Name || who.IDToken != token {
			t.Fatalf("%q signs in %+v", payload, who)
		}
	})
}

// strangelyWritten says that a claim of the provider's is written in capitals, which
// the library reads as it reads the right one.
func strangelyWritten(c map[string]any) bool {
	for name := range c {
		if low := strings.ToLower(name); low != name && slices.Contains([]string{"iss", "aud", "exp", "nonce", "sub"}, low) {
			return true
		}
	}
	return false
}
