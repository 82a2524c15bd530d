package annals

import (
	"crypto/sha256"
	"iter"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// HashWrites returns the SHA-256 of the canonical encoding of a write set of n
// keys, which come in ascending order; a nil value deletes. The buffer is used
// for it and returned for the next time.
func HashWrites(n int, writes iter.Seq2[string, []byte], buf []byte) (ledger.Hash, []byte) {
	e := wire.NewEncoder(append(buf[:0], "pointgrid/writes/v1\x00"...))
	e.Uint(uint64(n))
	for key, value := range writes {
		e.String(key)
		e.Bool(value != nil)
		e.Blob(value)
	}
	return sha256.Sum256(e.Bytes()), e.Bytes()
}
