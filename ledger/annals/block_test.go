package annals_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

// What is read as a block is written as the same bytes, so that a block has one hash,
// and it takes no more memory than it has bytes.
func FuzzRead(f *testing.F) {
	open := annals.Block{Number: 7, Previous: ledger.Hash{1}, Tx: ledger.EmbeddedTx(7), At: 1_767_225_600_000, Caller: ledger.Identity{MSP: "UtilityMSP"}, Writes: ledger.Hash{2}}
	signed := open
	signed.Signature = &ledger.Signature{KeyID: "key", Value: []byte{1, 2, 3}}
	for _, b := range []annals.Block{open, signed, {}} {
		f.Add(b.Append(nil))
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := annals.Read(b, sha256.Sum256(b))
		if err != nil || h.Decode() != nil {
			return
		}
		if again := h.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("%x is read, and written as %x", b, again)
		}
	})
}
