package wire_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/wire"
	"pgregory.net/rapid"
)

func TestValuesSurviveTheirEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i, u := rapid.Int64().Draw(t, "int"), rapid.Uint64().Draw(t, "uint")
		s, b := rapid.String().Draw(t, "string"), rapid.SliceOf(rapid.Byte()).Draw(t, "blob")
		yes, raw := rapid.Bool().Draw(t, "bool"), rapid.Byte().Draw(t, "byte")
		e := wire.NewEncoder([]byte("left over"))
		e.Reset()
		e.Int(i)
		e.Uint(u)
		e.String(s)
		e.Blob(b)
		e.Bool(yes)
		e.Byte(raw)
		d := wire.NewDecoder(e.Bytes())
		if d.Int() != i || d.Uint() != u || d.String() != s || !bytes.Equal(d.Blob(), b) || d.Bool() != yes || d.Byte() != raw || d.Close() != nil {
			t.Fatalf("%x is read as something else: %v", e.Bytes(), d.Err())
		}
	})
}

func TestNarrowNumbersAreRefusedOutOfRange(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int64
		read func(*wire.Decoder)
		fits bool
	}{
		{"16 bits", math.MaxUint16, func(d *wire.Decoder) { d.Uint16() }, true},
		{"more than 16 bits", math.MaxUint16 + 1, func(d *wire.Decoder) { d.Uint16() }, false},
		{"32 bits", math.MaxUint32, func(d *wire.Decoder) { d.Uint32() }, true},
		{"more than 32 bits", math.MaxUint32 + 1, func(d *wire.Decoder) { d.Uint32() }, false},
	} {
		e := wire.NewEncoder(nil)
		e.Uint(uint64(c.n))
		d := wire.NewDecoder(e.Bytes())
		if c.read(d); (d.Close() == nil) != c.fits {
			t.Errorf("%s: %v", c.name, d.Err())
		}
	}
	for n, fits := range map[int64]bool{math.MaxInt32: true, math.MinInt32: true, math.MaxInt32 + 1: false, math.MinInt32 - 1: false} {
		e := wire.NewEncoder(nil)
		e.Int(n)
		d := wire.NewDecoder(e.Bytes())
		if got := d.Int32(); (d.Close() == nil) != fits || fits && int64(got) != n {
			t.Errorf("%d is read as %d, %v", n, got, d.Err())
		}
	}
}

func TestWhatNoEncoderWroteIsCorrupt(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []byte
		read  func(*wire.Decoder)
	}{
		{"nothing", nil, func(d *wire.Decoder) { d.Byte() }},
		{"bytes left over", []byte{1, 2}, func(d *wire.Decoder) { d.Byte() }},
		{"a varint cut short", []byte{0x80}, func(d *wire.Decoder) { d.Uint() }},
		{"a varint that is not the shortest", []byte{0x80, 0}, func(d *wire.Decoder) { d.Uint() }},
		{"a varint beyond 64 bits", bytes.Repeat([]byte{0xff}, 11), func(d *wire.Decoder) { d.Uint() }},
		{"a boolean of two", []byte{2}, func(d *wire.Decoder) { d.Bool() }},
		{"a string longer than the bytes", []byte{5, 'a'}, func(d *wire.Decoder) { _ = d.String() }},
		{"a list longer than the bytes", []byte{3, 1, 1, 1, 1}, func(d *wire.Decoder) { d.Count(2) }},
		{"raw bytes beyond the end", []byte{1}, func(d *wire.Decoder) { d.Raw(2) }},
		{"a negative number of bytes", []byte{1}, func(d *wire.Decoder) { d.Raw(-1) }},
		{"what the caller found", []byte{1}, func(d *wire.Decoder) { d.Byte(); d.Fail("out of range") }},
	} {
		d := wire.NewDecoder(c.bytes)
		c.read(d)
		if err := d.Close(); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheFirstFaultSticks(t *testing.T) {
	d := wire.NewDecoder([]byte{2, 7, 7, 7})
	d.Bool()
	first := d.Err()
	if d.Byte() != 0 || d.Uint() != 0 || d.String() != "" || d.Count(1) != 0 || d.Int() != 0 || d.Err() != first {
		t.Errorf("read on after %v, then %v", first, d.Err())
	}
}

// FuzzDecoder reads bytes as a list of every kind of value; what can be read has
// one encoding.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0}, []byte{1, 2, 3, 4, 5, 6})
	f.Add([]byte{1}, []byte{0x80, 1, 0xff, 0xff, 3})
	f.Fuzz(func(t *testing.T, b, kinds []byte) {
		d, e := wire.NewDecoder(b), wire.NewEncoder(nil)
		for _, k := range kinds {
			if d.Err() != nil {
				return
			}
			before := len(e.Bytes())
			switch k % 6 {
			case 0:
				e.Uint(d.Uint())
			case 1:
				e.Int(d.Int())
			case 2:
				e.Bool(d.Bool())
			case 3:
				e.String(d.String())
			case 4:
				e.Blob(d.Blob())
			case 5:
				e.Raw(d.Raw(int(k / 6)))
			}
			if d.Err() == nil && !bytes.Equal(e.Bytes(), b[:len(b)-d.Len()]) {
				t.Fatalf("%x is read as %x", b, e.Bytes()[before:])
			}
		}
	})
}
