package chaincode

import (
	"errors"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

// overlay is committed state with transactions on top that are carried out one
// after the other and written together. Each is a [State] of its own: it sees
// what those before it wrote, and not its own writes.
type overlay struct {
	base   Reader
	values map[string][]byte // as they are before the transaction under way
	dirty  map[string]bool   // of these, what differs from the base
	demand map[string][]string

	keys []string // of the transaction under way, ascending
	puts [][]byte
	buf  []byte
}

func newOverlay(base Reader) *overlay {
	return &overlay{base: base, values: map[string][]byte{}, dirty: map[string]bool{}, demand: map[string][]string{}}
}

// Get implements [Reader]. What was asked for once is not asked for again.
func (o *overlay) Get(keys ...string) ([][]byte, error) {
	var unknown []string
	for _, k := range keys {
		if _, ok := o.values[k]; !ok {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		found, err := o.base.Get(unknown...)
		if err != nil {
			return nil, err
		}
		if len(found) != len(unknown) {
			return nil, damaged("asked for %d values, got %d", len(unknown), len(found))
		}
		for i, k := range unknown {
			o.values[k] = found[i]
		}
	}
	values := make([][]byte, len(keys))
	for i, k := range keys {
		values[i] = o.values[k]
	}
	return values, nil
}

// Range implements [Reader]; commands never need it.
func (o *overlay) Range(string, string, func(string, []byte) bool) error {
	return errors.New("chaincode: transactions on top of each other are not read by range")
}

// Put implements [State].
func (o *overlay) Put(key string, value []byte) error {
	if n := len(o.keys); n > 0 && o.keys[n-1] >= key {
		return damaged("key %q is written after %q", key, o.keys[n-1])
	}
	o.keys, o.puts = append(o.keys, key), append(o.puts, value)
	return nil
}

// Delete implements [State]; commands never need it.
func (o *overlay) Delete(key string) error {
	return damaged("a command would delete %q", key)
}

// Endorsers implements [State].
func (o *overlay) Endorsers(key string, msps ...string) error {
	o.demand[key] = msps
	return nil
}

// hash is that of what the transaction under way wrote.
func (o *overlay) hash() (sum ledger.Hash) {
	sum, o.buf = annals.HashWrites(len(o.keys), func(yield func(string, []byte) bool) {
		for i, k := range o.keys {
			if !yield(k, o.puts[i]) {
				return
			}
		}
	}, o.buf)
	return sum
}

// next makes what the transaction under way wrote visible to those after it.
func (o *overlay) next() {
	for i, k := range o.keys {
		o.values[k], o.dirty[k] = o.puts[i], true
	}
	o.keys, o.puts = o.keys[:0], o.puts[:0]
}

// flush writes each changed key once, in ascending order.
func (o *overlay) flush(state State) error {
	for _, k := range slices.Sorted(maps.Keys(o.dirty)) {
		if err := state.Put(k, o.values[k]); err != nil {
			return err
		}
		if msps := o.demand[k]; len(msps) > 0 {
			if err := state.Endorsers(k, msps...); err != nil {
				return err
			}
		}
	}
	return nil
}
