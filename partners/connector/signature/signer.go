package signature

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Signer signs requests with one Ed25519 key. It is safe for concurrent use if
// its source of randomness is.
type Signer struct {
	keyID  string
	key    crypto.Signer
	clock  func() time.Time
	random io.Reader
}

// NewSigner returns a Signer for a key, which may live in hardware. The key ID
// is what verifiers look the public key up by: 1 to 256 visible ASCII
// characters without quotation marks and backslashes.
func NewSigner(keyID string, key crypto.Signer, clock func() time.Time, random io.Reader) (*Signer, error) {
	if !plainText(keyID) {
		return nil, fmt.Errorf("signature: key ID %q must be 1 to %d visible ASCII characters without \" and \\", keyID, parameterTextMax)
	}
	if key == nil {
		return nil, errors.New("signature: no key")
	}
	if _, ok := key.Public().(ed25519.PublicKey); !ok {
		return nil, fmt.Errorf("signature: key is %T, must be Ed25519", key.Public())
	}
	if clock == nil || random == nil {
		return nil, errors.New("signature: clock and randomness are required")
	}
	return &Signer{keyID: keyID, key: key, clock: clock, random: random}, nil
}

// Sign adds the three headers to a request that is about to be sent with this
// body, nil if it has none. The request's Host, or else its URL's host, must be
// what the server will see.
func (s *Signer) Sign(r *http.Request, body []byte) error {
	m := message{method: r.Method, authority: r.Host, path: pathOf(r)}
	if m.authority == "" {
		m.authority = r.URL.Host
	}
	m.authority = strings.ToLower(m.authority)
	covered := coveredWithout
	if body != nil {
		covered = coveredWithBody
		m.digest = digestOf(body)
		r.Header[digestHeader] = []string{m.digest}
	}
	parameters, err := s.parameters(covered)
	if err != nil {
		return err
	}
	var buffer [512]byte
	sig, err := s.key.Sign(s.random, m.appendBase(buffer[:0], parameters), crypto.Hash(0))
	if err != nil {
		return fmt.Errorf("signature: sign with key %s: %w", s.keyID, err)
	}
	r.Header[inputHeader] = []string{label + "=" + parameters}
	r.Header[signatureHeader] = []string{label + "=:" + base64.StdEncoding.EncodeToString(sig) + ":"}
	return nil
}

func (s *Signer) parameters(covered string) (string, error) {
	var nonce [16]byte
	if _, err := io.ReadFull(s.random, nonce[:]); err != nil {
		return "", fmt.Errorf("signature: read randomness for a nonce: %w", err)
	}
	b := make([]byte, 0, 256)
	b = append(b, covered...)
	b = append(b, ";created="...)
	b = strconv.AppendInt(b, s.clock().Unix(), 10)
	b = append(b, `;keyid="`...)
	b = append(b, s.keyID...)
	b = append(b, `";nonce="`...)
	b = base64.RawURLEncoding.AppendEncode(b, nonce[:])
	return string(append(b, '"')), nil
}

// plainText reports whether s can stand in a quoted parameter without escapes.
func plainText(s string) bool {
	if s == "" || len(s) > parameterTextMax {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
