package identitysim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Member is one who can be chosen.
type Member struct {
	Number string // the utility's
	Name   string
	// About and AboutEN are a line about what there is to see, in Chinese and English;
	// may be empty.
	About, AboutEN string
	// Hidden ones are not listed; their number must be typed.
	Hidden bool
}

// Options say what the provider holds. Without a default a field is required.
type Options struct {
	// Issuer is the URL at which the provider is reached, without a slash at the end.
	Issuer string
	// Client is the relying party, and Redirects where it may be answered to and come
	// back to at sign-out.
	Client    string
	Redirects []string
	Members   []Member
	Now       func() time.Time // the machine's clock
	Random    io.Reader

	// Alter, if not nil, changes the claims of ID tokens before they are signed: for
	// tests of those who check them.
	Alter func(claims jwt.MapClaims)
}

// Provider is the provider. It may be used by many goroutines.
type Provider struct {
	o      Options
	key    *ecdsa.PrivateKey
	keyID  string
	mu     sync.Mutex
	grants map[string]grant // by code
}

// grant is what a code stands for.
type grant struct {
	member                     Member
	redirect, nonce, challenge string
	at                         time.Time
}

const (
	codeLife  = time.Minute
	tokenLife = 5 * time.Minute
	grantsMax = 10_000
)

// New returns a provider with a key of its own, or an error that says which option
// is missing.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.Client == "" || len(o.Redirects) == 0 || o.Now == nil || o.Random == nil {
		return nil, errors.New("identitysim: issuer, client, redirects, clock and randomness are required")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), o.Random)
	if err != nil {
		return nil, fmt.Errorf("identitysim: %w", err)
	}
	p := &Provider{o: o, key: key, grants: map[string]grant{}}
	if p.keyID, err = p.draw(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Provider) draw() (string, error) {
	var b [24]byte
	if _, err := io.ReadFull(p.o.Random, b[:]); err != nil {
		return "", fmt.Errorf("identitysim: randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// Handler serves the provider.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("GET /authorize/choice", p.choose)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /end_session", p.endSession)
	return mux
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"issuer": p.o.Issuer, "authorization_endpoint": p.o.Issuer + "/authorize", "token_endpoint": p.o.Issuer + "/token",
		"jwks_uri": p.o.Issuer + "/jwks", "end_session_endpoint": p.o.Issuer + "/end_session", "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"}, "scopes_supported": []string{"openid", "profile"},
		"authorization_response_iss_parameter_supported": true})
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	point, err := p.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	b64 := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": p.keyID,
		"x": b64(point[1:33]), "y": b64(point[33:])}}})
}

// token takes a code for an ID token.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	form := r.PostForm
	g, ok := p.take(form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case form.Get("grant_type") != "authorization_code":
		answer(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
	case form.Get("client_id") != p.o.Client:
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case !ok || form.Get("redirect_uri") != g.redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	default:
		p.give(w, g)
	}
}

func (p *Provider) give(w http.ResponseWriter, g grant) {
	now := p.o.Now()
	claims := jwt.MapClaims{"iss": p.o.Issuer, "sub": g.member.Number, "aud": p.o.Client, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "name": g.member.Name}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if p.o.Alter != nil {
		p.o.Alter(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = p.keyID
	signed, err := token.SignedString(p.key)
	access, drawn := p.draw()
	if err != nil || drawn != nil {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "id_token": signed})
}

// take returns what a code stands for, once.
func (p *Provider) take(code string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.grants[code]
	delete(p.grants, code)
	return g, ok && p.o.Now().Sub(g.at) <= codeLife
}

// keep returns the code of a grant. Old ones are dropped when there are many.
func (p *Provider) keep(g grant) (string, error) {
	code, err := p.draw()
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.grants) >= grantsMax {
		clear(p.grants)
	}
	p.grants[code] = g
	return code, nil
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error is that of the connection
}
