package oauth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
)

const issuer = "https://api.pointgrid.example"

// desk is a token endpoint with two clients: sky-app with one key per
// algorithm, named after it, and shop-app with a key of its own.
type desk struct {
	tokens  *oauth.Tokens
	url     string
	keys    map[string]crypto.Signer
	signing partners.SigningKey
	used    *usedUp
	clock   *testclock.Clock
	mu      sync.Mutex
	clients map[string]*partners.Client
}

// usedUp is an AssertionStore.
type usedUp struct {
	mu     sync.Mutex
	seen   map[string]time.Time
	broken error
}

func (u *usedUp) UseAssertion(_ context.Context, client, id string, expires, _ time.Time) (bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.broken != nil {
		return false, u.broken
	}
	_, twice := u.seen[client+" "+id]
	u.seen[client+" "+id] = expires
	return !twice, nil
}

func (d *desk) Client(id string) (*partners.Client, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.clients[id]
	return c, ok
}

func (d *desk) wait(by time.Duration) { d.clock.Advance(by) }

func (d *desk) forget(client string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.clients, client)
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	signing, err := partners.LoadOrCreateSigningKey(filepath.Join(t.TempDir(), "key.pem"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{signing: signing, clock: testclock.At(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)), keys: signers(t),
		used: &usedUp{seen: map[string]time.Time{}}, clients: map[string]*partners.Client{}}
	sky := &partners.Client{ID: "sky-app", Partner: "sky", Scopes: []partners.Scope{"quotes", "conversions"}}
	for algorithm, key := range d.keys {
		if algorithm != "shop" {
			sky.Keys = append(sky.Keys, partners.Key{ID: algorithm, Algorithm: algorithm, Public: key.Public()})
		}
	}
	d.clients["sky-app"] = sky
	d.clients["shop-app"] = &partners.Client{ID: "shop-app", Partner: "shop", Scopes: []partners.Scope{"links"},
		Keys: []partners.Key{{ID: "shop", Algorithm: "EdDSA", Public: d.keys["shop"].Public()}}}
	d.tokens, err = oauth.NewTokens(oauth.Options{Issuer: issuer, Keys: []partners.SigningKey{signing}, Registry: d, Now: d.clock.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(oauth.NewEndpoint(d.tokens, d.used, slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

var signers = func() func(t testing.TB) map[string]crypto.Signer {
	make := sync.OnceValues(func() (map[string]crypto.Signer, error) {
		_, ed, err1 := ed25519.GenerateKey(rand.Reader)
		_, shop, err2 := ed25519.GenerateKey(rand.Reader)
		ec, err3 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		rs, err4 := rsa.GenerateKey(rand.Reader, 2048)
		ps, err5 := rsa.GenerateKey(rand.Reader, 2048)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				return nil, err
			}
		}
		return map[string]crypto.Signer{"EdDSA": ed, "ES256": ec, "RS256": rs, "PS256": ps, "shop": shop}, nil
	})
	return func(t testing.TB) map[string]crypto.Signer {
		t.Helper()
		keys, err := make()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
}()

// claim is what a good assertion of sky-app says.
func (d *desk) claim() jwt.MapClaims {
	now := d.clock.Now()
	return jwt.MapClaims{"iss": "sky-app", "sub": "sky-app", "aud": issuer + "/oauth2/token",
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text()}
}

func (d *desk) sign(t testing.TB, algorithm, kid string, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims)
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (d *desk) assertion(t *testing.T, change func(jwt.MapClaims)) string {
	t.Helper()
	c := d.claim()
	if change != nil {
		change(c)
	}
	return d.sign(t, "EdDSA", "EdDSA", d.keys["EdDSA"], c)
}

func form(assertion string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
}

type answer struct {
	status      int
	header      http.Header
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string
	Error       string
	Description string `json:"error_description"`
}

func (d *desk) ask(t *testing.T, f url.Values) answer {
	t.Helper()
	r, err := http.Post(d.url, "application/x-www-form-urlencoded", strings.NewReader(f.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	a := answer{status: r.StatusCode, header: r.Header}
	if err := json.Unmarshal(body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v", body.Bytes(), err)
	}
	return a
}
