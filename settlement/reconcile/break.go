package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Type is what is wrong. When several things are, the first of this order is the
// break's type: a duplicate also has another sum, and a movement of another
// member may well have another amount.
type Type uint8

const (
	// MissingOnLedger: our records or the partner have it, the ledger does not.
	MissingOnLedger Type = iota + 1
	// MissingOurs: the ledger has it, our records do not.
	MissingOurs
	// MissingAtPartner: ledger and our records have it, the statement does not.
	MissingAtPartner
	// Duplicate: one book has the movement more than once.
	Duplicate
	// UnknownMember: the partner names a membership that is not linked, or another
	// than our records; or the account on the ledger is another than in our records.
	UnknownMember
	// WrongStatus: one book says that it failed, another that it was done.
	WrongStatus
	// WrongAmount: the amounts differ by more than is tolerated.
	WrongAmount
	// WrongRate: the amounts agree, the electricity points or the agreements do not.
	WrongRate
	// WrongWindow: the books have it in different windows, or one does not have it
	// yet and it lies so near the cut-off that it may come with the next.
	WrongWindow
	types
)

var typeNames = [types]string{"none", "missing_on_ledger", "missing_in_records", "missing_at_partner", "duplicate",
	"unknown_member", "status", "amount", "rate", "window"}

// String returns the type's stable name in lower case with underscores.
func (t Type) String() string { return name(typeNames[:], "type", int(t)) }

// FindsType reports whether a type of that name is one that a run finds.
func FindsType(name string) bool { return slices.Contains(typeNames[1:], name) }

// BreakID identifies a break for ever.
type BreakID [16]byte

// String returns 32 lower-case hexadecimal digits.
func (id BreakID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (id BreakID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// breakID derives the ID of the break that a movement has or may have. A line
// without a key is known by its reference.
func breakID(partner string, r *Record) (id BreakID) {
	b := append(make([]byte, 0, 80), "pointgrid/break/v1\x00"...)
	b = append(append(b, partner...), 0, byte(r.Movement))
	b = append(b, r.Key[:]...)
	if r.Key.IsZero() {
		b = binary.BigEndian.AppendUint64(b, uint64(r.Reference))
	}
	sum := sha256.Sum256(b)
	copy(id[:], sum[:])
	return id
}

// Event is what became of a break in this run.
type Event uint8

const (
	// Opened: it was not there before.
	Opened Event = iota + 1
	// Changed: it was open, and is of another type now.
	Changed
	// Cleared: it was open, and the books agree now.
	Cleared
	// Stood: it was open, and still is of the same type.
	Stood
)

var eventNames = []string{"none", "opened", "changed", "cleared", "stood"}

// String returns "opened", "changed", "cleared" or "stood".
func (e Event) String() string { return name(eventNames, "event", int(e)) }

// Book is what one side has of a movement.
type Book struct {
	// Lines is how many lines say that it was done; 0 with First set is a movement
	// that failed or is pending.
	Lines  uint32
	Amount int64 // their sum, in smallest units of the partner's programme
	// First is the first of them; its Amount is the sum in a book of an earlier run.
	First *Record
}

// Break is a difference between the books.
type Break struct {
	ID      BreakID
	Event   Event
	Type    Type // what it is now; for one that was cleared, what it was
	Partner string
	// Key and Movement name it; a zero key stands for a line with a reference only.
	Key      ledger.ID
	Movement Movement
	// Since is the window in which it was first seen.
	Since ledger.Date
	Books [sides]Book // by [Side]
	// Differs are the fields that differ among the books that have it.
	Differs Fields
}

// Difference is what the partner has more than the ledger, in smallest units.
func (b *Break) Difference() int64 { return b.Books[Partner].Amount - b.Books[Ledger].Amount }

// Fields is a set of fields.
type Fields uint8

const (
	FieldAmount Fields = 1 << iota
	FieldPoints
	FieldAgreement
	FieldAccount
	FieldMembership
	FieldStatus
	FieldWindow
)

var fieldNames = []string{"amount", "points", "agreement", "account", "membership", "status", "window"}

// Names lists the fields, in a fixed order.
func (f Fields) Names() (names []string) {
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
