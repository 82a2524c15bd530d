package annals

import (
	"crypto/sha256"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Block is one transaction as it is written down: what was done, not what it
// did. Executing the commands again on the state before it gives the state after.
type Block struct {
	Number   uint64      // from 0, without gaps
	Previous ledger.Hash // of the block before; zero for block 0
	Lane     uint32
	Epoch    uint64 // under which the caller owned the lane; 0 while none ever took it
	Tx       string // [ledger.EmbeddedTx] of Number
	At       int64  // milliseconds since 1970, never before the previous block's
	Caller   ledger.Identity
	// Commands are those that were carried out. Refused ones and replays of
	// earlier ones left no trace in the state and leave none here.
	Commands []ledger.Command
	// Writes is the hash of the write set, with which re-execution is compared;
	// see [HashWrites].
	Writes ledger.Hash
	// Signature is that of the checkpoint which the block's only command wrote,
	// nil for every other block.
	Signature *ledger.Signature
	Hash      ledger.Hash // SHA-256 of the canonical bytes of all of the above
}

// Versions of a block. One whose lane was taken says its epoch at the end; without
// one it is what it was before there were any.
const (
	blockVersion = 1
	ownedVersion = 2
)

func (b *Block) version() byte {
	if b.Epoch == 0 {
		return blockVersion
	}
	return ownedVersion
}

// Append appends the canonical bytes. It sets Hash.
func (b *Block) Append(buf []byte) []byte {
	start := len(buf)
	e := wire.NewEncoder(buf)
	e.Byte(b.version())
	e.Uint(b.Number)
	e.Raw(b.Previous[:])
	e.Uint(uint64(b.Lane))
	e.String(b.Tx)
	e.Int(b.At)
	b.Caller.Append(e)
	e.Blob(ledger.EncodeBatch(b.Commands))
	e.Raw(b.Writes[:])
	e.Bool(b.Signature != nil)
	if b.Signature != nil {
		e.String(b.Signature.KeyID)
		e.Blob(b.Signature.Value)
	}
	if b.Epoch != 0 {
		e.Uint(b.Epoch)
	}
	b.Hash = sha256.Sum256(e.Bytes()[start:])
	return e.Bytes()
}

// Header is a block of which the commands are not decoded yet.
type Header struct {
	Block
	batch []byte // encoded commands, aliasing what was read
}

// Read reads what [Block.Append] wrote; hash is the SHA-256 of the bytes.
func Read(bytes []byte, hash ledger.Hash) (Header, error) {
	d := wire.NewDecoder(bytes)
	v := d.Byte()
	if v != blockVersion && v != ownedVersion {
		return Header{}, fmt.Errorf("block has version %d, this program knows %d and %d", v, blockVersion, ownedVersion)
	}
	var h Header
	h.Hash = hash
	h.Number = d.Uint()
	copy(h.Previous[:], d.Raw(32))
	h.Lane = d.Uint32()
	h.Tx = d.String()
	h.At = d.Int()
	h.Caller = ledger.ReadIdentity(d)
	h.batch = d.Blob()
	copy(h.Writes[:], d.Raw(32))
	if d.Bool() {
		h.Signature = &ledger.Signature{KeyID: d.String(), Value: append([]byte(nil), d.Blob()...)}
	}
	if v == ownedVersion {
		if h.Epoch = d.Uint(); h.Epoch == 0 {
			d.Fail("owned under no epoch")
		}
	}
	return h, d.Close()
}

// Follows reports why a block cannot stand in a place with a number after a
// block with a hash.
func (h *Header) Follows(number uint64, previous ledger.Hash) error {
	switch {
	case h.Number != number:
		return fmt.Errorf("block has number %d, want %d", h.Number, number)
	case h.Previous != previous:
		return fmt.Errorf("block names %s as the one before, which has %s", h.Previous, previous)
	case h.Tx != ledger.EmbeddedTx(number):
		return fmt.Errorf("block has transaction %q, want %q", h.Tx, ledger.EmbeddedTx(number))
	}
	return nil
}

// Decode fills in the commands.
func (h *Header) Decode() (err error) {
	h.Commands, err = ledger.DecodeBatch(h.batch)
	return err
}
