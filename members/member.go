package members

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// SaltSize is the length of a salt in bytes.
const SaltSize = 16

// keyMin is the least length of the key in bytes.
const keyMin = 32

// numberMax bounds a member's number in bytes.
const numberMax = 64

// Member is a customer under whose number something is known.
type Member struct {
	Number string // the utility's
	// Salt has SaltSize bytes, or none for a member of an earlier release.
	Salt []byte
	// Account is on the ledger; zero while that of a member of an earlier release was
	// not worked out yet.
	Account      ledger.Account
	RegisteredAt int64 // milliseconds since 1970
}

// Derive returns a member's account: the first 128 bits of the HMAC-SHA256, under a key
// of at least 32 bytes, of the salt and the number. Without a salt it is what earlier
// releases computed, [ledger.MemberAccount].
func Derive(key, salt []byte, number string) (ledger.Account, error) {
	switch {
	case len(salt) == 0:
		return ledger.MemberAccount(key, number)
	case len(salt) != SaltSize:
		return ledger.Account{}, fmt.Errorf("members: salt has %d bytes, want %d", len(salt), SaltSize)
	case len(key) < keyMin:
		return ledger.Account{}, fmt.Errorf("members: account key has %d bytes, needs at least %d", len(key), keyMin)
	case number == "":
		return ledger.Account{}, errors.New("members: member number is empty")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("pointgrid/account/v2\x00"))
	mac.Write(salt)
	mac.Write([]byte(number))
	var a ledger.Account
	copy(a[:], mac.Sum(nil))
	return a, nil
}

// tokenPrefix begins what stands in place of a member's number after erasure.
const tokenPrefix = "erased-"

// token returns what stands in place of a number.
func token(random [8]byte) string { return tokenPrefix + hex.EncodeToString(random[:]) }

// Erased reports whether what stands where a member's number would is the token of
// somebody who was erased.
func Erased(number string) bool { return strings.HasPrefix(number, tokenPrefix) }
