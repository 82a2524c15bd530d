package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/partners"
)

// Bounds of a client assertion, RFC 7523.
const (
	assertionMax  = 8192            // bytes
	assertionLife = 5 * time.Minute // at most, from now to exp
	leeway        = 30 * time.Second
	jtiMax        = 128 // bytes
)

// assertions checks client assertions.
type assertions struct {
	registry Registry
	store    partners.AssertionStore
	now      func() time.Time
	parser   *jwt.Parser
	fapi     bool
}

// Algorithms are those with which an assertion may be signed.
func Algorithms(fapi bool) []string {
	if fapi {
		return []string{"EdDSA", "ES256", "PS256"} // FAPI 2.0, section 5.4.1
	}
	return []string{"EdDSA", "ES256", "PS256", "RS256"}
}

func newAssertions(o *Options, store partners.AssertionStore) *assertions {
	methods, audiences := Algorithms(o.FAPI), []string{o.Issuer}
	if !o.FAPI {
		audiences = append(audiences, o.Issuer+TokenPath)
	}
	return &assertions{registry: o.Registry, store: store, now: o.Now, fapi: o.FAPI, parser: jwt.NewParser(
		jwt.WithValidMethods(methods), jwt.WithTimeFunc(o.Now), jwt.WithLeeway(leeway),
		jwt.WithAudience(audiences...), jwt.WithIssuedAt(), jwt.WithExpirationRequired(), jwt.WithStrictDecoding())}
}

// refusal is what is wrong with an assertion; any other error is our own
// failure.
type refusal string

// Error implements error.
func (r refusal) Error() string { return "client assertion: " + string(r) }

func refused(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// verify returns the client that made an assertion, and the key it signed with,
// and uses the assertion up. Client and key are those that the assertion names
// also when it is refused, if there are such.
func (a *assertions) verify(ctx context.Context, assertion string) (client *partners.Client, key *partners.Key, err error) {
	if len(assertion) > assertionMax {
		return nil, nil, refused("it has more than %d bytes", assertionMax)
	}
	var c jwt.RegisteredClaims
	_, err = a.parser.ParseWithClaims(assertion, &c, func(t *jwt.Token) (_ any, err error) {
		if client, key, err = a.key(t, &c); err != nil {
			return nil, err
		}
		return key.Public, nil
	})
	if err != nil {
		return client, key, refusalOf(err)
	}
	if err := a.checkClaims(&c); err != nil {
		return client, key, err
	}
	fresh, err := a.store.UseAssertion(ctx, client.ID, c.ID, c.ExpiresAt.Add(leeway), a.now())
	if err != nil {
		return client, key, fmt.Errorf("oauth: remember assertion: %w", err)
	}
	if !fresh {
		return client, key, refused("it was used before; make a new one, with a new jti, for each token")
	}
	return client, key, nil
}

// key finds the registered key and pins its algorithm, before any signature is
// looked at: the token does not get to choose.
func (a *assertions) key(t *jwt.Token, c *jwt.RegisteredClaims) (*partners.Client, *partners.Key, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, nil, refusal("it has a critical header that is not understood")
	}
	client, ok := a.registry.Client(c.Issuer)
	if !ok {
		return nil, nil, refusal("iss is not a registered client")
	}
	if c.Subject != c.Issuer {
		return client, nil, refusal("sub must be the client ID, as iss")
	}
	id, _ := t.Header["kid"].(string)
	key, ok := client.Key(id)
	switch {
	case !ok:
		return client, nil, refusal("kid is not the ID of a key that the client registered")
	case key.Algorithm != t.Method.Alg():
		return client, key, refusal("alg must be " + key.Algorithm + ", as the key was registered")
	}
	return client, key, keyRefusal(key.State(a.now()))
}

// keyRefusal says why a key cannot be used now; nil when it can.
func keyRefusal(s partners.KeyState) error {
	switch s {
	case partners.KeyPending:
		return refusal("the key is not valid yet")
	case partners.KeyExpired:
		return refusal("the key has expired; sign with another one")
	case partners.KeyRetired:
		return refusal("the key was retired; sign with another one")
	}
	return nil
}

func (a *assertions) checkClaims(c *jwt.RegisteredClaims) error {
	switch {
	case a.fapi && len(c.Audience) != 1:
		return refused("aud must be the issuer and nothing else")
	case c.IssuedAt == nil:
		return refused("iat is missing")
	case c.ExpiresAt.Sub(a.now()) > assertionLife+leeway:
		return refused("exp is more than %s ahead", assertionLife)
	case !validID(c.ID):
		return refused("jti must be 1 to %d visible ASCII characters", jtiMax)
	}
	return nil
}

func validID(s string) bool {
	if s == "" || len(s) > jtiMax {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// refusalOf says in our words what the library found; its own quote parts of the
// token.
func refusalOf(err error) error {
	var own refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, jwt.ErrTokenMalformed):
		return refusal("it is not a JWT")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refusal("the signature is not that of the key, or alg is not allowed")
	case errors.Is(err, jwt.ErrTokenExpired):
		return refusal("it has expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return refusal("nbf lies in the future")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refusal("iat lies in the future")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refusal("aud must be the token endpoint's URL or the issuer")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return refusal("aud or exp is missing")
	}
	return refusal("it does not verify")
}
