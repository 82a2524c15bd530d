package exchange

import "unicode/utf8"

// Bounds of what comes from outside.
const (
	keyMax        = 255
	membershipMax = 64
	memberMax     = 64
	reasonMax     = 200
	pageMax       = 200
)

// text reports whether s is at most longest bytes of UTF-8 without control
// characters.
func text(s string, longest int) bool {
	if len(s) > longest || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}

// bounded shortens what a caller sent before it is repeated to it.
func bounded(s string, longest int) string {
	if len(s) <= longest {
		return s
	}
	return s[:longest]
}

func checkIdempotency(i Idempotency) error {
	if i.Key == "" || !text(i.Key, keyMax) {
		return refuse(CodeInvalid, "idempotency key must be 1 to %d characters", keyMax)
	}
	return nil
}
