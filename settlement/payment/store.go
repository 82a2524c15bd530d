package payment

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Reading is a file of the bank and what became of its entries.
type Reading struct {
	Digest   ledger.Hash // SHA-256 of the file
	Name     string      // what it was called
	By       desk.Person
	At       int64 // milliseconds since 1970
	Entries  int64 // movements in it
	Outcomes []Outcome
	// Settled are the settlements that it settled, all of whose payments are
	// confirmed now.
	Settled []string
	// Replayed says that it had been read before; it is not stored.
	Replayed bool
}

// Outcome is what became of a payment, or of an entry that is of none.
type Outcome struct {
	Verdict   bank.Verdict `json:"verdict"`
	Reference string       `json:"reference,omitempty"`
	Partner   string       `json:"partner,omitempty"`
	Cents     int64        `json:"cents,string"` // as the bank tells
	Ordered   int64        `json:"ordered,string,omitempty"`
	Date      ledger.Date  `json:"date"`
	// Break is the ID of its case on the desk, "" when there is none.
	Break string `json:"break,omitempty"`
}

// Store keeps orders, payments and readings. Writes are durable when a method
// returns.
type Store interface {
	// CreateOrder stores a new order with its payments, all or nothing. It returns
	// [ErrTaken] when a reference is there already.
	CreateOrder(ctx context.Context, o *Order) error
	// UpdateOrder stores an order and its payments. Its version must be one more than
	// the stored one; otherwise it returns [ErrChanged].
	UpdateOrder(ctx context.Context, o *Order) error
	// Order returns one with its payments, or [ErrNotFound].
	Order(ctx context.Context, id string) (*Order, error)
	// Orders returns those that come after the one with ID before, newest first, at
	// most limit. An unknown before is [ErrNotFound].
	Orders(ctx context.Context, before string, limit int) ([]*Order, error)
	// Unreleased returns the orders that are being released, oldest first.
	Unreleased(ctx context.Context) ([]*Order, error)
	// Payment returns one by its reference, or [ErrNotFound].
	Payment(ctx context.Context, reference string) (*Payment, error)
	// PaymentsOf returns all of a settlement by channel and attempt.
	PaymentsOf(ctx context.Context, settlement string) ([]*Payment, error)
	// UpdatePayment stores one. Its version must be one more than the stored one;
	// otherwise it returns [ErrChanged].
	UpdatePayment(ctx context.Context, p *Payment) error
	// SaveReading stores what a file came to. Storing it again does nothing.
	SaveReading(ctx context.Context, r *Reading) error
	// Reading returns one by its digest, or [ErrNotFound].
	Reading(ctx context.Context, digest ledger.Hash) (*Reading, error)
	// Readings returns the newest, at most limit.
	Readings(ctx context.Context, limit int) ([]*Reading, error)
}
