package mall

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// vault seals voucher codes with AES-256-GCM, bound to their product.
type vault struct {
	aead   cipher.AEAD
	mark   []byte // key of the fingerprints
	random io.Reader
}

// codeMax bounds a code, in bytes.
const codeMax = 200

func newVault(key []byte, random io.Reader) (*vault, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("mall: code key has %d bytes, needs 32", len(key))
	}
	block, err := aes.NewCipher(derive(key, "pointgrid/mall/codes/v1"))
	if err != nil {
		return nil, fmt.Errorf("mall: code key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("mall: code key: %w", err)
	}
	return &vault{aead: aead, mark: derive(key, "pointgrid/mall/fingerprints/v1"), random: random}, nil
}

func derive(key []byte, use string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use))
	return mac.Sum(nil)
}

func (v *vault) seal(product, code string) (SealedCode, error) {
	nonce := make([]byte, v.aead.NonceSize())
	if _, err := io.ReadFull(v.random, nonce); err != nil {
		return SealedCode{}, fmt.Errorf("mall: randomness: %w", err)
	}
	c := SealedCode{Sealed: v.aead.Seal(nonce, nonce, []byte(code), []byte(product))}
	copy(c.Fingerprint[:], derive(v.mark, code))
	return c, nil
}

var errSealed = errors.New("mall: a code cannot be opened: it was sealed with another key, or damaged")

func (v *vault) open(product string, sealed []byte) (string, error) {
	n := v.aead.NonceSize()
	if len(sealed) < n {
		return "", errSealed
	}
	code, err := v.aead.Open(nil, sealed[:n], sealed[n:], []byte(product))
	if err != nil {
		return "", errSealed
	}
	return string(code), nil
}
