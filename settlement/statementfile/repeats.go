package statementfile

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// repeats finds lines that are the same in every field without remembering all
// lines. The first reading marks what may have been there before in a Bloom
// filter; the second looks only at those.
type repeats struct {
	bits    []uint64
	suspect map[uint64]int // line on which it was first seen in the second reading
	buffer  []byte
	more    bool // there are more suspects than are looked at
}

const (
	suspectsMax  = 1 << 18
	bytesPerLine = 40 // the least that a line has
	bitsPerLine  = 16
	filterBits   = 1 << 29 // 64 MiB, for the largest files
)

func newRepeats(size int64) *repeats {
	bits := min(max(size/bytesPerLine*bitsPerLine, 1<<10), filterBits)
	return &repeats{bits: make([]uint64, bits/64+1), suspect: map[uint64]int{}}
}

// print is the fingerprint of a line's content.
func (r *repeats) print(l *Line) uint64 {
	b := append(r.buffer[:0], byte(l.Movement), byte(l.Status))
	b = append(append(b, l.TransferID[:]...), l.ReversalID[:]...)
	for _, n := range [...]int64{l.Amount, l.Points, l.At.UnixNano(), int64(len(l.Reference))} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	r.buffer = append(append(b, l.Reference...), l.Membership...)
	return xxhash.Sum64(r.buffer)
}

// see is given each line in the first reading.
func (r *repeats) see(l *Line) {
	p := r.print(l)
	seen := true
	for k := range uint64(4) {
		at := (p + k*(p>>32|1)) % uint64(len(r.bits)*64)
		seen = seen && r.bits[at/64]>>(at%64)&1 != 0
		r.bits[at/64] |= 1 << (at % 64)
	}
	if seen {
		if r.more = r.more || len(r.suspect) >= suspectsMax; !r.more {
			r.suspect[p] = 0
		}
	}
}

// again is given each line in the second reading, and returns the line that it
// repeats, or 0.
func (r *repeats) again(l *Line) int {
	p := r.print(l)
	first, ok := r.suspect[p]
	if ok && first == 0 {
		r.suspect[p] = l.Number
	}
	return first
}
