package oauth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
)

// access is what a good access token says.
func (d *desk) access() jwt.MapClaims {
	now := d.clock.Now()
	return jwt.MapClaims{"iss": issuer, "sub": "sky-app", "aud": issuer + "/v1", "client_id": "sky-app", "scope": "quotes",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "1"}
}

func forge(t *testing.T, method jwt.SigningMethod, kid, typ string, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["typ"] = kid, typ
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestATokenOfOursIsAccepted(t *testing.T) {
	d := newDesk(t)
	caller, err := d.tokens.Verify(forge(t, jwt.SigningMethodEdDSA, d.signing.ID, "at+jwt", d.signing.Private, d.access()))
	if err != nil || caller.Client != "sky-app" || caller.Scopes.String() != "quotes" {
		t.Errorf("got %+v, %v", caller, err)
	}
}

func TestAnAccessTokenIsDenied(t *testing.T) {
	d := newDesk(t)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ours := func(change func(c jwt.MapClaims)) string {
		c := d.access()
		change(c)
		return forge(t, jwt.SigningMethodEdDSA, d.signing.ID, "at+jwt", d.signing.Private, c)
	}
	public := d.signing.Private.Public().(ed25519.PublicKey)
	cases := map[string]struct{ token, code string }{
		"that is no JWT":               {"abc", oauth.CodeMalformed},
		"that is too long":             {strings.Repeat("a", 4097), oauth.CodeMalformed},
		"with algorithm none":          {forge(t, jwt.SigningMethodNone, d.signing.ID, "at+jwt", jwt.UnsafeAllowNoneSignatureType, d.access()), oauth.CodeSignature},
		"with HS256 by our public key": {forge(t, jwt.SigningMethodHS256, d.signing.ID, "at+jwt", []byte(public), d.access()), oauth.CodeSignature},
		"with ES256":                   {forge(t, jwt.SigningMethodES256, d.signing.ID, "at+jwt", d.keys["ES256"], d.access()), oauth.CodeSignature},
		"by another key":               {forge(t, jwt.SigningMethodEdDSA, d.signing.ID, "at+jwt", other, d.access()), oauth.CodeSignature},
		"with an unknown kid":          {forge(t, jwt.SigningMethodEdDSA, "other", "at+jwt", d.signing.Private, d.access()), oauth.CodeSignature},
		"without kid":                  {forge(t, jwt.SigningMethodEdDSA, "", "at+jwt", d.signing.Private, d.access()), oauth.CodeSignature},
		"of another type":              {forge(t, jwt.SigningMethodEdDSA, d.signing.ID, "JWT", d.signing.Private, d.access()), oauth.CodeMalformed},
		"that expired":                 {ours(func(c jwt.MapClaims) { c["exp"] = d.clock.Now().Unix() }), oauth.CodeExpired},
		"that never expires":           {ours(func(c jwt.MapClaims) { delete(c, "exp") }), oauth.CodeMalformed},
		"that is not valid yet":        {ours(func(c jwt.MapClaims) { c["nbf"] = d.clock.Now().Add(time.Second).Unix() }), oauth.CodeNotYetValid},
		"for another audience":         {ours(func(c jwt.MapClaims) { c["aud"] = "https://other.example" }), oauth.CodeAudience},
		"of another issuer":            {ours(func(c jwt.MapClaims) { c["iss"] = "https://other.example" }), oauth.CodeIssuer},
		"of nobody":                    {ours(func(c jwt.MapClaims) { delete(c, "sub") }), oauth.CodeMalformed},
		"of an unknown client":         {ours(func(c jwt.MapClaims) { c["sub"] = "nobody" }), oauth.CodeClient},
		"whose claims are no object":   {"eyJhbGciOiJFZERTQSJ9.W10.AA", oauth.CodeMalformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time it could come from the cache
				deniedWith(t, d, c.token, c.code)
			}
		})
	}
}

func TestATokenEndsWhenItExpiresThoughItWasSeenBefore(t *testing.T) {
	d := newDesk(t)
	token, life, err := d.tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		t.Fatal(err)
	}
	d.wait(life - time.Nanosecond)
	if _, err := d.tokens.Verify(token); err != nil {
		t.Fatalf("a moment before the end: %v", err)
	}
	d.wait(time.Nanosecond)
	deniedWith(t, d, token, oauth.CodeExpired)
	deniedWith(t, d, token, oauth.CodeExpired)
}

func TestATokenEndsWhenItsClientDoes(t *testing.T) {
	d := newDesk(t)
	token, _, err := d.tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.tokens.Verify(token); err != nil {
		t.Fatal(err)
	}
	d.forget("sky-app")
	deniedWith(t, d, token, oauth.CodeClient)
}

