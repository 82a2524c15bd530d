package ledger

import (
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Transfer is one entry on the ledger: what a command did. Amounts are in
// smallest units.
type Transfer struct {
	ID   ID   `json:"id"`
	Kind Kind `json:"kind"`
	// At is the transaction's time in milliseconds since 1970, Window the
	// business day it lies in. Both are of the batch and not part of the record.
	At     int64 `json:"at,string"`
	Window Date  `json:"window"`
	// Digest is that of the command, see [Command.Digest].
	Digest  Digest  `json:"digest"`
	Account Account `json:"account"`
	// Related is the hold that was posted or voided, the conversion that was
	// reversed, the issue that was taken back, or the adjustment that was decided.
	Related ID `json:"related"`
	// Amount is the electricity points issued, taken back, expired, held, posted or
	// voided;
	// for a conversion or reversal the amount in the source programme; for an
	// accepted adjustment its value in millionths of a yuan.
	Amount int64 `json:"amount,string"`
	// Source is the leg into electricity points, Destination the leg out of them.
	// For a reversal they carry what was taken back.
	Source      *Leg `json:"source,omitempty"`
	Destination *Leg `json:"destination,omitempty"`
	// Lots are what the account lost or gained, in the order in which it
	// happened. Those of an issue are less than its Amount when it filled a debt,
	// those of a take-back when it left one; see [Transfer.Debt].
	Lots      []Lot  `json:"lots,omitempty"`
	To        string `json:"to,omitempty"` // house account of a hold or post, or of a post's reversal; partner of an accepted adjustment
	Reference string `json:"reference,omitempty"`
	Reason    string `json:"reason,omitempty"`
	// Body is, for commands that move no points, the command's encoding.
	Body []byte `json:"body,omitempty"`
	// Evidence is that of the command.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Leg is one leg of a conversion as it stands on the ledger; see [Amounts].
type Leg struct {
	Partner   string `json:"partner"`
	Agreement ID     `json:"agreement"`
	Hash      Hash   `json:"agreement_hash"`
	LockedAt  int64  `json:"locked_at,string"`
	From      int64  `json:"from,string"`
	To        int64  `json:"to,string"`
	EPT       int64  `json:"ept,string"`
	Fee       int64  `json:"fee,string"`
	// Residue is a numerator over the rate's denominator. In a reversal it is the
	// change, which may be negative.
	Residue int64 `json:"residue,string"`
	Value   int64 `json:"value,string"` // millionths of a yuan
}

// Lot is points of one account with one expiry month.
type Lot struct {
	Expiry Month `json:"expiry"`
	Amount int64 `json:"amount,string"`
}

// Debt is how the account's debt changed: what a take-back did not find, or,
// negative, what an issue filled.
func (t *Transfer) Debt() int64 {
	if t.Kind != KindIssue && t.Kind != KindTakeBack {
		return 0
	}
	rest := t.Amount
	for _, l := range t.Lots {
		rest -= l.Amount
	}
	if t.Kind == KindIssue {
		return -rest
	}
	return rest
}

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return Account(d).MarshalText() }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(b []byte) error { return (*Account)(d).UnmarshalText(b) }

const (
	hasAccount = 1 << iota
	hasRelated
	hasSource
	hasDestination
	hasLots
	hasTo
	hasText
	hasBody
)

// Append appends the record: the canonical encoding of the transfer without
// At and Window. The record is the leaf of the batch's Merkle tree.
func (t *Transfer) Append(e *wire.Encoder) {
	flags := t.flags()
	e.Raw(t.ID[:])
	appendKind(e, t.Kind, t.Evidence)
	e.Byte(flags)
	e.Raw(t.Digest[:])
	e.Int(t.Amount)
	if flags&hasAccount != 0 {
		e.Raw(t.Account[:])
	}
	if flags&hasRelated != 0 {
		e.Raw(t.Related[:])
	}
	if flags&hasSource != 0 {
		t.Source.Append(e)
	}
	if flags&hasDestination != 0 {
		t.Destination.Append(e)
	}
	if flags&hasLots != 0 {
		AppendLots(e, t.Lots)
	}
	if flags&hasTo != 0 {
		e.String(t.To)
	}
	if flags&hasText != 0 {
		e.String(t.Reference)
		e.String(t.Reason)
	}
	if flags&hasBody != 0 {
		e.Blob(t.Body)
	}
	t.Evidence.append(e)
}

func (t *Transfer) flags() (f byte) {
	for _, c := range []struct {
		set bool
		bit byte
	}{
		{!t.Account.IsZero(), hasAccount}, {!t.Related.IsZero(), hasRelated},
		{t.Source != nil, hasSource}, {t.Destination != nil, hasDestination},
		{len(t.Lots) > 0, hasLots}, {t.To != "", hasTo},
		{t.Reference != "" || t.Reason != "", hasText}, {len(t.Body) > 0, hasBody},
	} {
		if c.set {
			f |= c.bit
		}
	}
	return f
}

// ReadTransfer reads what [Transfer.Append] wrote; At and Window are the
// caller's to fill in from the batch's [BatchHeader].
func ReadTransfer(d *wire.Decoder) Transfer {
	var t Transfer
	copy(t.ID[:], d.Raw(16))
	kind, signed := readKind(d)
	t.Kind = kind
	flags := d.Byte()
	copy(t.Digest[:], d.Raw(16))
	t.Amount = d.Int()
	if flags&hasAccount != 0 {
		copy(t.Account[:], d.Raw(16))
	}
	if flags&hasRelated != 0 {
		copy(t.Related[:], d.Raw(16))
	}
	if flags&hasSource != 0 {
		t.Source = ReadLeg(d)
	}
	if flags&hasDestination != 0 {
		t.Destination = ReadLeg(d)
	}
	if flags&hasLots != 0 {
		t.Lots = ReadLots(d)
	}
	if flags&hasTo != 0 {
		t.To = d.String()
	}
	if flags&hasText != 0 {
		t.Reference, t.Reason = d.String(), d.String()
	}
	if flags&hasBody != 0 {
		t.Body = append([]byte(nil), d.Blob()...)
	}
	if signed {
		t.Evidence = readEvidence(d)
	}
	if d.Err() == nil && t.flags() != flags {
		d.Fail("transfer with empty parts")
	}
	return t
}

// Append appends the canonical encoding.
func (l *Leg) Append(e *wire.Encoder) {
	e.String(l.Partner)
	e.Raw(l.Agreement[:])
	e.Raw(l.Hash[:])
	for _, v := range l.numbers() {
		e.Int(*v)
	}
}

// ReadLeg reads what [Leg.Append] wrote.
func ReadLeg(d *wire.Decoder) *Leg {
	l := &Leg{Partner: d.String()}
	copy(l.Agreement[:], d.Raw(16))
	copy(l.Hash[:], d.Raw(32))
	for _, v := range l.numbers() {
		*v = d.Int()
	}
	return l
}

func (l *Leg) numbers() [7]*int64 {
	return [7]*int64{&l.LockedAt, &l.From, &l.To, &l.EPT, &l.Fee, &l.Residue, &l.Value}
}

// AppendLots appends a list of lots.
func AppendLots(e *wire.Encoder, lots []Lot) {
	e.Uint(uint64(len(lots)))
	for _, l := range lots {
		e.Uint(uint64(l.Expiry))
		e.Int(l.Amount)
	}
}

// ReadLots reads what [AppendLots] wrote.
func ReadLots(d *wire.Decoder) []Lot {
	n := d.Count(2)
	if n == 0 {
		return nil
	}
	lots := make([]Lot, n)
	for i := range lots {
		lots[i] = Lot{Expiry: Month(d.Uint16()), Amount: d.Int()}
	}
	return lots
}

// BatchHeader describes one batch. Its encoding is a leaf of the checkpoint's
// Merkle tree, so it binds transaction, time and window to the transfers.
type BatchHeader struct {
	Lane   uint32   `json:"lane"`
	Number uint64   `json:"number"` // from 0, without gaps in a lane
	Tx     string   `json:"tx"`
	Caller Identity `json:"caller"`
	At     int64    `json:"at,string"`
	Window Date     `json:"window"`
	Size   uint32   `json:"size"` // number of transfers
	Root   Hash     `json:"root"` // Merkle root over the transfers' records
}

// Append appends the canonical encoding.
func (h *BatchHeader) Append(e *wire.Encoder) {
	e.Uint(uint64(h.Lane))
	e.Uint(h.Number)
	e.String(h.Tx)
	h.Caller.Append(e)
	e.Int(h.At)
	e.Int(int64(h.Window))
	e.Uint(uint64(h.Size))
	e.Raw(h.Root[:])
}

// ReadBatchHeader reads what [BatchHeader.Append] wrote.
func ReadBatchHeader(d *wire.Decoder) BatchHeader {
	h := BatchHeader{Lane: d.Uint32(), Number: d.Uint(), Tx: d.String(), Caller: ReadIdentity(d),
		At: d.Int(), Window: Date(d.Int32()), Size: d.Uint32()}
	copy(h.Root[:], d.Raw(32))
	return h
}

// Leaf returns the Merkle leaf hash of the header.
func (h *BatchHeader) Leaf() Hash {
	e := wire.NewEncoder(nil)
	h.Append(e)
	return LeafHash(e.Bytes())
}

// CheckpointRecord is what a checkpoint writes: the Merkle root over the headers
// of the batches First to Last of a lane.
type CheckpointRecord struct {
	Lane     uint32 `json:"lane"`
	Number   uint64 `json:"number"` // from 0, without gaps in a lane
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Root     Hash   `json:"root"`
	Previous Hash   `json:"previous"` // [CheckpointRecord.Hash] of the one before, or zero
	At       int64  `json:"at,string"`
	Window   Date   `json:"window"`
}

// Append appends the canonical encoding.
func (c *CheckpointRecord) Append(e *wire.Encoder) {
	e.Uint(uint64(c.Lane))
	e.Uint(c.Number)
	e.Uint(c.First)
	e.Uint(c.Last)
	e.Raw(c.Root[:])
	e.Raw(c.Previous[:])
	e.Int(c.At)
	e.Int(int64(c.Window))
}

// ReadCheckpointRecord reads what [CheckpointRecord.Append] wrote.
func ReadCheckpointRecord(d *wire.Decoder) CheckpointRecord {
	c := CheckpointRecord{Lane: d.Uint32(), Number: d.Uint(), First: d.Uint(), Last: d.Uint()}
	copy(c.Root[:], d.Raw(32))
	copy(c.Previous[:], d.Raw(32))
	c.At, c.Window = d.Int(), Date(d.Int32())
	return c
}

// Statement returns the bytes that are signed for a checkpoint.
func (c *CheckpointRecord) Statement() []byte {
	e := wire.NewEncoder([]byte("pointgrid/checkpoint/v1\x00"))
	c.Append(e)
	return e.Bytes()
}
