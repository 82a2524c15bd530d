package webhooks

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Scheme is how messages are signed.
type Scheme string

// The schemes of the Standard Webhooks specification.
const (
	HMAC    Scheme = "v1"  // HMAC-SHA256 with a secret that both sides have
	Ed25519 Scheme = "v1a" // Ed25519; the receiver has the public key only
)

// secretBytes is the length of a secret; the specification wants 24 to 64. It is
// also that of an Ed25519 seed.
const secretBytes = 32

// Prefixes of secrets as people see them.
const (
	prefixHMAC   = "whsec_"
	prefixPublic = "whpk_"
)

func newSecret(random io.Reader) ([]byte, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("webhooks: randomness: %w", err)
	}
	return b, nil
}

// reveal is what the receiver verifies with: the secret itself, or the public
// key. The private key never leaves the gateway.
func (s Scheme) reveal(secret []byte) string {
	if s == Ed25519 {
		public := ed25519.NewKeyFromSeed(secret).Public().(ed25519.PublicKey)
		return prefixPublic + base64.StdEncoding.EncodeToString(public)
	}
	return prefixHMAC + base64.StdEncoding.EncodeToString(secret)
}

// signer signs the messages of one endpoint, with each secret that is valid.
type signer struct{ keys []signingKey }

type signingKey struct {
	scheme  Scheme
	secret  []byte
	private ed25519.PrivateKey // of [Ed25519]
	expires int64
}

func newSigner(e *Endpoint, sealer *Sealer) (*signer, error) {
	s := &signer{}
	for _, kept := range e.Secrets {
		secret, err := sealer.open(e.ID, kept.Sealed)
		if err != nil {
			return nil, err
		}
		k := signingKey{scheme: kept.Scheme, secret: secret, expires: kept.ExpiresAt}
		if k.scheme == Ed25519 {
			k.private = ed25519.NewKeyFromSeed(secret)
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// header returns webhook-signature: the signatures with spaces between. now is in
// milliseconds since 1970, the timestamp in seconds.
func (s *signer) header(id string, timestamp int64, body []byte, now int64) string {
	content := make([]byte, 0, len(id)+len(body)+16)
	content = append(append(content, id...), '.')
	content = append(strconv.AppendInt(content, timestamp, 10), '.')
	content = append(content, body...)
	var all []string
	for _, k := range s.keys {
		if k.expires == 0 || k.expires > now {
			all = append(all, string(k.scheme)+","+base64.StdEncoding.EncodeToString(k.sign(content)))
		}
	}
	return strings.Join(all, " ")
}

func (k *signingKey) sign(content []byte) []byte {
	if k.scheme == Ed25519 {
		return ed25519.Sign(k.private, content)
	}
	h := hmac.New(sha256.New, k.secret)
	h.Write(content)
	return h.Sum(nil)
}
