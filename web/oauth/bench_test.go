package oauth_test

import (
	"crypto"
	"crypto/rand"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
)

// BenchmarkVerify shows what the cache of verified tokens pays: ours are EdDSA;
// the others are what a token of the same content would cost to verify.
func BenchmarkVerify(b *testing.B) {
	d := newDesk(b)
	for name, size := range map[string]int{"EdDSA/cached": 10_000, "EdDSA/each time": -1} {
		tokens, err := oauth.NewTokens(oauth.Options{Issuer: issuer, Keys: []partners.SigningKey{d.signing}, Registry: d, Now: d.clock.Now, Random: rand.Reader, CacheSize: size})
		if err != nil {
			b.Fatal(err)
		}
		token, _, _, err := tokens.Issue(oauth.Grant{Client: "sky-app", Key: "EdDSA", Scopes: oauth.Only("quotes")})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tokens.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, algorithm := range []string{"ES256", "RS256"} {
		b.Run(algorithm+"/each time", func(b *testing.B) { verifyEach(b, d, algorithm, d.keys[algorithm]) })
	}
}

func verifyEach(b *testing.B, d *desk, algorithm string, key crypto.Signer) {
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), d.access())
	signed, err := token.SignedString(key)
	if err != nil {
		b.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(d.clock.Now))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parser.ParseWithClaims(signed, &jwt.RegisteredClaims{}, func(*jwt.Token) (any, error) { return key.Public(), nil }); err != nil {
			b.Fatal(err)
		}
	}
}
