package chaincode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Sizes of an entry of a page: what distinguishes IDs of one slice (the first
// five bytes are the same), then batch and index in six and two bytes.
const (
	suffixSize = len(ledger.ID{}) - 5
	entrySize  = suffixSize + 8
	pageMax    = 1 << 16 // entries
	numberMax  = 1<<48 - 1
)

// page is the part of the ID index for one slice of time: entries of fixed
// width, ascending, so that looking up takes no decoding.
type page struct {
	sorted []byte
	added  []byte // by this transaction, in its order
}

func (p *page) encode(e *wire.Encoder) {
	added := slices.Collect(slices.Chunk(p.added, entrySize))
	slices.SortFunc(added, bytes.Compare)
	rest := p.sorted
	for _, entry := range added {
		i := place(rest, entry[:suffixSize])
		e.Raw(rest[:i*entrySize])
		e.Raw(entry)
		rest = rest[i*entrySize:]
	}
	e.Raw(rest)
}

func (p *page) decode(d *wire.Decoder) {
	if d.Len()%entrySize != 0 {
		d.Fail("page is not whole entries")
	}
	p.sorted = d.Raw(d.Len())
}

func (p *page) hub() int64    { return 0 }
func (p *page) fault() string { return "" }

func (p *page) full() bool { return len(p.sorted)+len(p.added) >= pageMax*entrySize }

// place returns the index of the first entry that is not below a suffix.
func place(entries, suffix []byte) int {
	return sort.Search(len(entries)/entrySize, func(i int) bool {
		return bytes.Compare(entries[i*entrySize:i*entrySize+suffixSize], suffix) >= 0
	})
}

// find returns where the transfer with an ID stands, of those committed.
func (p *page) find(id ledger.ID) (number uint64, index uint32, ok bool) {
	suffix := id[len(id)-suffixSize:]
	i := place(p.sorted, suffix) * entrySize
	if i == len(p.sorted) || !bytes.Equal(p.sorted[i:i+suffixSize], suffix) {
		return 0, 0, false
	}
	v := binary.BigEndian.Uint64(p.sorted[i+suffixSize:])
	return v >> 16, uint32(v & 0xffff), true
}

// add enters a transfer.
func (p *page) add(id ledger.ID, number uint64, index uint32) {
	p.added = append(p.added, id[len(id)-suffixSize:]...)
	p.added = binary.BigEndian.AppendUint64(p.added, number<<16|uint64(index))
}
