package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Options say which gateway is called, and as whom.
type Options struct {
	BaseURL  string // of the gateway, the issuer of its tokens
	ClientID string
	// Key signs the assertions: an Ed25519, ECDSA P-256 or RSA private key.
	Key crypto.Signer
	// KeyID names the key; empty is its RFC 7638 thumbprint.
	KeyID  string
	Scopes []string // empty asks for all that the client may have
	// SignRequests signs the body of every request that moves points, with Key, which
	// must be Ed25519 or ECDSA P-256; the signature goes on the ledger.
	SignRequests bool
	// Certificate is shown in the TLS handshake: tokens of a client with bound_tokens
	// are good only with it (RFC 8705). It cannot be given together with HTTP, whose
	// transport is the caller's to set up.
	Certificate *tls.Certificate
	HTTP        *http.Client
	Now         func() time.Time
}

// tokenSource gets access tokens by client credentials with a private_key_jwt
// assertion (RFC 7523) and keeps the last one until shortly before its end.
type tokenSource struct {
	o        Options
	endpoint string
	method   jwt.SigningMethod

	mu    sync.Mutex
	token string
	until time.Time
}

func newTokenSource(o Options, base string) (*tokenSource, error) {
	t := &tokenSource{o: o, endpoint: base + "/oauth2/token"}
	switch o.Key.Public().(type) {
	case ed25519.PublicKey:
		t.method = jwt.SigningMethodEdDSA
	case *ecdsa.PublicKey:
		t.method = jwt.SigningMethodES256
	case *rsa.PublicKey:
		t.method = jwt.SigningMethodPS256
	default:
		return nil, fmt.Errorf("client: key of type %T; want Ed25519, ECDSA P-256 or RSA", o.Key.Public())
	}
	if o.KeyID == "" {
		sum, err := (&jose.JSONWebKey{Key: o.Key.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("client: key: %w", err)
		}
		t.o.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	}
	return t, nil
}

// spare is how long before its end a token is replaced.
const spare = 30 * time.Second

func (t *tokenSource) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.o.Now().Add(spare).Before(t.until) {
		return t.token, nil
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	req, err := t.request(ctx)
	if err != nil {
		return "", err
	}
	if _, err := send(t.o.HTTP, req, &answer); err != nil {
		return "", fmt.Errorf("client: token: %w", err)
	}
	if answer.AccessToken == "" {
		return "", errors.New("client: token: the answer has no access_token")
	}
	t.token, t.until = answer.AccessToken, t.o.Now().Add(time.Duration(answer.ExpiresIn)*time.Second)
	return t.token, nil
}

// drop forgets a token, unless another has taken its place.
func (t *tokenSource) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

func (t *tokenSource) request(ctx context.Context) (*http.Request, error) {
	assertion, err := t.assertion()
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_id":             {t.o.ClientID},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}
	if len(t.o.Scopes) > 0 {
		form.Set("scope", strings.Join(t.o.Scopes, " "))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("client: token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func (t *tokenSource) assertion() (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", fmt.Errorf("client: token: %w", err)
	}
	now := t.o.Now()
	token := jwt.NewWithClaims(t.method, jwt.MapClaims{
		"iss": t.o.ClientID, "sub": t.o.ClientID, "aud": t.endpoint, "jti": hex.EncodeToString(id[:]),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	token.Header["kid"] = t.o.KeyID
	signed, err := token.SignedString(t.o.Key)
	if err != nil {
		return "", fmt.Errorf("client: token: %w", err)
	}
	return signed, nil
}
