package exchange

import "github.com/pointgrid/pointgrid/ledger"

// Quote locks a rate for a while. It can be used by one conversion, of the
// client that asked for it.
type Quote struct {
	ID                  ledger.ID
	Party               Party
	Source, Destination string // programme codes
	From, To            int64  // smallest units
	Fee                 int64  // electricity points taken from the member
	// In and Out are the legs, as they will go to the ledger.
	In, Out *ledger.LegTerms
	// Residues are the fractions that rounding leaves, one per leg.
	Residues  []Residue
	CreatedAt int64 // milliseconds since 1970; the rate is locked at this instant
	ExpiresAt int64
}

// Clone returns a copy that shares nothing with q.
func (q *Quote) Clone() *Quote {
	n := *q
	n.In, n.Out, n.Residues = clone(q.In), clone(q.Out), append([]Residue(nil), q.Residues...)
	return &n
}

// Residue is Numerator/Denominator of the smallest unit of a programme.
type Residue struct {
	Programme   string
	Numerator   int64
	Denominator int64
}

// QuoteRequest asks for a rate.
type QuoteRequest struct {
	Source, Destination string
	From                int64
}

// ConvertRequest asks for a conversion: under a quote, or, without one, at the
// rate in force now for Source, Destination and From.
type ConvertRequest struct {
	QuoteID             ledger.ID
	Source, Destination string
	From                int64
	// LinkID names the member by the caller's own link.
	LinkID ledger.ID
	// Reference is the partner's own of what it has moved already; needed in mode
	// push, refused in mode callback.
	Reference string
	// Evidence is the caller's signature over the request, if it signed it; it goes
	// on the ledger with the transfer that completes the conversion.
	Evidence *ledger.Evidence
	Idempotency
}

// ReverseRequest asks to take back Amount, in the source programme.
type ReverseRequest struct {
	Conversion ledger.ID
	Amount     int64
	Reason     string
	// Reference and Evidence as in [ConvertRequest].
	Reference string
	Evidence  *ledger.Evidence
	Idempotency
}
