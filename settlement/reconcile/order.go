package reconcile

import (
	"cmp"
	"encoding/binary"

	"github.com/pointgrid/pointgrid/ledger"
)

func dateOf(days uint32) ledger.Date { return ledger.Date(int32(days)) }

// order is one of the two orders in which records are read. Each has a prefix, a
// number by which most pairs are told apart without looking at the records.
type order struct {
	prefix  func(*Record) uint64
	compare func(a, b *Record) int
}

// byKey brings together what the books have under one ID.
var byKey = order{
	prefix: func(r *Record) uint64 { return binary.BigEndian.Uint64(r.Key[:]) },
	compare: func(a, b *Record) int {
		if c := compareKeys(a, b); c != 0 {
			return c
		}
		return compareLines(a, b)
	},
}

// byReference brings together what the books have under one reference.
var byReference = order{
	prefix: func(r *Record) uint64 { return uint64(r.Reference) },
	compare: func(a, b *Record) int {
		if c := cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Movement, b.Movement), compareKeys(a, b)); c != 0 {
			return c
		}
		return compareLines(a, b)
	},
}

func compareKeys(a, b *Record) int {
	if c := cmp.Compare(binary.BigEndian.Uint64(a.Key[:]), binary.BigEndian.Uint64(b.Key[:])); c != 0 {
		return c
	}
	return cmp.Compare(binary.BigEndian.Uint64(a.Key[8:]), binary.BigEndian.Uint64(b.Key[8:]))
}

// compareLines makes the order total, so that a run gives the same breaks however
// its inputs were cut into pieces. What an earlier run kept comes first.
func compareLines(a, b *Record) int {
	if c := cmp.Compare(a.Movement, b.Movement); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Side, b.Side); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(b.Was, a.Was), cmp.Compare(a.Line, b.Line), cmp.Compare(a.At, b.At), cmp.Compare(a.Amount, b.Amount))
}
