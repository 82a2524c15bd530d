// Package plant makes the three books of a window, of any size and without
// holding them, with breaks of every type at known places, so that a run of
// package reconcile can be held against what must be found. Tests and
// `pointgrid bench settlement` use it.
package plant

import (
	"encoding/binary"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// Books are one window's. Of every [Books.Every] transfers one has a break of each
// type, and some have what looks like a break and is none.
type Books struct {
	Transfers int64
	Every     int64 // at least [Kinds]
	Window    ledger.Date
}

// Kinds is how many of Every transfers are special.
const Kinds = 16

// Special transfers that are no breaks; breaks have their type's number.
const (
	partsByKey       = 10 + iota // the partner has two lines with the transfer's ID
	partsByReference             // the partner has two lines with the reference and no ID
	sumFirst                     // the partner has one line for this and the next
	sumSecond
	refunded // debited and refunded before anything was on the ledger
	failed   // nobody moved anything
)

// Late is the time from the window's border within which nothing but planted
// breaks lies.
const Late = 10 * time.Minute

// Tolerance is what the books are to be compared with.
var tolerance = reconcile.Tolerance{Late: Late, LateDays: 1, KeepDays: 30}

// Options returns the options of a run over the books.
func (b *Books) Options() reconcile.Options {
	return reconcile.Options{Partner: "sky", Window: b.Window, Start: b.start(), End: b.start() + day, Tolerance: tolerance}
}

const day = 24 * 60 * 60 * 1000

func (b *Books) start() int64 { return int64(b.Window) * day }

// kind is what is special about a transfer, 0 for nothing.
func (b *Books) kind(i int64) int64 {
	k := i % b.Every
	if k >= Kinds || k == sumFirst && i+1 >= b.Transfers {
		return 0
	}
	return k
}

// variant distinguishes the ways in which a break of one type can come about.
func (b *Books) variant(i int64) int64 { return i / b.Every }

// Type returns the type of the break that was planted at a transfer, 0 for none.
func (b *Books) Type(i int64) reconcile.Type {
	if k := b.kind(i); k < partsByKey {
		return reconcile.Type(k)
	}
	return 0
}

// Planted returns how many breaks there are of each type.
func (b *Books) Planted() (n [partsByKey]int64) {
	for k := range n[1:] {
		if at := int64(k) + 1; b.Transfers > at {
			n[at] = (b.Transfers-1-at)/b.Every + 1
		}
	}
	return n
}

// Index returns the number of the transfer with a key.
func Index(key ledger.ID) int64 {
	return int64(binary.BigEndian.Uint64(key[8:]) & (1<<48 - 1) >> 4)
}

// at is when a transfer happened: in its order, far from the window's borders,
// unless it is planted to be late.
func (b *Books) at(i int64) int64 {
	if b.kind(i) == int64(reconcile.WrongWindow) && b.variant(i)%3 != 2 {
		return b.start() + day - 1
	}
	const margin = 60 * 60 * 1000
	return b.start() + margin + i*(day-2*margin)/b.Transfers // fits: below 2³⁷ transfers
}

func (b *Books) key(i int64) (id ledger.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(b.at(i))<<16|7<<12|mix(i)>>52)
	binary.BigEndian.PutUint64(id[8:], 2<<62|mix(-i)>>50<<48|uint64(i)<<4)
	return id
}

// mix spreads a number over 64 bits (the finaliser of SplitMix64).
func mix(i int64) uint64 {
	z := uint64(i) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// record is a transfer as all books have it.
func (b *Books) record(i int64, side reconcile.Side) reconcile.Record {
	r := reconcile.Record{Key: b.key(i), Amount: 2 + int64(mix(i)%100_000), At: b.at(i), Line: uint32(i), Window: b.Window, Side: side,
		Movement: reconcile.Movement(mix(i) >> 20 & 1), Reference: reconcile.Fingerprint(mix(i) | 1)}
	r.Points = r.Amount/3 + 1
	if b.kind(i) == sumSecond {
		r.Reference = reconcile.Fingerprint(mix(i-1) | 1)
		r.Movement = reconcile.Movement(mix(i-1) >> 20 & 1)
	}
	if side != reconcile.Partner {
		r.Account, r.Agreement = reconcile.Fingerprint(mix(i)>>1|1), reconcile.Fingerprint(4711)
	}
	if side != reconcile.Ledger {
		r.Membership = reconcile.Fingerprint(mix(i)>>2 | 1)
	}
	return r
}
