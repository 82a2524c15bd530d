package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// sealer keeps TOTP secrets from those who read the store but not the key.
type sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

// keyMin is the least number of bytes of the key.
const keyMin = 32

func newSealer(key []byte, random io.Reader) (*sealer, error) {
	if len(key) < keyMin {
		return nil, fmt.Errorf("signin: key has %d bytes, needs at least %d", len(key), keyMin)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "pointgrid staff second factor", 32)
	if err != nil {
		return nil, fmt.Errorf("signin: key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("signin: key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead: aead, random: random}, err
}

// seal binds a secret to the user it belongs to.
func (s *sealer) seal(user ID, secret string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("signin: randomness: %w", err)
	}
	return s.aead.Seal(nonce, nonce, []byte(secret), user[:]), nil
}

var errSealed = errors.New("signin: the second factor was sealed with another key")

func (s *sealer) open(user ID, sealed []byte) (string, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return "", errSealed
	}
	secret, err := s.aead.Open(nil, sealed[:n], sealed[n:], user[:])
	if err != nil {
		return "", errSealed
	}
	return string(secret), nil
}
