package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// ID identifies a command, and the transfer it writes, for ever. It is a UUID
// of version 7 (RFC 9562): the first 48 bits are its time in milliseconds, by
// which the contract files it. The caller chooses it.
type ID [16]byte

// ErrBadID is returned by [ParseID] for anything that is not a UUID version 7.
var ErrBadID = errors.New("ledger: not a UUID version 7")

// NewID makes an ID from a time and ten random bytes. Times before 1970 count
// as 1970.
func NewID(at time.Time, random [10]byte) ID {
	var id ID
	ms := uint64(max(at.UnixMilli(), 0))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	copy(id[6:], random[:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads the 36-character form, in lower case, of a UUID version 7.
// It returns [ErrBadID].
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrBadID
	}
	if _, err := hex.Decode(id[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return ID{}, ErrBadID
	}
	if !id.Valid() || id.String() != s {
		return ID{}, ErrBadID
	}
	return id, nil
}

// Valid reports whether version and variant bits are those of UUID version 7.
func (id ID) Valid() bool { return id[6]>>4 == 7 && id[8]>>6 == 2 }

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// Milli returns the ID's time in milliseconds since 1970.
func (id ID) Milli() int64 {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

// Step returns the ID of the n-th command, 0 to 15, of a workflow whose own ID
// is id. It replaces the last four bits, so callers make workflow IDs with
// those bits zero ([ID.Root]); step 0 is then the workflow's ID itself.
func (id ID) Step(n int) ID {
	id[15] = id[15]&0xf0 | byte(n&0x0f)
	return id
}

// Root clears the bits that [ID.Step] uses.
func (id ID) Root() ID { return id.Step(0) }

// String returns the 36-character lower-case form.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// MarshalText implements [encoding.TextMarshaler]; the zero ID is the empty text.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	*id, err = ParseID(string(b))
	return err
}

// Account is a member's account on the ledger: the first 128 bits of an HMAC-SHA256
// of the member's number, and a salt, under a key that stays with the utility.
// Nothing on the ledger leads from it to a person.
type Account [16]byte

// MemberAccount derives the account of a member who has no salt, as all members of the
// first releases. The key must have at least 32 bytes.
func MemberAccount(key []byte, member string) (Account, error) {
	if len(key) < 32 {
		return Account{}, fmt.Errorf("ledger: account key has %d bytes, needs at least 32", len(key))
	}
	if member == "" {
		return Account{}, errors.New("ledger: member number is empty")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("pointgrid/account/v1\x00"))
	mac.Write([]byte(member))
	var a Account
	copy(a[:], mac.Sum(nil))
	return a, nil
}

// IsZero reports whether the account is unset.
func (a Account) IsZero() bool { return a == Account{} }

// String returns 32 lower-case hexadecimal digits.
func (a Account) String() string { return hex.EncodeToString(a[:]) }

// MarshalText implements [encoding.TextMarshaler]; the zero account is the
// empty text.
func (a Account) MarshalText() ([]byte, error) {
	if a.IsZero() {
		return nil, nil
	}
	return []byte(a.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *Account) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Account{}
		return nil
	}
	if len(b) != 32 {
		return fmt.Errorf("ledger: account has %d characters, needs 32", len(b))
	}
	if _, err := hex.Decode(a[:], b); err != nil {
		return fmt.Errorf("ledger: account: %w", err)
	}
	return nil
}
