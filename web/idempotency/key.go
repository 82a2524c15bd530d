package idempotency

import (
	"crypto/sha256"
	"net/http"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

// KeyMax is the most bytes that a key has.
const KeyMax = 255

// Key returns the request's Idempotency-Key, empty when it has none, or the
// problem to answer with: a key is 1 to [KeyMax] visible ASCII characters, once.
func Key(h http.Header) (string, *problem.Problem) {
	values := h["Idempotency-Key"]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 || !validKey(values[0]) {
		return "", problem.New(http.StatusBadRequest, "idempotency_key_invalid",
			"Idempotency-Key must be there once, with 1 to 255 visible ASCII characters and no spaces")
	}
	return values[0], nil
}

// Missing is the problem of a request that needs a key and has none.
func Missing() *problem.Problem {
	return problem.New(http.StatusBadRequest, "idempotency_key_missing",
		"send an Idempotency-Key, new for each new piece of work, and the same one when you send the request again")
}

func validKey(s string) bool {
	if s == "" || len(s) > KeyMax {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Hash identifies what was asked: method, path and body, byte for byte.
func Hash(method, path string, body []byte) ledger.Hash {
	var buffer [1024]byte
	b := append(buffer[:0], method...)
	b = append(b, 0)
	b = append(b, path...)
	b = append(b, 0)
	return sha256.Sum256(append(b, body...))
}
