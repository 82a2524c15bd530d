package connector

import (
	"encoding/hex"
	"errors"
)

// ID is a UUID that the gateway chose for a transfer or reversal. Any version
// is accepted; the zero ID is none.
type ID [16]byte

// ErrBadID is returned by [ParseID].
var ErrBadID = errors.New("connector: not a UUID in lower case with hyphens")

// ParseID reads the one spelling that the Connector API allows: 36 characters,
// lower case, with hyphens, not all zero. It returns [ErrBadID].
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrBadID
	}
	for i, at := range [...]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := nibble(s[at]), nibble(s[at+1])
		if high|low > 0x0f {
			return ID{}, ErrBadID
		}
		id[i] = high<<4 | low
	}
	if id.IsZero() {
		return ID{}, ErrBadID
	}
	return id, nil
}

// nibble is the value of a lower-case hexadecimal digit, 0xff for others.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the 36-character form.
func (id ID) String() string {
	var b [36]byte
	return string(id.append(b[:0]))
}

func (id ID) append(b []byte) []byte {
	b = hex.AppendEncode(b, id[0:4])
	b = hex.AppendEncode(append(b, '-'), id[4:6])
	b = hex.AppendEncode(append(b, '-'), id[6:8])
	b = hex.AppendEncode(append(b, '-'), id[8:10])
	return hex.AppendEncode(append(b, '-'), id[10:16])
}
