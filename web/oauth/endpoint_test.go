package oauth_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/web/oauth"
)

func TestATokenIsGivenForEachAlgorithm(t *testing.T) {
	d := newDesk(t)
	for _, algorithm := range []string{"EdDSA", "ES256", "RS256", "PS256"} {
		t.Run(algorithm, func(t *testing.T) {
			a := d.ask(t, form(d.sign(t, algorithm, algorithm, d.keys[algorithm], d.claim())))
			if a.status != 200 || a.TokenType != "Bearer" || a.ExpiresIn != 300 || a.Scope != "quotes conversions" {
				t.Fatalf("got %+v", a)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
			}
			caller, err := d.tokens.Verify(a.AccessToken)
			if err != nil || caller.Client != "sky-app" || caller.Partner != "sky" || caller.Scopes != oauth.Only("quotes", "conversions") || caller.Key != algorithm || caller.TokenID == "" {
				t.Errorf("token speaks for %+v, %v", caller, err)
			}
		})
	}
}

func TestTheIssuerWillDoAsAudience(t *testing.T) {
	d := newDesk(t)
	for _, aud := range []any{issuer, []string{"https://other.example", issuer}} {
		if a := d.ask(t, form(d.assertion(t, func(c jwt.MapClaims) { c["aud"] = aud }))); a.status != 200 {
			t.Errorf("aud %v: %+v", aud, a)
		}
	}
}

