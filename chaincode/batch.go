package chaincode

import (
	"encoding/binary"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// packed is a batch as it is stored: the header, where each record ends, and
// the records one after the other, so that one is found without reading all.
type packed struct {
	plain
	header  ledger.BatchHeader
	ends    []byte // four bytes each
	records []byte
}

func (p *packed) encode(e *wire.Encoder) {
	p.header.Append(e)
	e.Raw(p.ends)
	e.Raw(p.records)
}

func (p *packed) decode(d *wire.Decoder) {
	p.header = ledger.ReadBatchHeader(d)
	if p.header.Size < 1 || p.header.Size > ledger.BatchMax {
		d.Fail("batch of too few or too many transfers")
	}
	p.ends = d.Raw(4 * int(p.header.Size))
	p.records = d.Raw(d.Len())
	if d.Err() == nil && p.end(p.header.Size-1) != uint32(len(p.records)) {
		d.Fail("batch that does not end with its last record")
	}
}

// record returns the canonical bytes of one transfer.
func (p *packed) record(index uint32) ([]byte, error) {
	if index < p.header.Size {
		start, end := uint32(0), p.end(index)
		if index > 0 {
			start = p.end(index - 1)
		}
		if start < end && uint64(end) <= uint64(len(p.records)) {
			return p.records[start:end:end], nil
		}
	}
	return nil, damaged("batch %d of lane %d has no record %d", p.header.Number, p.header.Lane, index)
}

func (p *packed) end(index uint32) uint32 { return binary.BigEndian.Uint32(p.ends[4*index:]) }

// entry reads one transfer.
func (p *packed) entry(index uint32) (ledger.Entry, error) {
	b, err := p.record(index)
	if err != nil {
		return ledger.Entry{}, err
	}
	d := wire.NewDecoder(b)
	t := ledger.ReadTransfer(d)
	if !soundLeg(t.Source) || !soundLeg(t.Destination) {
		d.Fail("leg of nobody")
	}
	if err := d.Close(); err != nil {
		return ledger.Entry{}, damaged("batch %d of lane %d, record %d: %v", p.header.Number, p.header.Lane, index, err)
	}
	t.At, t.Window = p.header.At, p.header.Window
	return ledger.Entry{Transfer: t, Locator: p.locator(index)}, nil
}

func (p *packed) locator(index uint32) ledger.Locator {
	return ledger.Locator{Lane: p.header.Lane, Batch: p.header.Number, Index: index}
}

// ownBatch is the batch that the transaction writes, as far as it has come.
type ownBatch struct {
	places  map[ledger.ID]int
	entries []*ledger.Entry // in the results, which do not move
	ends    []byte
	records []byte
	leaves  []ledger.Hash
}

// recordSize is about the size of a record, to make room for a batch at once.
const recordSize = 224

func newOwnBatch(size int) ownBatch {
	return ownBatch{
		places:  make(map[ledger.ID]int, size),
		entries: make([]*ledger.Entry, 0, size),
		ends:    make([]byte, 0, 4*size),
		records: make([]byte, 0, recordSize*size),
		leaves:  make([]ledger.Hash, 0, size),
	}
}

// record puts a transfer into the batch and its ID into the index.
func (w *work) record(entry *ledger.Entry) error {
	t := &entry.Transfer
	o := &w.own
	index := len(o.entries)
	entry.Locator = ledger.Locator{Lane: w.tx.Lane, Batch: w.head.now.next, Index: uint32(index)}
	w.scratch.Reset()
	t.Append(&w.scratch)
	o.records = append(o.records, w.scratch.Bytes()...)
	o.ends = binary.BigEndian.AppendUint32(o.ends, uint32(len(o.records)))
	o.leaves = append(o.leaves, ledger.LeafHash(w.scratch.Bytes()))
	o.places[t.ID] = index
	o.entries = append(o.entries, entry)
	if err := w.index(t.ID, entry.Locator); err != nil {
		return err
	}
	return w.keep()
}

// seal writes the batch, unless it is empty.
func (w *work) seal(window ledger.Date) error {
	if len(w.own.entries) == 0 {
		return nil
	}
	if w.head.now.next > numberMax {
		return damaged("lane %d has run out of batch numbers", w.tx.Lane)
	}
	b := w.batches.create(w, berth{w.tx.Lane, w.head.now.next}).edit(&w.journal)
	b.ends, b.records = w.own.ends, w.own.records
	b.header = ledger.BatchHeader{
		Lane: w.tx.Lane, Number: w.head.now.next, Tx: w.tx.ID, Caller: w.tx.Caller, At: w.tx.At, Window: window,
		Size: uint32(len(w.own.entries)), Root: ledger.MerkleRoot(w.own.leaves),
	}
	w.head.edit(&w.journal).push(b.header.Leaf())
	return w.keep()
}
