package reconcile

import (
	"encoding/binary"
	"fmt"
)

// recordBytes is the size of a record in a spill file.
const recordBytes = 16 + 3*8 + 4*8 + 3*4 + 2

// put writes a record; b has recordBytes bytes.
func (r *Record) put(b []byte) {
	_ = b[recordBytes-1]
	le := binary.LittleEndian
	copy(b, r.Key[:])
	le.PutUint64(b[16:], uint64(r.Amount))
	le.PutUint64(b[24:], uint64(r.Points))
	le.PutUint64(b[32:], uint64(r.At))
	le.PutUint64(b[40:], uint64(r.Account))
	le.PutUint64(b[48:], uint64(r.Membership))
	le.PutUint64(b[56:], uint64(r.Agreement))
	le.PutUint64(b[64:], uint64(r.Reference))
	le.PutUint32(b[72:], r.Line)
	le.PutUint32(b[76:], r.Count)
	le.PutUint32(b[80:], uint32(r.Window))
	b[84] = byte(r.Side) | byte(r.Movement)<<2 | byte(r.Status)<<4
	if r.Stranger {
		b[84] |= 1 << 6
	}
	b[85] = byte(r.Was)
}

// get reads what put wrote.
func (r *Record) get(b []byte) {
	_ = b[recordBytes-1]
	le := binary.LittleEndian
	copy(r.Key[:], b)
	r.Amount = int64(le.Uint64(b[16:]))
	r.Points = int64(le.Uint64(b[24:]))
	r.At = int64(le.Uint64(b[32:]))
	r.Account = Fingerprint(le.Uint64(b[40:]))
	r.Membership = Fingerprint(le.Uint64(b[48:]))
	r.Agreement = Fingerprint(le.Uint64(b[56:]))
	r.Reference = Fingerprint(le.Uint64(b[64:]))
	r.Line = le.Uint32(b[72:])
	r.Count = le.Uint32(b[76:])
	r.Window = dateOf(le.Uint32(b[80:]))
	r.Side, r.Movement, r.Status = Side(b[84]&3), Movement(b[84]>>2&3), Status(b[84]>>4&3)
	r.Stranger = b[84]>>6 != 0
	r.Was = Type(b[85])
}

// RecordBytes is the length of an encoded record.
const RecordBytes = recordBytes

// AppendBinary implements [encoding.BinaryAppender]; it has [RecordBytes] bytes.
func (r *Record) AppendBinary(b []byte) ([]byte, error) {
	var out [recordBytes]byte
	r.put(out[:])
	return append(b, out[:]...), nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. It returns [ErrRecord]
// for what is of another length.
func (r *Record) UnmarshalBinary(b []byte) error {
	if len(b) != recordBytes {
		return fmt.Errorf("%w: %d bytes, want %d", ErrRecord, len(b), recordBytes)
	}
	r.get(b)
	return nil
}
