// Package wire is the binary encoding of commands, transfers and state values:
// varints and length-prefixed bytes, one way to write each value, so that equal
// values have equal bytes and can be hashed and signed.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrCorrupt is returned by [Decoder.Err] when the bytes are not what an
// [Encoder] wrote: cut short, a length beyond the end, a varint that is not in
// its shortest form, or bytes left over.
var ErrCorrupt = errors.New("wire: corrupt encoding")

// Encoder appends values to a byte slice. The zero value is ready to use.
type Encoder struct{ buf []byte }

// NewEncoder returns an encoder that appends to buf.
func NewEncoder(buf []byte) *Encoder { return &Encoder{buf: buf} }

// Bytes returns what has been written so far.
func (e *Encoder) Bytes() []byte { return e.buf }

// Reset forgets what has been written and keeps the memory: what Bytes returned
// before is overwritten.
func (e *Encoder) Reset() { e.buf = e.buf[:0] }

// Byte appends one byte.
func (e *Encoder) Byte(b byte) { e.buf = append(e.buf, b) }

// Bool appends 1 for true and 0 for false.
func (e *Encoder) Bool(v bool) {
	if v {
		e.Byte(1)
		return
	}
	e.Byte(0)
}

// Uint appends an unsigned integer as a varint.
func (e *Encoder) Uint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

// Int appends a signed integer as a zig-zag varint.
func (e *Encoder) Int(v int64) { e.buf = binary.AppendVarint(e.buf, v) }

// Raw appends bytes whose length both sides know.
func (e *Encoder) Raw(b []byte) { e.buf = append(e.buf, b...) }

// Blob appends a length and the bytes.
func (e *Encoder) Blob(b []byte) {
	e.Uint(uint64(len(b)))
	e.Raw(b)
}

// String appends a length and the string's bytes.
func (e *Encoder) String(s string) {
	e.Uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

// Decoder reads what an [Encoder] wrote. The first fault sticks: every later
// read returns a zero value, and [Decoder.Err] or [Decoder.Close] reports it.
type Decoder struct {
	buf []byte
	off int
	err error
}

// NewDecoder returns a decoder over buf, which it does not copy.
func NewDecoder(buf []byte) *Decoder { return &Decoder{buf: buf} }

// Err returns the first fault, an [ErrCorrupt], or nil.
func (d *Decoder) Err() error { return d.err }

// Len returns the number of bytes not yet read.
func (d *Decoder) Len() int { return len(d.buf) - d.off }

// Close returns the first fault, or an [ErrCorrupt] when bytes are left over.
func (d *Decoder) Close() error {
	if d.err == nil && d.Len() != 0 {
		d.fail("bytes left over")
	}
	return d.err
}

// Fail records a fault that the caller found in a value it read, such as an
// enumeration out of range. The first fault sticks.
func (d *Decoder) Fail(what string) { d.fail(what) }

func (d *Decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s at byte %d", ErrCorrupt, what, d.off)
	}
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	b := d.Raw(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// Bool reads a boolean; any byte but 0 and 1 is a fault.
func (d *Decoder) Bool() bool {
	b := d.Byte()
	if b > 1 {
		d.fail("not a boolean")
	}
	return b == 1
}

// Uint reads an unsigned varint in its shortest form.
func (d *Decoder) Uint() uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.buf[d.off:])
	if n <= 0 || (n > 1 && d.buf[d.off+n-1] == 0) {
		d.fail("not a varint")
		return 0
	}
	d.off += n
	return v
}

// Int reads a zig-zag varint in its shortest form.
func (d *Decoder) Int() int64 {
	u := d.Uint()
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}

// Uint16 reads an unsigned varint that fits 16 bits.
func (d *Decoder) Uint16() uint16 { return uint16(d.bounded(math.MaxUint16)) }

// Uint32 reads an unsigned varint that fits 32 bits.
func (d *Decoder) Uint32() uint32 { return uint32(d.bounded(math.MaxUint32)) }

func (d *Decoder) bounded(most uint64) uint64 {
	v := d.Uint()
	if v > most {
		d.fail("number out of range")
		return 0
	}
	return v
}

// Int32 reads a zig-zag varint that fits 32 bits.
func (d *Decoder) Int32() int32 {
	v := d.Int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		d.fail("number out of range")
		return 0
	}
	return int32(v)
}

// Count reads the length of a list whose elements take at least size bytes
// each, and refuses one that cannot fit in the bytes left.
func (d *Decoder) Count(size int) int {
	n := d.Uint()
	if d.err == nil && n > uint64(d.Len()/max(size, 1)) {
		d.fail("list longer than the bytes left")
		return 0
	}
	return int(n)
}

// Raw reads n bytes. The result aliases the input.
func (d *Decoder) Raw(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > d.Len() {
		d.fail("cut short")
		return nil
	}
	b := d.buf[d.off : d.off+n : d.off+n]
	d.off += n
	return b
}

// Blob reads a length and that many bytes. The result aliases the input.
func (d *Decoder) Blob() []byte { return d.Raw(d.Count(1)) }

// String reads a length and that many bytes as a string.
func (d *Decoder) String() string { return string(d.Blob()) }
