package codec

import "github.com/pointgrid/pointgrid/chaincode"

// rememberMax bounds the bytes of values that are kept for one request.
const rememberMax = 16 << 20

// remembering asks for a key once: IDs that are looked up together mostly lie
// in the same page and the same batch, which is large.
type remembering struct {
	chaincode.Reader
	values map[string][]byte
	bytes  int
}

// Get implements [chaincode.Reader].
func (r *remembering) Get(keys ...string) ([][]byte, error) {
	if len(keys) != 1 {
		return r.Reader.Get(keys...)
	}
	if v, ok := r.values[keys[0]]; ok {
		return [][]byte{v}, nil
	}
	values, err := r.Reader.Get(keys...)
	if err != nil || len(values) != 1 {
		return values, err
	}
	if r.bytes += len(values[0]); r.values == nil || r.bytes > rememberMax {
		r.values, r.bytes = map[string][]byte{}, len(values[0])
	}
	r.values[keys[0]] = values[0]
	return values, nil
}
