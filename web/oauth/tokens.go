package oauth

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/origin"
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
	// FAPI keeps to the FAPI 2.0 Security Profile where RFC 7523 and 8705 leave a choice:
	// every token is bound to a certificate, an assertion's audience is the issuer alone,
	// and RS256 signs none.
	FAPI   bool
	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	// CacheSize is how many verified tokens are kept; default 10,000, less than 0
	// none.
	CacheSize int
}

// Tokens makes and checks access tokens. Its methods may be called from many
// goroutines.
type Tokens struct {
	o        Options
	signing  partners.SigningKey
	public   map[string]ed25519.PublicKey
	parser   *jwt.Parser
	verified *otter.Cache[[sha256.Size]byte, verified] // nil without a cache
}

// Caller is who an access token speaks for.
type Caller struct {
	Client  string
	Partner string // empty for the utility
	Scopes  Scopes
	Key     string // ID of the client's key by which the token was got
	TokenID string // jti
	// Certificate is the thumbprint of the certificate that the token is bound to,
	// empty for none.
	Certificate string
	// Registered is the client as it is now; not to be changed.
	Registered *partners.Client

	bound bool // tokens that are not bound to a certificate are refused
}

// Grant is what a token is made of.
type Grant struct {
	Client string
	Key    string // ID of the client's key that asked for it
	Scopes Scopes
	// Certificate binds the token to a certificate; zero does not.
	Certificate origin.Certificate
}

type verified struct {
	client, key, id, certificate string

	scopes  Scopes
	expires time.Time
}

// claims of an access token, RFC 9068.
type claims struct {
	jwt.RegisteredClaims
	ClientID     string        `json:"client_id"`
	ClientKey    string        `json:"client_key,omitempty"` // our own
	Scope        string        `json:"scope"`
	Confirmation *confirmation `json:"cnf,omitempty"`
}

// confirmation is that of RFC 8705, section 3.1.
type confirmation struct {
	Certificate string `json:"x5t#S256"`
}

// NewTokens returns tokens signed with the first of the keys; those of all are
// accepted. The error says which option is wrong.
func NewTokens(o Options) (*Tokens, error) {
	if o.Audience == "" {
		o.Audience = o.Issuer + "/v1"
	}
	o.Life = cmp.Or(o.Life, LifeMin)
	o.CacheSize = cmp.Or(o.CacheSize, cacheSize)
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
	if o.CacheSize < 0 {
		return t, nil
	}
	var err error
	t.verified, err = otter.New(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: o.CacheSize})
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

// Mint returns a new access token and how long it lives, without a key or a
// certificate that it depends on.
func (t *Tokens) Mint(client string, scopes Scopes) (string, time.Duration, error) {
	token, _, life, err := t.Issue(Grant{Client: client, Scopes: scopes})
	return token, life, err
}

// Issue returns a new access token, its jti and how long it lives.
func (t *Tokens) Issue(g Grant) (token, id string, life time.Duration, err error) {
	var random [16]byte
	if _, err := io.ReadFull(t.o.Random, random[:]); err != nil {
		return "", "", 0, fmt.Errorf("oauth: randomness: %w", err)
	}
	now, id := t.o.Now(), hex.EncodeToString(random[:])
	c := &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.o.Issuer, Subject: g.Client, Audience: jwt.ClaimStrings{t.o.Audience}, ID: id,
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.o.Life)),
		},
		ClientID: g.Client, ClientKey: g.Key, Scope: g.Scopes.String(),
	}
	if g.Certificate != (origin.Certificate{}) {
		c.Confirmation = &confirmation{g.Certificate.String()}
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	unsigned.Header["kid"], unsigned.Header["typ"] = t.signing.ID, tokenType
	token, err = unsigned.SignedString(t.signing.Private)
	if err != nil {
		return "", "", 0, fmt.Errorf("oauth: sign: %w", err)
	}
	return token, id, t.o.Life, nil
}

// Verify returns who a token speaks for. The error is a [*Denial].
func (t *Tokens) Verify(token string) (Caller, error) {
	if len(token) > tokenMax {
		return Caller{}, deny(CodeMalformed, "an access token has at most %d bytes", tokenMax)
	}
	if t.verified == nil {
		v, err := t.parse(token)
		if err != nil {
			return Caller{}, err
		}
		return t.caller(v)
	}
	key := sha256.Sum256([]byte(token))
	v, hit := t.verified.GetIfPresent(key)
	if hit && !t.o.Now().Before(v.expires) {
		t.verified.Invalidate(key)
		d := deny(CodeExpired, "get a new access token")
		d.Caller = t.named(v)
		return Caller{}, d
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

// caller looks the client and its key up each time: what it was registered with
// when the token was made does not count.
func (t *Tokens) caller(v verified) (Caller, error) {
	client, ok := t.o.Registry.Client(v.client)
	if !ok {
		return Caller{}, deny(CodeClient, "the client is not registered, or disabled")
	}
	if v.key != "" {
		if key, has := client.Key(v.key); !has || key.State(t.o.Now()) != partners.KeyActive {
			d := deny(CodeKey, "the key by which the token was got is no longer valid; get a token with another one")
			d.Caller = t.named(v)
			return Caller{}, d
		}
	}
	return Caller{Client: client.ID, Partner: client.Partner, Scopes: v.scopes & Only(client.Scopes...), Key: v.key, TokenID: v.id,
		Certificate: v.certificate, Registered: client, bound: t.o.FAPI || client.BoundTokens}, nil
}

// named is whom a token of ours was given to, without what it allows.
func (t *Tokens) named(v verified) Caller {
	c := Caller{Client: v.client, Key: v.key, TokenID: v.id}
	if client, ok := t.o.Registry.Client(v.client); ok {
		c.Partner = client.Partner
	}
	return c
}

// CheckPlace denies a caller that calls from where it may not, or does not show
// the certificate that its token is bound to, or that it needs to show.
func (c *Caller) CheckPlace(from netip.Addr, shown origin.Certificate) error {
	var d *Denial
	switch {
	case c.Certificate != "" && c.Certificate != shown.String():
		d = deny(CodeCertificate, "the token is bound to a client certificate that this connection does not show")
	case c.Certificate == "" && c.bound:
		d = deny(CodeCertificate, "the client uses tokens bound to its certificate only; get one over a connection that shows it")
	case !c.Registered.Allows(from):
		d = deny(CodeAddress, "the client may not call from this address")
	default:
		return nil
	}
	d.Caller = *c
	return d
}

func (t *Tokens) parse(token string) (verified, error) {
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, t.key)
	if err != nil {
		d := denial(err)
		if d.Code == CodeExpired || d.Code == CodeNotYetValid { // its signature is good
			d.Caller = t.named(verified{client: c.Subject, key: c.ClientKey, id: c.ID})
		}
		return verified{}, d
	}
	if parsed.Header["typ"] != tokenType || c.Subject == "" {
		return verified{}, deny(CodeMalformed, "this is not an access token")
	}
	scopes, _ := parseScopes(c.Scope)
	v := verified{client: c.Subject, key: c.ClientKey, id: c.ID, scopes: scopes, expires: c.ExpiresAt.Time}
	if c.Confirmation != nil {
		v.certificate = c.Confirmation.Certificate
	}
	return v, nil
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
