package oauth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/pointgrid/pointgrid/partners"
)

// Registry finds clients; [partners.Registry] is one.
type Registry interface {
	Client(id string) (*partners.Client, bool)
}

// Bounds of a token.
const (
	LifeMin   = 5 * time.Minute
	LifeMax   = 10 * time.Minute
	tokenMax  = 4096   // bytes
	cacheSize = 10_000 // tokens
	tokenType = "at+jwt"
)

// Options configure [NewTokens].
type Options struct {
	Issuer   string // our public base URL, without a slash at the end
	Audience string // what access tokens are for; default Issuer + "/v1"
	Keys     []partners.SigningKey
	Previous []partners.Key // public keys that signed before; still accepted
	Registry Registry
	Life     time.Duration // of a token; default 5 min, at most 10
	Now      func() time.Time
	Random   io.Reader // safe for concurrent use
}

// Tokens makes and checks access tokens. Its methods may be called from many
// goroutines.
type Tokens struct {
	o        Options
	signing  partners.SigningKey
	public   map[string]ed25519.PublicKey
	parser   *jwt.Parser
	verified *otter.Cache[[sha256.Size]byte, verified]
}

// Caller is who an access token speaks for.
type Caller struct {
	Client  string
	Partner string // empty for the utility
	Scopes  Scopes
}

type verified struct {
	client  string
	scopes  Scopes
	expires time.Time
}

// claims of an access token, RFC 9068.
type claims struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
}

// NewTokens returns tokens signed with the first of the keys; those of all are
// accepted. The error says which option is wrong.
func NewTokens(o Options) (*Tokens, error) {
	if o.Audience == "" {
		o.Audience = o.Issuer + "/v1"
	}
	if o.Life == 0 {
		o.Life = LifeMin
	}
	switch {
	case o.Issuer == "" || o.Registry == nil || o.Now == nil || o.Random == nil:
		return nil, errors.New("oauth: issuer, registry, clock and randomness are required")
	case len(o.Keys) == 0:
		return nil, errors.New("oauth: a signing key is required")
	case o.Life < LifeMin || o.Life > LifeMax:
		return nil, fmt.Errorf("oauth: life of a token is %s, must be %s to %s", o.Life, LifeMin, LifeMax)
	}
	t := &Tokens{o: o, signing: o.Keys[0], public: map[string]ed25519.PublicKey{}}
	for _, k := range t.PublicKeys() {
		public, ok := k.Public.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("oauth: key %q is a %T, must be Ed25519", k.ID, k.Public)
		}
		t.public[k.ID] = public
	}
	t.parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithTimeFunc(o.Now),
		jwt.WithIssuer(o.Issuer), jwt.WithAudience(o.Audience), jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(),
		jwt.WithStrictDecoding())
	var err error
	t.verified, err = otter.New(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: cacheSize})
	return t, err
}

// PublicKeys are those that verify our signatures, the one in use first.
func (t *Tokens) PublicKeys() []partners.Key {
	var all []partners.Key
	for _, k := range t.o.Keys {
		all = append(all, k.Public())
	}
	return append(all, t.o.Previous...)
}

// Mint returns a new access token and how long it lives.
func (t *Tokens) Mint(client string, scopes Scopes) (string, time.Duration, error) {
	var random [16]byte
	if _, err := io.ReadFull(t.o.Random, random[:]); err != nil {
		return "", 0, fmt.Errorf("oauth: randomness: %w", err)
	}
	now := t.o.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.o.Issuer, Subject: client, Audience: jwt.ClaimStrings{t.o.Audience}, ID: hex.EncodeToString(random[:]),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.o.Life)),
		},
		ClientID: client, Scope: scopes.String(),
	})
	token.Header["kid"], token.Header["typ"] = t.signing.ID, tokenType
	signed, err := token.SignedString(t.signing.Private)
	if err != nil {
		return "", 0, fmt.Errorf("oauth: sign: %w", err)
	}
	return signed, t.o.Life, nil
}

// Verify returns who a token speaks for. The error is a [*Denial].
func (t *Tokens) Verify(token string) (Caller, error) {
	if len(token) > tokenMax {
		return Caller{}, deny(CodeMalformed, "an access token has at most %d bytes", tokenMax)
	}
	key := sha256.Sum256([]byte(token))
	v, hit := t.verified.GetIfPresent(key)
	if hit && !t.o.Now().Before(v.expires) {
		t.verified.Invalidate(key)
		return Caller{}, deny(CodeExpired, "get a new access token")
	}
	if !hit {
		var err error
		if v, err = t.parse(token); err != nil {
			return Caller{}, err
		}
		t.verified.Set(key, v)
	}
	return t.caller(v)
}

// caller looks the client up each time: what it was registered with when the
// token was made does not count.
func (t *Tokens) caller(v verified) (Caller, error) {
	client, ok := t.o.Registry.Client(v.client)
	if !ok {
		return Caller{}, deny(CodeClient, "the client is no longer registered")
	}
	return Caller{Client: client.ID, Partner: client.Partner, Scopes: v.scopes & Only(client.Scopes...)}, nil
}

func (t *Tokens) parse(token string) (verified, error) {
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, t.key)
	if err != nil {
		return verified{}, denial(err)
	}
	if parsed.Header["typ"] != tokenType || c.Subject == "" {
		return verified{}, deny(CodeMalformed, "this is not an access token")
	}
	scopes, _ := parseScopes(c.Scope)
	return verified{client: c.Subject, scopes: scopes, expires: c.ExpiresAt.Time}, nil
}

func (t *Tokens) key(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical {
		return nil, errors.New("critical header that is not understood")
	}
	id, _ := token.Header["kid"].(string)
	key, ok := t.public[id]
	if !ok {
		return nil, errors.New("unknown key")
	}
	return key, nil
}
