package ledgertest

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/pointgrid/pointgrid/chaincode"
)

// Store is committed state in memory, as strict as the strictest home: a
// [Transaction] over it does not see its own writes, and a write that a home
// might not carry out is an error.
type Store struct {
	values    map[string][]byte
	sorted    []string // keys, ascending; nil when a key was added since
	endorsers map[string][]string
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{values: map[string][]byte{}, endorsers: map[string][]string{}}
}

// Begin starts a transaction. Nothing is written before [Transaction.Commit].
func (s *Store) Begin() *Transaction { return &Transaction{Store: s, written: map[string]bool{}} }

// Endorsers returns the companies that must endorse a change of the key.
func (s *Store) Endorsers(key string) []string { return s.endorsers[key] }

// Set puts a value past the contract, to see what it makes of damage.
func (s *Store) Set(key string, value []byte) {
	if _, ok := s.values[key]; !ok {
		s.sorted = nil
	}
	s.values[key] = value
}

// Get implements [chaincode.Reader].
func (s *Store) Get(keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, k := range keys {
		if err := checkKey(k); err != nil {
			return nil, err
		}
		values[i] = s.values[k]
	}
	return values, nil
}

// Range implements [chaincode.Reader]. An empty prefix, which is nobody's but a
// test's, is everything.
func (s *Store) Range(prefix, from string, visit func(key string, value []byte) bool) error {
	if err := checkKey(prefix); err != nil && prefix != "" {
		return err
	}
	if s.sorted == nil {
		s.sorted = make([]string, 0, len(s.values))
		for k := range s.values {
			s.sorted = append(s.sorted, k)
		}
		slices.Sort(s.sorted)
	}
	keys := s.sorted
	for _, k := range keys[sort.SearchStrings(keys, max(prefix, from)):] {
		if !strings.HasPrefix(k, prefix) || !visit(k, s.values[k]) {
			break
		}
	}
	return nil
}

// prefixes are those of the contract's layout.
var prefixes = strings.Fields("a/ b/ c/ d/ g/ gi/ h/ i/ j/ l/ n/ p/ r/ s/ t/ v/ w/ wp/ ws/ x/")

func checkKey(key string) error {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return fmt.Errorf("ledgertest: key %q is not printable ASCII", key)
		}
	}
	if key == "alliance" || key == "history" {
		return nil
	}
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return nil
		}
	}
	return fmt.Errorf("ledgertest: key %q is not of the contract's layout", key)
}

// Write is one write of a transaction.
type Write struct {
	Key   string
	Value []byte
}

// Transaction is a [chaincode.State] over a [Store].
type Transaction struct {
	*Store
	Writes    []Write
	Demands   map[string][]string
	written   map[string]bool
	Gets      int // calls of Get
	GetKeys   int // keys asked for
	committed bool
}

var _ chaincode.State = (*Transaction)(nil)

// Get implements [chaincode.Reader] and counts.
func (t *Transaction) Get(keys ...string) ([][]byte, error) {
	t.Gets++
	t.GetKeys += len(keys)
	return t.Store.Get(keys...)
}

// Put implements [chaincode.State]. A key may be written once, in ascending
// order.
func (t *Transaction) Put(key string, value []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if n := len(t.Writes); n > 0 && t.Writes[n-1].Key >= key {
		return fmt.Errorf("ledgertest: key %q is written after %q", key, t.Writes[n-1].Key)
	}
	if len(value) == 0 {
		return fmt.Errorf("ledgertest: key %q gets an empty value, which a home cannot tell from none", key)
	}
	t.Writes = append(t.Writes, Write{key, value})
	t.written[key] = true
	return nil
}

// Delete implements [chaincode.State]; the contract deletes nothing.
func (t *Transaction) Delete(key string) error {
	return fmt.Errorf("ledgertest: key %q is deleted", key)
}

// Endorsers implements [chaincode.State]. They are demanded of a key that the
// transaction writes.
func (t *Transaction) Endorsers(key string, msps ...string) error {
	if !t.written[key] {
		return fmt.Errorf("ledgertest: endorsers of key %q, which is not written", key)
	}
	if t.Demands == nil {
		t.Demands = map[string][]string{}
	}
	t.Demands[key] = msps
	return nil
}

// Commit carries the writes out.
func (t *Transaction) Commit() {
	if t.committed {
		panic("ledgertest: transaction committed twice")
	}
	t.committed = true
	for _, w := range t.Writes {
		t.Set(w.Key, w.Value)
	}
	for k, msps := range t.Demands {
		t.Store.endorsers[k] = msps
	}
}
