package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Store keeps the operational state. Every method that writes returns after the
// write is durable. Many callers write at once; an implementation puts them in
// one database transaction. What is not there is [ErrNotFound].
type Store interface {
	CreateQuote(ctx context.Context, q *Quote) error
	Quote(ctx context.Context, id ledger.ID) (*Quote, error)

	// UpdateConversion stores everything of it that can change: Status and all
	// that follows but Reversed and CreatedAt.
	UpdateConversion(ctx context.Context, c *Conversion) error
	// CreateConversions stores new ones in one write. The outcomes are in the order
	// of all; one that is not stored does not hinder the others. No two of all have
	// the same client and key.
	CreateConversions(ctx context.Context, all []*Conversion) ([]Creation, error)
	// UpdateConversions is UpdateConversion for many in one write. After
	// [ErrNotFound] those that are there are stored; after any other error none is.
	UpdateConversions(ctx context.Context, all []*Conversion) error
	// DecideReview is UpdateConversion for one that stands at [StepReview], together
	// with the instants at which its rates are locked. One that does not stand there is
	// not there.
	DecideReview(ctx context.Context, c *Conversion) error
	Conversion(ctx context.Context, id ledger.ID) (*Conversion, error)
	// ConversionByKey returns the conversion a client made with a key.
	ConversionByKey(ctx context.Context, client, key string) (*Conversion, error)
	Conversions(ctx context.Context, f Filter) ([]*Conversion, error)
	// UnfinishedConversions returns those not at StepDone with an ID above after,
	// in ascending order, at most limit.
	UnfinishedConversions(ctx context.Context, after ledger.ID, limit int) ([]*Conversion, error)

	// UnfinishedSlots returns the slots ([SlotOf]) of conversions and reversals that are
	// not at StepDone, in ascending order; without conversions at StepReview whose
	// Deadline is after now.
	UnfinishedSlots(ctx context.Context, now int64) ([]uint8, error)

	// CreateReversal stores a new one, or returns the one of that time if the client
	// has used the idempotency key before; keys are apart from those of conversions.
	// It refuses with [ErrReversalUnderWay] while another of the same
	// conversion is not at StepDone, and when Before is not the conversion's
	// Reversed, because another was completed meanwhile.
	CreateReversal(ctx context.Context, r *Reversal) (existing *Reversal, err error)
	// UpdateReversal stores what can change: Status and all that follows but
	// CreatedAt. When the reversal is completed it
	// adds Amount to the conversion's Reversed, and makes its Status Reversed when
	// nothing is left, in the same transaction and once.
	UpdateReversal(ctx context.Context, r *Reversal) error
	Reversal(ctx context.Context, id ledger.ID) (*Reversal, error)
	// Reversals returns those of a conversion, oldest first.
	Reversals(ctx context.Context, conversion ledger.ID) ([]*Reversal, error)
	// UnfinishedReversals is as UnfinishedConversions.
	UnfinishedReversals(ctx context.Context, after ledger.ID, limit int) ([]*Reversal, error)

	// CreateLink returns [ErrLinked] when the member or the membership has a
	// standing link with the partner already.
	CreateLink(ctx context.Context, l *Link) error
	// EndLink ends a standing link; one that does not stand is not there.
	EndLink(ctx context.Context, id ledger.ID, at int64) error
	// Link returns a link, standing or ended.
	Link(ctx context.Context, id ledger.ID) (*Link, error)
	// LinkOf returns the standing link of a member with a partner.
	LinkOf(ctx context.Context, partner, member string) (*Link, error)
	// Links returns standing links with an ID above after, ascending; partner ""
	// is all.
	Links(ctx context.Context, partner string, after ledger.ID, limit int) ([]*Link, error)
}

// Creation is how the creation of one of many conversions ended. One that was not
// stored has one of the two.
type Creation struct {
	// Existing is the conversion for which the client has used the idempotency key
	// before.
	Existing *Conversion
	Err      error // [ErrQuoteUsed] when the quote was used before
}

// Filter selects conversions. Results come newest first, which is in descending
// order of ID.
type Filter struct {
	// Programme selects those in which it is source or destination; empty is all.
	Programme string
	Status    Status // empty is any
	Escalated bool   // only those on the operator's list
	InReview  bool   // only those at [StepReview]
	// Account selects those of a member's that the utility's own clients asked for, the
	// members' pages among them; zero is all.
	Account ledger.Account
	// CreatedFrom and CreatedUntil bound CreatedAt, milliseconds since 1970, the
	// second excluded; 0 is unbounded.
	CreatedFrom, CreatedUntil int64
	// Before is the ID of the last one of the page before; zero is the first page.
	Before ledger.ID
	Limit  int // 1 to 200
}
