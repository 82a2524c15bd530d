package reconcile

import (
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/pointgrid/pointgrid/ledger"
)

// Side is a book.
type Side uint8

const (
	Ledger Side = iota
	Ours
	Partner
	sides = 3
)

var sideNames = [sides]string{"ledger", "ours", "partner"}

// String returns "ledger", "ours" or "partner".
func (s Side) String() string { return name(sideNames[:], "side", int(s)) }

// Movement is what happened to the member's points at the partner.
type Movement uint8

const (
	Debit Movement = iota
	Credit
	DebitReversal  // points given back
	CreditReversal // points taken back
	movements      = 4
)

var movementNames = [movements]string{"debit", "credit", "debit_reversal", "credit_reversal"}

// String returns the name that the Connector API uses.
func (m Movement) String() string { return name(movementNames[:], "movement", int(m)) }

// Status is how far a movement has come in a book. The ledger has only what is
// completed.
type Status uint8

const (
	Completed Status = iota
	Pending
	Failed
	statuses = 3
)

var statusNames = [statuses]string{"completed", "pending", "failed"}

// String returns "completed", "pending" or "failed".
func (s Status) String() string { return name(statusNames[:], "status", int(s)) }

func name(names []string, kind string, n int) string {
	if n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%s(%d)", kind, n)
}

// Fingerprint stands for a text that is only compared: equal texts have equal
// fingerprints, and different ones practically never. 0 is "not stated". It is
// not a protection of the text; see [ledger.Account] for that.
type Fingerprint uint64

// FingerprintOf returns the fingerprint of a text, 0 for the empty one.
func FingerprintOf(s string) Fingerprint {
	if s == "" {
		return 0
	}
	return Fingerprint(max(xxhash.Sum64String(s), 1))
}

// Record is one line of a book.
type Record struct {
	// Key is the [ledger.ID.Root] of the transfer's or reversal's ID. A partner may
	// not know it; then it is zero, and Reference is what the line is found by.
	Key ledger.ID
	// Amount is in smallest units of the partner's programme, at least 1.
	Amount int64
	// Points are the electricity points that are settled; 0 is "not stated".
	Points int64
	At     int64 // milliseconds since 1970
	// Account is of the ledger's account, Membership of the partner's number of the
	// member, Agreement of the terms' hash, Reference of the partner's reference.
	Account, Membership, Agreement, Reference Fingerprint
	// Line is the place in the book: the line of a file, the index in a batch.
	Line uint32
	// Count is the number of lines that the record stands for; 0 is one.
	Count    uint32
	Window   ledger.Date // business day in the book; 0 is "not stated"
	Side     Side
	Movement Movement
	Status   Status
	// Stranger says that nobody is linked to the membership that the partner names.
	Stranger bool
	// Was is, for a record that an earlier run kept, the type of its break.
	Was Type
}

// ErrRecord is wrapped by the errors for a record that cannot be compared.
var ErrRecord = errors.New("reconcile: not a record")

// validate reports what is wrong with a record of a side.
func (r *Record) validate(side Side) error {
	var why string
	switch {
	case r.Side != side && r.Was == 0:
		why = "it is of another book: " + r.Side.String()
	case r.Side >= sides || r.Movement >= movements || r.Status >= statuses || r.Was >= types:
		why = "side, movement, status or type is unknown"
	case r.Amount < 1:
		why = fmt.Sprintf("amount is %d, must be at least 1", r.Amount)
	case r.Points < 0:
		why = fmt.Sprintf("points are %d, must not be negative", r.Points)
	case r.Key.IsZero() && (r.Side != Partner || r.Reference == 0):
		why = "it has no key; only a partner's line may be found by its reference alone"
	case r.Side == Ledger && r.Status != Completed:
		why = "the ledger has only what is completed"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s, line %d: %s", ErrRecord, r.Side, r.Line, why)
}
