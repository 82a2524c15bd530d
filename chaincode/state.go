package chaincode

import "github.com/pointgrid/pointgrid/ledger"

// Reader is committed state as the contract reads it: the state before the
// transaction. A transaction does not see its own writes.
type Reader interface {
	// Get returns the values of keys, in order; nil for a key without a value.
	// The contract does not change what it gets.
	Get(keys ...string) ([][]byte, error)
	// Range calls visit for every key ≥ from with the prefix, ascending, until
	// visit returns false.
	Range(prefix, from string, visit func(key string, value []byte) bool) error
}

// State is what a transaction reads and writes. Keys are printable ASCII, and
// each is written at most once.
type State interface {
	Reader
	Put(key string, value []byte) error
	Delete(key string) error
	// Endorsers demands that every later change of the key be endorsed by all of
	// these companies. A home without endorsement does nothing.
	Endorsers(key string, msps ...string) error
}

// Tx is what the home knows about the transaction.
type Tx struct {
	ID     string
	At     int64 // milliseconds since 1970
	Caller ledger.Identity
	Lane   uint32
	Epoch  uint64 // under which the caller owns the lane; see [ledger.Laned]
}