func TestAScopeThatWasTakenAwayIsNotInATokenOfBefore(t *testing.T) {
	d := newDesk(t)
	token, _, err := d.tokens.Mint("sky-app", oauth.Only("quotes", "conversions"))
	if err != nil {
		t.Fatal(err)
	}
	d.clients["sky-app"].Scopes = []partners.Scope{"quotes"}
	caller, err := d.tokens.Verify(token)
	if err != nil || caller.Scopes != oauth.Only("quotes") {
		t.Errorf("got %v, %v", caller.Scopes, err)
	}
}

func TestTokensOfThePreviousKeyAreStillAccepted(t *testing.T) {
	d := newDesk(t)
	next, err := partners.LoadOrCreateSigningKey(filepath.Join(t.TempDir(), "key.pem"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, _, err := d.tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := oauth.NewTokens(oauth.Options{Issuer: issuer, Keys: []partners.SigningKey{next}, Previous: []partners.Key{d.signing.Public()},
		Registry: d, Now: d.clock.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	fresh, _, err := tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{old, fresh} {
		if _, err := tokens.Verify(token); err != nil {
			t.Error(err)
		}
	}
	deniedWith(t, d, fresh, oauth.CodeSignature)
	if keys := tokens.PublicKeys(); len(keys) != 2 || keys[0].ID != next.ID {
		t.Errorf("publishes %v", keys)
	}
}

func TestBearerHeaders(t *testing.T) {
	cases := map[string]struct {
		values []string
		token  string
		code   string
	}{
		"none":         {nil, "", oauth.CodeMissing},
		"good":         {[]string{"Bearer abc"}, "abc", ""},
		"lower case":   {[]string{"bearer abc"}, "abc", ""},
		"other scheme": {[]string{"Basic abc"}, "", oauth.CodeMalformed},
		"no token":     {[]string{"Bearer "}, "", oauth.CodeMalformed},
		"no space":     {[]string{"Bearer"}, "", oauth.CodeMalformed},
		"two headers":  {[]string{"Bearer a", "Bearer b"}, "", oauth.CodeMalformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			token, err := oauth.Bearer(http.Header{"Authorization": c.values})
			var d *oauth.Denial
			if token != c.token || errors.As(err, &d) != (c.code != "") || d != nil && d.Code != c.code {
				t.Errorf("got %q, %v", token, err)
			}
			if d != nil && !strings.HasPrefix(d.Challenge(), "Bearer ") {
				t.Errorf("challenge %q", d.Challenge())
			}
		})
	}
}

func TestTheOperatorMayDoEverything(t *testing.T) {
	for _, s := range partners.Scopes() {
		if !oauth.Only("operator").Allows(oauth.Only(s)) {
			t.Errorf("not %s", s)
		}
		if oauth.Only().Allows(oauth.Only(s)) {
			t.Errorf("no scope allows %s", s)
		}
	}
	if !oauth.Only().Allows(0) {
		t.Error("nothing needed, and yet refused")
	}
}

func TestOptionsOfTokensAreChecked(t *testing.T) {
	d := newDesk(t)
	good := func() oauth.Options {
		return oauth.Options{Issuer: issuer, Keys: []partners.SigningKey{d.signing}, Registry: d, Now: d.clock.Now, Random: rand.Reader}
	}
	for name, change := range map[string]func(*oauth.Options){
		"no issuer":     func(o *oauth.Options) { o.Issuer = "" },
		"no registry":   func(o *oauth.Options) { o.Registry = nil },
		"no key":        func(o *oauth.Options) { o.Keys = nil },
		"too long":      func(o *oauth.Options) { o.Life = time.Hour },
		"too short":     func(o *oauth.Options) { o.Life = time.Second },
		"a foreign key": func(o *oauth.Options) { o.Previous = []partners.Key{{ID: "x", Public: d.keys["RS256"].Public()}} },
	} {
		o := good()
		change(&o)
		if _, err := oauth.NewTokens(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkVerifySeenToken(b *testing.B) {
	d := newDesk(b)
	token, _, err := d.tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.tokens.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}

func deniedWith(t *testing.T, d *desk, token, code string) {
	t.Helper()
	_, err := d.tokens.Verify(token)
	var denial *oauth.Denial
	if !errors.As(err, &denial) || denial.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func FuzzNothingButATokenOfOursIsAccepted(f *testing.F) {
	d := newDesk(f)
	ours, _, err := d.tokens.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{ours, ours[:len(ours)-1], ours + "A", "..", "eyJhbGciOiJub25lIn0.e30.", "a.b.c", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if caller, err := d.tokens.Verify(token); err == nil && token != ours {
			t.Errorf("%q speaks for %+v", token, caller)
		}
	})
}
