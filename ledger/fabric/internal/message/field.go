package message

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is returned for bytes that are not the message they should be.
var ErrMalformed = errors.New("message: malformed")

func malformed(what string, err error) error {
	return fmt.Errorf("%w: %s: %v", ErrMalformed, what, err)
}

// field is one field of a message: a number for varints, bytes otherwise.
type field struct {
	number protowire.Number
	varint uint64
	bytes  []byte
}

// each calls visit for every field that is a varint or bytes, in the order in
// which they stand. Fixed-size fields, of which none is needed, are passed over.
func each(what string, b []byte, visit func(field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return malformed(what, protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
			f.number = 0
		}
		if n < 0 {
			return malformed(what, protowire.ParseError(n))
		}
		b = b[n:]
		if f.number != 0 {
			if err := visit(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields reads fields of bytes into the places given by their numbers.
func fields(what string, b []byte, places map[protowire.Number]*[]byte) error {
	return each(what, b, func(f field) error {
		if p, ok := places[f.number]; ok {
			*p = f.bytes
		}
		return nil
	})
}

// bytesField appends a field of bytes, unless it is empty, as proto3 does.
func bytesField(b []byte, n protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return repeated(b, n, v)
}

// repeated appends one element of a repeated field, or a message that is there
// though it is empty.
func repeated(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func stringField(b []byte, n protowire.Number, v string) []byte {
	if v == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func varintField(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}
