package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// keysMax bounds how many keys a set may hold.
const keysMax = 64

// jwk is the part of RFC 7517 and RFC 8037 that an Ed25519 public key needs.
type jwk struct {
	KeyType string `json:"kty"`
	Curve   string `json:"crv"`
	KeyID   string `json:"kid"`
	Use     string `json:"use"`
	X       string `json:"x"`
}

// ParseKeySet reads a JSON Web Key Set. Keys that are not Ed25519 keys for
// signatures, or have no ID, are skipped, because a gateway publishes keys for
// other uses in the same set. It returns an error if the set is malformed, too
// large, or names one ID for two keys.
func ParseKeySet(data []byte) (StaticKeys, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("signature: key set: %w", err)
	}
	if len(set.Keys) > keysMax {
		return nil, fmt.Errorf("signature: key set has %d keys, at most %d are accepted", len(set.Keys), keysMax)
	}
	keys := StaticKeys{}
	for _, k := range set.Keys {
		if k.KeyType != "OKP" || k.Curve != "Ed25519" || k.Use == "enc" || k.KeyID == "" {
			continue
		}
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("signature: key %q: x must be 32 bytes in base64url", k.KeyID)
		}
		if _, twice := keys[k.KeyID]; twice {
			return nil, fmt.Errorf("signature: key set has two keys with the ID %q", k.KeyID)
		}
		keys[k.KeyID] = x
	}
	return keys, nil
}

// ParseKeyFile reads a file that holds either a JSON Web Key Set or one public
// key in PEM (PKIX). A key in PEM has no ID of its own: it gets pemKeyID, or its
// [Thumbprint] if that is empty. A file without a usable key is an error.
func ParseKeyFile(data []byte, pemKeyID string) (StaticKeys, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		keys, err := ParseKeySet(data)
		if err == nil && len(keys) == 0 {
			err = errors.New("signature: key set holds no Ed25519 key with an ID")
		}
		return keys, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("signature: PEM file must hold a PUBLIC KEY")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("signature: public key: %w", err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("signature: public key is %T, must be Ed25519", parsed)
	}
	if pemKeyID == "" {
		pemKeyID = Thumbprint(key)
	}
	return StaticKeys{pemKeyID: key}, nil
}

// Thumbprint is the JWK thumbprint of a key (RFC 7638, RFC 8037 appendix A.3),
// a good key ID.
func Thumbprint(key ed25519.PublicKey) string {
	canonical := `{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`
	sum := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
