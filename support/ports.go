package support

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what support needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
}

// Members knows who has which account.
type Members interface {
	// AccountOf returns a member's account, or [ErrNotFound].
	AccountOf(ctx context.Context, member string) (ledger.Account, error)
}

// Subject is what a dispute is about, as far as support must know it.
type Subject struct {
	Kind   SubjectKind
	ID     ledger.ID
	Member string
	At     int64 // when it was made, milliseconds since 1970
	Points int64 // what it is worth in electricity points
	// Of is the whole of what a remedy may take a part of: the amount in the source
	// programme, or the number of pieces.
	Of int64
}

// Remedy is what is to be done about a subject.
type Remedy struct {
	Kind    RemedyKind
	Subject ledger.ID
	Amount  int64     // see [Resolution]
	Key     ledger.ID // idempotency key: the same is the same remedy
	Reason  string    // no personal data
}

// Done is what became of a remedy.
type Done string

const (
	// RemedyDone: it is done.
	RemedyDone Done = "done"
	// RemedyPending: it is under way; ask again with the same key.
	RemedyPending Done = "pending"
	// RemedyDeclined: it is not possible, and nothing was done.
	RemedyDeclined Done = "declined"
)

// Answer is what became of a remedy.
type Answer struct {
	Done      Done
	Reference string // of the reversal or return
	Code      string // why it was declined
	Detail    string
}

// Subjects are conversions and orders, at the exchange and in the mall.
type Subjects interface {
	// Subject returns one, or [ErrNotFound].
	Subject(ctx context.Context, kind SubjectKind, id ledger.ID) (*Subject, error)
	// Remedy does it, or says how far it is. After an error the outcome is not known.
	Remedy(ctx context.Context, r Remedy) (Answer, error)
}

// Held is a conversion that is held for review.
type Held struct {
	ID      ledger.ID
	Member  string
	Account ledger.Account
	Rule    string // by which it is held
	Until   int64  // milliseconds since 1970
}

// Reviews are the conversions that are held.
type Reviews interface {
	// Held returns one, or [ErrNotFound] when there is none that is held.
	Held(ctx context.Context, conversion ledger.ID) (*Held, error)
	// Decide releases or refuses one. Doing it again, or for one that has ended, does
	// nothing. After an error it is asked again.
	Decide(ctx context.Context, conversion ledger.ID, release bool) error
}
