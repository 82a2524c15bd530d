package signature

import (
	"context"
	"crypto/ed25519"
	"errors"
)

// ErrUnknownKey is returned by a [KeySource] that is sure that it has no key of
// that ID.
var ErrUnknownKey = errors.New("signature: unknown key")

// KeySource finds the public key to verify with. Implementations are safe for
// concurrent use.
type KeySource interface {
	// Key returns the key with that ID. It returns an error that wraps
	// [ErrUnknownKey] if there is none, and any other error if it cannot say.
	Key(ctx context.Context, keyID string) (ed25519.PublicKey, error)
}

// StaticKeys is a [KeySource] that never changes: public keys by ID.
type StaticKeys map[string]ed25519.PublicKey

// Key implements [KeySource].
func (k StaticKeys) Key(_ context.Context, keyID string) (ed25519.PublicKey, error) {
	if key, ok := k[keyID]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}
