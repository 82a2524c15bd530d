package codec

import (
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Functions of the chaincode. FunctionBatch, FunctionCarry and FunctionAdopt
// write, unless they are evaluated and not submitted; the others only read.
const (
	FunctionBatch  = "batch"  // execute a [BatchRequest]
	FunctionGet    = "get"    // values of a [KeysRequest]
	FunctionRange  = "range"  // a page of a [RangeRequest]
	FunctionFind   = "find"   // transfers of a [FindRequest]
	FunctionProof  = "proof"  // what leads from a transfer to its checkpoint
	FunctionLeaves = "leaves" // header hashes of a [LeavesRequest]
	FunctionAttest = "attest" // say again the checkpoint of an [AttestRequest]
	FunctionCarry  = "carry"  // carry over the blocks of a [CarryRequest]
	FunctionAdopt  = "adopt"  // adopt the history of an [AdoptRequest]
)

// Status codes of a response. Peers endorse none that is 400 or more.
const (
	StatusOK      = 200
	StatusRequest = 400 // the request is malformed or out of bounds
	StatusFailed  = 500 // the state could not be read or written
	StatusDamaged = 520 // the state is not what the contract wrote
)

// Bounds of requests.
const (
	KeysMax   = 4096
	FindMax   = 512
	LeavesMax = 1 << 16
	// PageMax is the number of bytes of keys and values at which a page ends.
	PageMax = 2 << 20
)

// Versions of a request. A batch under an epoch has one of its own; without an
// epoch it is what it was before there were any, and a chaincode of then takes it.
const (
	version      = 1
	ownedVersion = 2
)

// BatchRequest asks to execute commands as one transaction of a lane. The
// caller's company is that of the proposal's signature; Subject is whom the
// company names within it, and empty for the certificate's own.
type BatchRequest struct {
	Lane    uint32
	Epoch   uint64 // under which the caller owns the lane; see [ledger.Laned]
	Subject string
	// SignedAt is the time of the caller's machine; see [Statement].
	SignedAt time.Time
	Commands []ledger.Command
}

// Encode encodes the request.
func (r *BatchRequest) Encode() []byte {
	e := wire.NewEncoder(make([]byte, 0, 32+128*len(r.Commands)))
	if r.Epoch == 0 {
		e.Byte(version)
	} else {
		e.Byte(ownedVersion)
		e.Uint(r.Epoch)
	}
	e.Uint(uint64(r.Lane))
	e.String(r.Subject)
	e.Int(r.SignedAt.UnixMilli())
	e.Raw(ledger.EncodeBatch(r.Commands))
	return e.Bytes()
}

// DecodeBatchRequest reads what [BatchRequest.Encode] wrote.
func DecodeBatchRequest(b []byte) (r BatchRequest, err error) {
	d := wire.NewDecoder(b)
	switch d.Byte() {
	case version:
	case ownedVersion:
		if r.Epoch = d.Uint(); r.Epoch == 0 {
			d.Fail("owned under no epoch")
		}
	default:
		d.Fail("unknown version")
	}
	r.Lane, r.Subject, r.SignedAt = d.Uint32(), d.String(), time.UnixMilli(d.Int())
	rest := d.Raw(d.Len())
	if err := d.Close(); err != nil {
		return r, fmt.Errorf("codec: batch: %w", err)
	}
	if len(r.Subject) > ledger.ReferenceMax {
		return r, fmt.Errorf("codec: batch: subject has %d bytes, at most %d", len(r.Subject), ledger.ReferenceMax)
	}
	if r.Commands, err = ledger.DecodeBatch(rest); err != nil {
		return r, fmt.Errorf("codec: batch: %w", err)
	}
	return r, nil
}

// KeysRequest asks for the values of keys.
type KeysRequest []string

// Encode encodes the request.
func (r KeysRequest) Encode() []byte {
	e := begin(16 + 40*len(r))
	e.Uint(uint64(len(r)))
	for _, k := range r {
		e.String(k)
	}
	return e.Bytes()
}

func decodeKeysRequest(b []byte) (KeysRequest, error) {
	d := open(b)
	n := count(d, 1, KeysMax)
	r := make(KeysRequest, n)
	for i := range r {
		r[i] = d.String()
	}
	return r, d.Close()
}

// RangeRequest asks for the keys ≥ From with a prefix, ascending, until a page
// is full.
type RangeRequest struct{ Prefix, From string }

// Encode encodes the request.
func (r RangeRequest) Encode() []byte {
	e := begin(64)
	e.String(r.Prefix)
	e.String(r.From)
	return e.Bytes()
}

func decodeRangeRequest(b []byte) (RangeRequest, error) {
	d := open(b)
	r := RangeRequest{Prefix: d.String(), From: d.String()}
	return r, d.Close()
}

// FindRequest asks for the transfers with IDs.
type FindRequest []ledger.ID

// Encode encodes the request.
func (r FindRequest) Encode() []byte {
	e := begin(16 + 16*len(r))
	e.Uint(uint64(len(r)))
	for _, id := range r {
		e.Raw(id[:])
	}
	return e.Bytes()
}

func decodeFindRequest(b []byte) (FindRequest, error) {
	d := open(b)
	r := make(FindRequest, count(d, 16, FindMax))
	for i := range r {
		copy(r[i][:], d.Raw(16))
	}
	return r, d.Close()
}

// ProofRequest asks for what leads from a transfer to its checkpoint.
type ProofRequest struct{ ID ledger.ID }

// Encode encodes the request.
func (r ProofRequest) Encode() []byte {
	e := begin(17)
	e.Raw(r.ID[:])
	return e.Bytes()
}

func decodeProofRequest(b []byte) (r ProofRequest, err error) {
	d := open(b)
	copy(r.ID[:], d.Raw(16))
	return r, d.Close()
}

// LeavesRequest asks for the Merkle leaves of the headers of a lane's batches
// First to Last.
type LeavesRequest struct {
	Lane        uint32
	First, Last uint64
}

// Encode encodes the request.
func (r LeavesRequest) Encode() []byte {
	e := begin(32)
	e.Uint(uint64(r.Lane))
	e.Uint(r.First)
	e.Uint(r.Last)
	return e.Bytes()
}

func decodeLeavesRequest(b []byte) (LeavesRequest, error) {
	d := open(b)
	r := LeavesRequest{Lane: d.Uint32(), First: d.Uint(), Last: d.Uint()}
	if d.Err() == nil && (r.Last < r.First || r.Last-r.First >= LeavesMax) {
		d.Fail("range of batches out of bounds")
	}
	return r, d.Close()
}

// AttestRequest asks for the checkpoint that covers a batch.
type AttestRequest struct {
	Lane     uint32
	Batch    uint64
	SignedAt time.Time // as in [BatchRequest]
}

// Encode encodes the request.
func (r AttestRequest) Encode() []byte {
	e := begin(24)
	e.Uint(uint64(r.Lane))
	e.Uint(r.Batch)
	e.Int(r.SignedAt.UnixMilli())
	return e.Bytes()
}

func decodeAttestRequest(b []byte) (AttestRequest, error) {
	d := open(b)
	r := AttestRequest{Lane: d.Uint32(), Batch: d.Uint(), SignedAt: time.UnixMilli(d.Int())}
	return r, d.Close()
}

func begin(size int) *wire.Encoder {
	e := wire.NewEncoder(make([]byte, 0, size))
	e.Byte(version)
	return e
}

func open(b []byte) *wire.Decoder {
	d := wire.NewDecoder(b)
	if d.Byte() != version {
		d.Fail("unknown version")
	}
	return d
}

// count reads the length of a list and refuses one above a bound.
func count(d *wire.Decoder, size, most int) int {
	n := d.Count(size)
	if n > most {
		d.Fail(fmt.Sprintf("list of %d, at most %d", n, most))
		return 0
	}
	return n
}
