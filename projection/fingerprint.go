package projection

import (
	"crypto/sha256"
	"encoding/binary"
)

// fingerprint sums up lots in any order and any parts: two lists of changes have
// the same one when they lead to the same lots, and otherwise, but for a chance
// of one in 2^64, another. It takes the place of a list of all accounts.
type fingerprint [2]uint64

func (f *fingerprint) add(l Lot) error {
	var b [18]byte
	copy(b[:], l.Account[:])
	binary.BigEndian.PutUint16(b[16:], uint16(l.Expiry))
	sum := sha256.Sum256(b[:])
	for i := range f {
		// Odd, so that no amount below 2^64 is lost in the product.
		amount, held := binary.BigEndian.Uint64(sum[16*i:])|1, binary.BigEndian.Uint64(sum[16*i+8:])|1
		f[i] += amount*uint64(l.Amount) + held*uint64(l.Held)
	}
	return nil
}
