package codec

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

func encodeValues(values [][]byte) []byte {
	size := 16
	for _, v := range values {
		size += len(v) + 6
	}
	e := begin(size)
	e.Uint(uint64(len(values)))
	for _, v := range values {
		e.Bool(v != nil)
		if v != nil {
			e.Blob(v)
		}
	}
	return e.Bytes()
}

// DecodeValues reads the response of [FunctionGet]: a value for each key, nil
// for none. They alias the bytes given.
func DecodeValues(b []byte, keys int) ([][]byte, error) {
	d := open(b)
	values := make([][]byte, count(d, 1, KeysMax))
	for i := range values {
		if d.Bool() {
			values[i] = d.Blob()
		}
	}
	if d.Err() == nil && len(values) != keys {
		d.Fail(fmt.Sprintf("%d values for %d keys", len(values), keys))
	}
	return values, named("values", d.Close())
}

// Page is a part of a range.
type Page struct {
	Keys   []string
	Values [][]byte
	// Next is where the rest begins; empty when there is none.
	Next string
	// Heads is a digest of the heads of all lanes: pages with the same are of the
	// same state.
	Heads ledger.Hash
}

func (p *Page) encode() []byte {
	size := 128
	for i := range p.Keys {
		size += len(p.Keys[i]) + len(p.Values[i]) + 8
	}
	e := begin(size)
	e.Raw(p.Heads[:])
	e.String(p.Next)
	e.Uint(uint64(len(p.Keys)))
	for i := range p.Keys {
		e.String(p.Keys[i])
		e.Blob(p.Values[i])
	}
	return e.Bytes()
}

// DecodePage reads the response of [FunctionRange]. Values alias the bytes.
func DecodePage(b []byte) (p Page, err error) {
	d := open(b)
	copy(p.Heads[:], d.Raw(len(p.Heads)))
	p.Next = d.String()
	n := d.Count(2)
	p.Keys, p.Values = make([]string, n), make([][]byte, n)
	for i := range n {
		p.Keys[i], p.Values[i] = d.String(), d.Blob()
	}
	return p, named("page", d.Close())
}

func encodeFound(entries []*ledger.Entry) []byte {
	e := begin(16 + 200*len(entries))
	e.Uint(uint64(len(entries)))
	for _, entry := range entries {
		e.Bool(entry != nil)
		if entry != nil {
			appendEntry(e, entry)
		}
	}
	return e.Bytes()
}

// DecodeFound reads the response of [FunctionFind]: an entry for each ID, nil
// for none.
func DecodeFound(b []byte, ids int) ([]*ledger.Entry, error) {
	d := open(b)
	entries := make([]*ledger.Entry, count(d, 1, FindMax))
	for i := range entries {
		if d.Bool() {
			entry := readEntry(d)
			entries[i] = &entry
		}
	}
	if d.Err() == nil && len(entries) != ids {
		d.Fail(fmt.Sprintf("%d entries for %d IDs", len(entries), ids))
	}
	return entries, named("found", d.Close())
}

// Proof is what leads from a transfer to its checkpoint.
type Proof struct {
	Entry  ledger.Entry
	Record []byte
	Batch  ledger.BatchHeader
	Path   []ledger.Hash
	// Checkpoint covers the batch; nil while there is none.
	Checkpoint *ledger.CheckpointRecord
}

func (p *Proof) encode() []byte {
	e := begin(1024)
	appendLocator(e, p.Entry.Locator)
	e.Blob(p.Record)
	p.Batch.Append(e)
	appendHashes(e, p.Path)
	e.Bool(p.Checkpoint != nil)
	if p.Checkpoint != nil {
		p.Checkpoint.Append(e)
	}
	return e.Bytes()
}

// DecodeProof reads the response of [FunctionProof]; nil when no transfer has
// the ID.
func DecodeProof(b []byte) (*Proof, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := open(b)
	p := &Proof{Entry: ledger.Entry{Locator: readLocator(d)}}
	p.Record = append([]byte(nil), d.Blob()...)
	p.Batch = ledger.ReadBatchHeader(d)
	p.Path = readHashes(d)
	if d.Bool() {
		c := ledger.ReadCheckpointRecord(d)
		p.Checkpoint = &c
	}
	if err := d.Close(); err != nil {
		return nil, named("proof", err)
	}
	r := wire.NewDecoder(p.Record)
	p.Entry.Transfer = ledger.ReadTransfer(r)
	p.Entry.Transfer.At, p.Entry.Transfer.Window = p.Batch.At, p.Batch.Window
	return p, named("proof's record", r.Close())
}

func encodeHashes(hashes []ledger.Hash) []byte {
	e := begin(16 + 32*len(hashes))
	appendHashes(e, hashes)
	return e.Bytes()
}

// DecodeLeaves reads the response of [FunctionLeaves].
func DecodeLeaves(b []byte) ([]ledger.Hash, error) {
	d := open(b)
	hashes := readHashes(d)
	return hashes, named("leaves", d.Close())
}

func appendHashes(e *wire.Encoder, hashes []ledger.Hash) {
	e.Uint(uint64(len(hashes)))
	for i := range hashes {
		e.Raw(hashes[i][:])
	}
}

func readHashes(d *wire.Decoder) []ledger.Hash {
	n := d.Count(32)
	if n == 0 {
		return nil
	}
	hashes := make([]ledger.Hash, n)
	for i := range hashes {
		copy(hashes[i][:], d.Raw(32))
	}
	return hashes
}

func named(what string, err error) error {
	if err != nil {
		return fmt.Errorf("codec: %s: %w", what, err)
	}
	return nil
}
