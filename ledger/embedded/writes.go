package embedded

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

// write is one key of a transaction's write set; a nil value deletes.
type write struct {
	key   string
	value []byte
}

// transaction is the state as one transaction sees it: it reads what was
// committed before and does not see its own writes, as on Fabric.
type transaction struct {
	chaincode.Reader
	writes []write
	bytes  int // of keys and values
}

// reset begins a new transaction.
func (t *transaction) reset() {
	clear(t.writes)
	t.writes, t.bytes = t.writes[:0], 0
}

// Put implements [chaincode.State]. The value is kept until the next reset.
func (t *transaction) Put(key string, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return t.add(key, value)
}

// Delete implements [chaincode.State].
func (t *transaction) Delete(key string) error { return t.add(key, nil) }

// Endorsers implements [chaincode.State]: this home has no endorsement.
func (t *transaction) Endorsers(string, ...string) error { return nil }

// add holds the contract to its promise, on which the hash of the write set
// relies: every key once, in ascending order, of printable ASCII.
func (t *transaction) add(key string, value []byte) error {
	if key == "" || key[0] <= ' ' || key[0] > '~' {
		return fmt.Errorf("embedded: contract writes key %q, which is not printable ASCII", key)
	}
	if n := len(t.writes); n > 0 && t.writes[n-1].key >= key {
		return fmt.Errorf("embedded: contract writes key %q after %q", key, t.writes[n-1].key)
	}
	t.writes = append(t.writes, write{key, value})
	t.bytes += len(key) + len(value)
	return nil
}

// hash returns the hash of the write set. The buffer is used for it and returned
// for the next time.
func (t *transaction) hash(buf []byte) (ledger.Hash, []byte) {
	return annals.HashWrites(len(t.writes), func(yield func(string, []byte) bool) {
		for i := range t.writes {
			if !yield(t.writes[i].key, t.writes[i].value) {
				return
			}
		}
	}, buf)
}

// after is the state as it will be once a transaction is committed.
type after struct{ t *transaction }

// Get implements [chaincode.Reader].
func (a after) Get(keys ...string) ([][]byte, error) {
	values, err := a.t.Reader.Get(keys...)
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		if w := a.find(key); w != nil {
			values[i] = w.value
		}
	}
	return values, nil
}

func (a after) find(key string) *write {
	i, ok := slices.BinarySearchFunc(a.t.writes, key, func(w write, key string) int { return strings.Compare(w.key, key) })
	if !ok {
		return nil
	}
	return &a.t.writes[i]
}

// Range implements [chaincode.Reader].
func (a after) Range(prefix, from string, visit func(string, []byte) bool) error {
	own := a.within(prefix, from)
	stopped := false
	show := func(w write) bool {
		stopped = w.value != nil && !visit(w.key, w.value)
		return !stopped
	}
	err := a.t.Reader.Range(prefix, from, func(key string, value []byte) bool {
		for len(own) > 0 && own[0].key < key {
			if !show(own[0]) {
				return false
			}
			own = own[1:]
		}
		if len(own) > 0 && own[0].key == key {
			value, own = own[0].value, own[1:]
		}
		return show(write{key, value})
	})
	for err == nil && !stopped && len(own) > 0 && show(own[0]) {
		own = own[1:]
	}
	return err
}

// within returns the writes that a Range would visit.
func (a after) within(prefix, from string) (own []write) {
	for _, w := range a.t.writes {
		if strings.HasPrefix(w.key, prefix) && w.key >= from {
			own = append(own, w)
		}
	}
	return own
}
