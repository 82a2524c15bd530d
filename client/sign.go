package client

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// signatureHeader carries a detached JWS over the body.
const signatureHeader = "PointGrid-Signature"

// movesPoints reports whether a request is one that the gateway takes a
// signature for.
func movesPoints(r Request, path string) bool {
	return r.Method == http.MethodPost && (path == "/v1/conversions" || path == "/v1/conversions/batch" ||
		strings.HasPrefix(path, "/v1/conversions/") && strings.HasSuffix(path, "/reversals"))
}

// sign returns a detached JWS (RFC 7515, appendix F) over a body, bound to the
// request by its path and the SHA-256 of its Idempotency-Key.
func (t *tokenSource) sign(path, key string, body []byte) (string, error) {
	protected := struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Path      string `json:"path"`
		KeyDigest string `json:"idempotency_key_sha256,omitempty"`
	}{KeyID: t.o.KeyID, Path: path, Algorithm: t.method.Alg()}
	if key != "" {
		sum := sha256.Sum256([]byte(key))
		protected.KeyDigest = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	b, err := json.Marshal(protected)
	if err != nil {
		return "", fmt.Errorf("client: sign: %w", err)
	}
	header := base64.RawURLEncoding.EncodeToString(b)
	signature, err := t.signature([]byte(header + "." + base64.RawURLEncoding.EncodeToString(body)))
	if err != nil {
		return "", fmt.Errorf("client: sign: %w", err)
	}
	return header + ".." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func (t *tokenSource) signature(input []byte) ([]byte, error) {
	switch key := t.o.Key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, input), nil
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			return nil, err
		}
		var fixed [64]byte // RFC 7518, section 3.4
		r.FillBytes(fixed[:32])
		s.FillBytes(fixed[32:])
		return fixed[:], nil
	}
	return nil, fmt.Errorf("a key of type %T cannot sign requests; want Ed25519 or ECDSA P-256", t.o.Key)
}
