package webhooks

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"github.com/pointgrid/pointgrid/ledger"
)

// SealKeyBytes is the length of the key of a [Sealer].
const SealKeyBytes = 32

// Sealer encrypts secrets with AES-256-GCM before they are stored, bound to their
// endpoint, so that neither a copy of the database nor a row put in another's
// place is of use to anybody. The key stays outside of the database.
type Sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

// ErrSealed: a secret cannot be opened with this key.
var ErrSealed = errors.New("webhooks: a secret was sealed with another key, or is damaged")

// NewSealer returns a sealer with a key of [SealKeyBytes]. random is safe for
// concurrent use.
func NewSealer(key []byte, random io.Reader) (*Sealer, error) {
	if len(key) != SealKeyBytes {
		return nil, fmt.Errorf("webhooks: the sealing key has %d bytes, must have %d", len(key), SealKeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Sealer{aead, random}, err
}

func (s *Sealer) seal(endpoint ledger.ID, secret []byte) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("webhooks: randomness: %w", err)
	}
	return s.aead.Seal(nonce, nonce, secret, endpoint[:]), nil
}

func (s *Sealer) open(endpoint ledger.ID, sealed []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrSealed
	}
	secret, err := s.aead.Open(nil, sealed[:n], sealed[n:], endpoint[:])
	if err != nil || len(secret) != secretBytes {
		return nil, ErrSealed
	}
	return secret, nil
}