func TestClocksMayDifferByHalfAMinute(t *testing.T) {
	d := newDesk(t)
	cases := map[string]func(c jwt.MapClaims, now time.Time){
		"iat ahead": func(c jwt.MapClaims, now time.Time) { c["iat"] = now.Add(29 * time.Second).Unix() },
		"nbf ahead": func(c jwt.MapClaims, now time.Time) { c["nbf"] = now.Add(29 * time.Second).Unix() },
		"exp past":  func(c jwt.MapClaims, now time.Time) { c["exp"] = now.Add(-29 * time.Second).Unix() },
		"exp far":   func(c jwt.MapClaims, now time.Time) { c["exp"] = now.Add(5*time.Minute + 29*time.Second).Unix() },
	}
	for name, change := range cases {
		if a := d.ask(t, form(d.assertion(t, func(c jwt.MapClaims) { change(c, d.clock.Now()) }))); a.status != 200 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAClientAssertionIsRefused(t *testing.T) {
	d := newDesk(t)
	with := func(change func(c jwt.MapClaims)) string { return d.assertion(t, change) }
	ed := d.keys["EdDSA"]
	cases := map[string]struct{ assertion, want string }{
		"that is no JWT":                       {"x", "not a JWT"},
		"that is longer than allowed":          {strings.Repeat("x", 8193), "8192"},
		"that expired":                         {with(func(c jwt.MapClaims) { c["exp"] = d.clock.Now().Add(-31 * time.Second).Unix() }), "expired"},
		"without exp":                          {with(func(c jwt.MapClaims) { delete(c, "exp") }), "missing"},
		"whose exp is too far":                 {with(func(c jwt.MapClaims) { c["exp"] = d.clock.Now().Add(6 * time.Minute).Unix() }), "more than 5m0s"},
		"whose iat is in the future":           {with(func(c jwt.MapClaims) { c["iat"] = d.clock.Now().Add(time.Minute).Unix() }), "iat"},
		"without iat":                          {with(func(c jwt.MapClaims) { delete(c, "iat") }), "iat is missing"},
		"whose nbf is in the future":           {with(func(c jwt.MapClaims) { c["nbf"] = d.clock.Now().Add(time.Minute).Unix() }), "nbf"},
		"for another audience":                 {with(func(c jwt.MapClaims) { c["aud"] = "https://other.example" }), "aud"},
		"without an audience":                  {with(func(c jwt.MapClaims) { delete(c, "aud") }), "aud"},
		"of an unknown client":                 {with(func(c jwt.MapClaims) { c["iss"], c["sub"] = "nobody", "nobody" }), "iss"},
		"for another client as subject":        {with(func(c jwt.MapClaims) { c["sub"] = "shop-app" }), "sub"},
		"in another client's name":             {with(func(c jwt.MapClaims) { c["iss"], c["sub"] = "shop-app", "shop-app" }), "kid"},
		"without jti":                          {with(func(c jwt.MapClaims) { delete(c, "jti") }), "jti"},
		"with a jti that is too long":          {with(func(c jwt.MapClaims) { c["jti"] = strings.Repeat("j", 129) }), "jti"},
		"with a jti with a space":              {with(func(c jwt.MapClaims) { c["jti"] = "a b" }), "jti"},
		"with an unknown kid":                  {d.sign(t, "EdDSA", "other", ed, d.claim()), "kid"},
		"with the other client's kid":          {d.sign(t, "EdDSA", "shop", d.keys["shop"], d.claim()), "kid"},
		"signed with another key":              {d.sign(t, "EdDSA", "EdDSA", d.keys["shop"], d.claim()), "signature"},
		"with another algorithm than the key":  {d.sign(t, "RS256", "PS256", d.keys["PS256"], d.claim()), "alg must be PS256"},
		"with the key's kid, another's family": {d.sign(t, "ES256", "EdDSA", d.keys["ES256"], d.claim()), "alg must be EdDSA"},
		"with algorithm none":                  {d.sign(t, "none", "EdDSA", jwt.UnsafeAllowNoneSignatureType, d.claim()), "alg is not allowed"},
		"with HS256 and the Ed25519 key":       {d.sign(t, "HS256", "EdDSA", []byte(ed.Public().(ed25519.PublicKey)), d.claim()), "alg is not allowed"},
		"with HS256 and the RSA key's PEM":     {d.sign(t, "HS256", "RS256", pemOf(t, d.keys["RS256"].Public()), d.claim()), "alg is not allowed"},
		"that was altered":                     {tampered(with(nil)), "signature"},
		"with a critical header":               {critical(t, d), "critical"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := d.ask(t, form(c.assertion))
			if a.status != 401 || a.Error != "invalid_client" || !strings.Contains(a.Description, c.want) {
				t.Errorf("got %d %s: %s; want invalid_client about %q", a.status, a.Error, a.Description, c.want)
			}
			if a.header.Get("WWW-Authenticate") == "" || a.AccessToken != "" {
				t.Errorf("answer %+v", a)
			}
		})
	}
	if len(d.used.seen) != 0 {
		t.Errorf("refused assertions were recorded: %v", d.used.seen)
	}
}

func TestAnAssertionIsGoodForOneToken(t *testing.T) {
	d := newDesk(t)
	assertion := d.assertion(t, nil)
	if a := d.ask(t, form(assertion)); a.status != 200 {
		t.Fatalf("first: %+v", a)
	}
	a := d.ask(t, form(assertion))
	if a.status != 401 || !strings.Contains(a.Description, "used before") {
		t.Errorf("second: %+v", a)
	}
	for _, until := range d.used.seen {
		if until.Before(d.clock.Now().Add(time.Minute + 30*time.Second)) {
			t.Errorf("forgotten at %s, while it could still be accepted", until)
		}
	}
}

func TestATokenRequestIsRefused(t *testing.T) {
	d := newDesk(t)
	cases := map[string]struct {
		change func(f url.Values)
		code   string
	}{
		"without a grant type":      {func(f url.Values) { f.Del("grant_type") }, "invalid_request"},
		"with another grant type":   {func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
		"without an assertion type": {func(f url.Values) { f.Del("client_assertion_type") }, "invalid_request"},
		"without an assertion":      {func(f url.Values) { f.Del("client_assertion") }, "invalid_request"},
		"with a parameter twice":    {func(f url.Values) { f.Add("grant_type", "client_credentials") }, "invalid_request"},
		"with a secret":             {func(f url.Values) { f.Set("client_secret", "s") }, "invalid_request"},
		"for an unknown scope":      {func(f url.Values) { f.Set("scope", "quotes root") }, "invalid_scope"},
		"for a scope too many":      {func(f url.Values) { f.Set("scope", "quotes operator") }, "invalid_scope"},
		"for another client_id":     {func(f url.Values) { f.Set("client_id", "shop-app") }, "invalid_client"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := form(d.assertion(t, nil))
			c.change(f)
			if a := d.ask(t, f); a.Error != c.code || a.status < 400 || a.AccessToken != "" {
				t.Errorf("got %+v, want %s", a, c.code)
			}
		})
	}
}

func TestFewerScopesMayBeAskedFor(t *testing.T) {
	d := newDesk(t)
	f := form(d.assertion(t, nil))
	f.Set("scope", "conversions")
	f.Set("client_id", "sky-app")
	a := d.ask(t, f)
	caller, err := d.tokens.Verify(a.AccessToken)
	if a.Scope != "conversions" || err != nil || caller.Scopes.Allows(oauth.Only("quotes")) || !caller.Scopes.Allows(oauth.Only("conversions")) {
		t.Errorf("got %+v, %+v, %v", a, caller, err)
	}
}

func TestOtherContentTypesAreRefused(t *testing.T) {
	d := newDesk(t)
	r, err := http.Post(d.url, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != 415 {
		t.Errorf("status %d", r.StatusCode)
	}
}

func TestABrokenStoreGivesNoToken(t *testing.T) {
	d := newDesk(t)
	d.used.broken = errors.New("disk")
	if a := d.ask(t, form(d.assertion(t, nil))); a.status != 500 || a.Error != "server_error" || a.AccessToken != "" {
		t.Errorf("got %+v", a)
	}
}

func tampered(token string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + parts[1] + "." + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, parts[2][:10]) + parts[2][10:]
}

func critical(t *testing.T, d *desk) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, d.claim())
	token.Header["kid"], token.Header["crit"] = "EdDSA", []string{"exp"}
	signed, err := token.SignedString(d.keys["EdDSA"])
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func pemOf(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Nobody gets a token but by the assertion that the client's key signed, and by that
// once.
func FuzzNothingButAnAssertionOfTheClientGetsAToken(f *testing.F) {
	d := newDesk(f)
	ours := d.sign(f, "EdDSA", "EdDSA", d.keys["EdDSA"], d.claim())
	head, rest, _ := strings.Cut(ours, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"EdDSA"}`))
	for _, seed := range []string{ours, ours + "=", ours + "\n", ours[:len(ours)-1], unsigned + "." + rest, head + "." + rest + ".", "..", "", "a.b.c"} {
		f.Add(seed)
	}
	var given atomic.Int64
	f.Fuzz(func(t *testing.T, assertion string) {
		if a := d.ask(t, form(assertion)); a.status == http.StatusOK && (assertion != ours || given.Add(1) > 1) {
			t.Errorf("%q gets a token", assertion)
		} else if a.status != http.StatusOK && a.Error == "" {
			t.Errorf("%q is answered %d without an error", assertion, a.status)
		}
	})
}
