package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/api"
)

// access is an access token as the gateway makes them, with something changed.
func (w *world) access(method jwt.SigningMethod, kid string, key any, change func(jwt.MapClaims)) string {
	w.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": w.options.Issuer, "sub": "sky-app", "client_id": "sky-app", "aud": w.options.Issuer + "/v1", "scope": "quotes conversions links agreements settlements",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": rand.Text()}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["typ"] = kid, "at+jwt"
	signed, err := token.SignedString(key)
	must(w.t, err)
	return signed
}

func TestRequestsWithoutAGoodTokenAreRefused(t *testing.T) {
	w := newWorld(t)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	kid, key := w.signing.ID, w.signing.Private
	public := []byte(key.Public().(ed25519.PublicKey))
	cases := map[string]struct{ token, code string }{
		"missing":                  {"", "token_missing"},
		"malformed":                {"abc", "token_malformed"},
		"expired":                  {w.access(jwt.SigningMethodEdDSA, kid, key, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }), "token_expired"},
		"not yet valid":            {w.access(jwt.SigningMethodEdDSA, kid, key, func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Minute).Unix() }), "token_not_yet_valid"},
		"for another audience":     {w.access(jwt.SigningMethodEdDSA, kid, key, func(c jwt.MapClaims) { c["aud"] = "https://other.example" }), "token_audience"},
		"of another issuer":        {w.access(jwt.SigningMethodEdDSA, kid, key, func(c jwt.MapClaims) { c["iss"] = "https://other.example" }), "token_issuer"},
		"of an unknown client":     {w.access(jwt.SigningMethodEdDSA, kid, key, func(c jwt.MapClaims) { c["sub"] = "nobody" }), "token_client"},
		"with algorithm none":      {w.access(jwt.SigningMethodNone, kid, jwt.UnsafeAllowNoneSignatureType, nil), "token_signature"},
		"with a wrong kid":         {w.access(jwt.SigningMethodEdDSA, "other", key, nil), "token_signature"},
		"with another key":         {w.access(jwt.SigningMethodEdDSA, kid, other, nil), "token_signature"},
		"with HS256 by our public": {w.access(jwt.SigningMethodHS256, kid, public, nil), "token_signature"},
		"signed by the client":     {w.assertion("sky-app", nil), "token_signature"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := w.bearing(c.token).get("/v1/programmes").refused(401, c.code)
			if challenge := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `Bearer realm="pointgrid"`) || (c.code != "token_missing") != strings.Contains(challenge, "invalid_token") {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
	w.nobody().get("/v1/programmes", "Authorization", "Basic abc").refused(401, "token_malformed")
	w.bearing(w.access(jwt.SigningMethodEdDSA, kid, key, nil)).get("/v1/programmes").is(200)
}

// Every route under /v1 refuses without a token and without its scope, whatever
// else is wrong with the request.
func TestEveryRouteAsksForATokenAndItsScope(t *testing.T) {
	w := newWorld(t)
	doc, err := loadDocument()
	must(t, err)
	without := w.bearing(w.access(jwt.SigningMethodEdDSA, w.signing.ID, w.signing.Private, func(c jwt.MapClaims) { c["scope"] = "" }))
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !strings.HasPrefix(path, "/v1/") {
				continue
			}
			path := strings.NewReplacer("{id}", newID().String(), "{reversal_id}", newID().String(), "{settlement_id}", "2026-01-01.sky").Replace(path)
			w.nobody().do(method, path, "").refused(401, "token_missing")
			if path == "/v1/programmes" {
				continue
			}
			a := without.do(method, path, "").refused(403, "scope_missing")
			if !strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_scope") {
				t.Errorf("%s %s: challenge %q", method, path, a.header.Get("WWW-Authenticate"))
			}
		}
	}
}

func TestATokenOfFewerScopesDoesLess(t *testing.T) {
	w := newWorld(t)
	c := w.bearing(w.tokenFor("sky-app", "quotes"))
	c.post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201)
	c.get("/v1/links").refused(403, "scope_missing")
}

func TestTheTokenEndpointRefusesAsItsStandardSays(t *testing.T) {
	w := newWorld(t)
	ask := func(assertion string) *answer {
		return w.nobody().do("POST", "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	once := w.assertion("sky-app", nil)
	ask(once).is(200)
	for name, assertion := range map[string]string{
		"used before":        once,
		"for another client": w.assertion("sky-app", func(c jwt.MapClaims) { c["iss"], c["sub"] = "shop-app", "shop-app" }),
		"for another aud":    w.assertion("sky-app", func(c jwt.MapClaims) { c["aud"] = w.options.Issuer + "/v1" }),
		"expired":            w.assertion("sky-app", func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }),
	} {
		t.Run(name, func(t *testing.T) {
			if a := ask(assertion).is(401); a.text("error") != "invalid_client" {
				t.Errorf("answered %s", a.body)
			}
		})
	}
	if a := w.nobody().do("POST", "/oauth2/token", "grant_type=password", "Content-Type", "application/x-www-form-urlencoded").is(400); a.text("error") != "unsupported_grant_type" {
		t.Errorf("answered %s", a.body)
	}
	w.nobody().post("/oauth2/token", "{}").refused(415, "unsupported_media_type")
}

// One key set serves tokens, receipts and connectors: what it publishes is what
// signs.
func TestThePublishedKeysAreTheOnesThatSign(t *testing.T) {
	var previous partners.Key
	w := newWorld(t, func(o *api.Options) {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		id, err := partners.Thumbprint(public)
		must(t, err)
		previous = partners.Key{ID: id, Algorithm: "EdDSA", Public: public}
		o.PreviousKeys = []partners.Key{previous}
	})
	a := w.nobody().get("/.well-known/jwks.json").is(200)
	keys, err := partners.ParseKeys(a.body)
	must(t, err)
	if len(keys) != 2 || keys[0].ID != w.signing.ID || keys[1].ID != previous.ID {
		t.Errorf("publishes %s", a.body)
	}
	if strings.Contains(string(a.body), `"d"`) {
		t.Error("publishes a private key")
	}
	_, err = jwt.Parse(w.tokenFor("sky-app", ""), func(token *jwt.Token) (any, error) {
		if token.Header["kid"] != keys[0].ID {
			t.Errorf("token names the key %v", token.Header["kid"])
		}
		return keys[0].Public, nil
	})
	must(t, err)
}
