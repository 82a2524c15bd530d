package partnersim

import (
	"encoding/binary"
	"errors"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// Records are sequences of varints, byte strings and identifiers behind one
// version byte.
const recordVersion = 1

// errCorrupt means that the store holds what this program never wrote.
var errCorrupt = errors.New("partnersim: a record of the books cannot be read")

func newRecord(size int) []byte { return append(make([]byte, 0, size), recordVersion) }

func appendInt(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// record reads what was appended. After a failure everything reads as zero and
// done returns errCorrupt.
type record struct {
	rest []byte
	bad  bool
}

func readRecord(b []byte) *record {
	r := &record{rest: b}
	r.bad = r.byte() != recordVersion
	return r
}

func (r *record) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *record) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *record) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// int reads an amount or a time, neither of which is ever negative here.
func (r *record) int() int64 {
	n := int64(r.uint())
	if n < 0 {
		r.bad = true
	}
	return n
}

func (r *record) text() string { return string(r.take(r.uint())) }

func (r *record) id() (id connector.ID) {
	copy(id[:], r.take(uint64(len(id))))
	return id
}

func (r *record) done() error {
	if r.bad || len(r.rest) != 0 {
		return errCorrupt
	}
	return nil
}
