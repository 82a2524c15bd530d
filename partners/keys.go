package partners

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// Bounds of public keys. The upper ones keep the work of one verification small.
const (
	rsaBitsMin     = 2048
	rsaBitsMax     = 4096
	rsaExponentMin = 65537 // FIPS 186-5, section 5.4
	keyIDMax       = 128
	keySetMax      = 16
	keySetBytes    = 64 << 10
	algEdDSA       = "EdDSA"
	algES256       = "ES256"
	algRS256       = "RS256"
	algPS256       = "PS256"
	pemPublicKey   = "PUBLIC KEY"
)

// Check reports what is wrong with a key: a missing ID, a weak key, or an
// algorithm that does not go with it.
func (k *Key) Check() error {
	if !connector.Visible(k.ID, keyIDMax) {
		return fmt.Errorf("ID must be 1 to %d visible ASCII characters", keyIDMax)
	}
	switch public := k.Public.(type) {
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return fmt.Errorf("has %d bytes, an Ed25519 key has %d", len(public), ed25519.PublicKeySize)
		}
		return k.want(algEdDSA)
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return fmt.Errorf("is on curve %s, must be on P-256", public.Curve.Params().Name)
		}
		return k.want(algES256)
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < rsaBitsMin || bits > rsaBitsMax {
			return fmt.Errorf("has %d bits, must have %d to %d", bits, rsaBitsMin, rsaBitsMax)
		}
		if public.E < rsaExponentMin {
			return fmt.Errorf("has public exponent %d, must be at least %d", public.E, rsaExponentMin)
		}
		return k.want(algRS256, algPS256)
	}
	return fmt.Errorf("is a %T; must be Ed25519, ECDSA on P-256 or RSA", k.Public)
}

func (k *Key) want(algorithms ...string) error {
	for _, a := range algorithms {
		if k.Algorithm == a {
			return nil
		}
	}
	return fmt.Errorf("algorithm is %q, for this key it must be one of %v", k.Algorithm, algorithms)
}

// ParseKeys reads public keys: a JSON Web Key Set (RFC 7517), or PEM with one or
// more PUBLIC KEY blocks (PKIX). A key without an ID gets its [Thumbprint]. The
// algorithm is that of the JWK's alg; without one it is EdDSA, ES256 or RS256,
// by the type of the key. Private keys are refused: they should not be here.
func ParseKeys(data []byte) ([]Key, error) {
	if len(data) > keySetBytes {
		return nil, fmt.Errorf("partners: keys have %d bytes, at most %d", len(data), keySetBytes)
	}
	parse := parseKeySet
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		parse = parsePEM
	}
	keys, err := parse(data)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 || len(keys) > keySetMax {
		return nil, fmt.Errorf("partners: found %d keys, want 1 to %d", len(keys), keySetMax)
	}
	for i := range keys {
		if err := keys[i].complete(); err != nil {
			return nil, fmt.Errorf("partners: key %d (%q): %w", i+1, keys[i].ID, err)
		}
	}
	return keys, nil
}

// complete fills in what the file left out, and checks.
func (k *Key) complete() error {
	if k.Algorithm == "" {
		switch k.Public.(type) {
		case ed25519.PublicKey:
			k.Algorithm = algEdDSA
		case *ecdsa.PublicKey:
			k.Algorithm = algES256
		case *rsa.PublicKey:
			k.Algorithm = algRS256
		}
	}
	if k.ID == "" {
		id, err := Thumbprint(k.Public)
		if err != nil {
			return err
		}
		k.ID = id
	}
	return k.Check()
}

func parseKeySet(data []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("partners: neither PEM nor a JSON Web Key Set: %w", err)
	}
	var keys []Key
	for i, raw := range set.Keys {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("partners: key %d: %w", i+1, err)
		}
		if !k.IsPublic() {
			return nil, fmt.Errorf("partners: key %d (%q) is not a public key; register only the public half", i+1, k.KeyID)
		}
		if k.Use != "" && k.Use != "sig" {
			continue // a key for encryption may stand in the same set
		}
		keys = append(keys, Key{ID: k.KeyID, Algorithm: k.Algorithm, Public: k.Key})
	}
	return keys, nil
}

func parsePEM(data []byte) ([]Key, error) {
	var keys []Key
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			if len(bytes.TrimSpace(data)) > 0 {
				return nil, errors.New("partners: PEM is damaged, or something follows it")
			}
			return keys, nil
		}
		if block.Type != pemPublicKey {
			return nil, fmt.Errorf("partners: PEM block is a %s, must be a %s", block.Type, pemPublicKey)
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("partners: public key %d: %w", len(keys)+1, err)
		}
		keys, data = append(keys, Key{Public: public}), rest
	}
}

// Thumbprint is the JWK thumbprint of a public key (RFC 7638), a good key ID.
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("partners: thumbprint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// KeySet encodes public keys as a JSON Web Key Set.
func KeySet(keys ...Key) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(keys))}
	for _, k := range keys {
		if err := k.Check(); err != nil {
			return nil, fmt.Errorf("partners: key %q: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public, KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"})
	}
	b, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("partners: encode key set: %w", err)
	}
	return b, nil
}
