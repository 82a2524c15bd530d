package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Person is what the provider says about somebody besides the number.
type Person struct {
	Name string `json:"name,omitempty"`
	// IDToken is shown to the provider at sign-out, so that it knows which of its
	// sessions is meant.
	IDToken string `json:"id_token,omitempty"`
}

// sealer is for one session alone: its key follows from the session's token, and
// is used once, so the nonce can be zeros.
func sealer(token string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(token), nil, "pointgrid/member-session/v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(token string, p Person) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	s, err := sealer(token)
	if err != nil {
		return nil, err
	}
	return s.Seal(nil, make([]byte, s.NonceSize()), plain, nil), nil
}

func unseal(token string, sealed []byte) (p Person, err error) {
	s, err := sealer(token)
	if err != nil {
		return Person{}, err
	}
	plain, err := s.Open(nil, make([]byte, s.NonceSize()), sealed, nil)
	if err != nil {
		return Person{}, fmt.Errorf("session: what was sealed does not open: %w", err)
	}
	return p, json.Unmarshal(plain, &p)
}
