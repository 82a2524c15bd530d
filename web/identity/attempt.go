package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// Attempt is one sign-in that was begun in one browser, which keeps it: it is the
// secret from which state, nonce and verifier follow.
type Attempt struct{ secret [32]byte }

// NewAttempt draws one.
func NewAttempt(random io.Reader) (a Attempt, err error) {
	if _, err = io.ReadFull(random, a.secret[:]); err != nil {
		return Attempt{}, fmt.Errorf("identity: randomness: %w", err)
	}
	return a, nil
}

var errAttempt = errors.New("identity: not an attempt")

// ParseAttempt reads what [Attempt.Text] returned.
func ParseAttempt(text string) (a Attempt, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != len(a.secret) {
		return Attempt{}, errAttempt
	}
	if a.secret = [32]byte(b); a.Text() != text { // the decoder passes over line ends and spare bits
		return Attempt{}, errAttempt
	}
	return a, nil
}

// Text is what the browser keeps, of A-Z, a-z, 0-9, - and _.
func (a Attempt) Text() string { return base64.RawURLEncoding.EncodeToString(a.secret[:]) }

// derive makes 43 characters for one use; none says anything about another.
func (a Attempt) derive(use string) string {
	mac := hmac.New(sha256.New, a.secret[:])
	mac.Write([]byte(use))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// State is what the provider gives back with its answer.
func (a Attempt) State() string { return a.derive("state") }

func (a Attempt) nonce() string    { return a.derive("nonce") }
func (a Attempt) verifier() string { return a.derive("verifier") }

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
