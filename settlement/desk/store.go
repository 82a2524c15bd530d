package desk

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Filter picks cases. Zero fields do not.
type Filter struct {
	Partner  string
	Window   ledger.Date // first seen in
	State    State
	Type     string
	Owner    *Person
	Blocking bool // only those that keep their window from being signed
	Unended  bool // only those that somebody has still to do something about
	// DueBefore picks those that should have been resolved before a day.
	DueBefore ledger.Date
}

// Order is in which order cases come; those that are alike in it come by ID.
type Order string

// The orders. The zero value is by window.
const (
	ByWindow Order = ""      // newest first
	ByValue  Order = "value" // the largest first, whatever its sign
	ByDue    Order = "due"   // the earliest first, those without a date last
)

// Orders lists all orders.
func Orders() []Order { return []Order{ByWindow, ByValue, ByDue} }

// noDue stands behind every date.
const noDue = ledger.Date(1<<31 - 1)

// Place is where a page of cases ended.
type Place struct {
	Key int64 // see [Order.Key]
	ID  string
}

// Key is what cases are sorted by, ascending.
func (o Order) Key(c *Case) int64 {
	switch {
	case o == ByValue:
		return min(c.Value, -c.Value)
	case o == ByDue && c.Due == 0:
		return int64(noDue)
	case o == ByDue:
		return int64(c.Due)
	}
	return -int64(c.Window)
}

// After is the place of a case.
func (o Order) After(c *Case) *Place { return &Place{Key: o.Key(c), ID: c.ID} }

// Count is the number of cases of a partner and window in one state.
type Count struct {
	Partner   string
	Window    ledger.Date
	State     State
	Tolerated bool
	Cases     int64
	Value     int64 // sum of what the findings are worth without their signs, millionths of a yuan
}

// Clearance is the number of cases of a type that were ended within as many whole
// hours after they were opened. One that was opened again counts to its last end.
type Clearance struct {
	Type  string
	Hours int64
	Cases int64
}

// Store keeps cases and their trails. Writes are durable when a method returns.
type Store interface {
	// SaveCase stores a case and adds an entry to its trail, both or neither. The case's
	// version must be one more than the stored one, 1 for a new case, and the
	// entry's number; otherwise it returns [ErrChanged].
	SaveCase(ctx context.Context, c *Case, e *Entry) error
	// Case returns one, or [ErrNotFound].
	Case(ctx context.Context, id string) (*Case, error)
	// Cases returns those that come after a place, nil being the start, at most
	// limit.
	Cases(ctx context.Context, f Filter, o Order, after *Place, limit int) ([]*Case, error)
	// CaseTrail returns a case's entries, oldest first.
	CaseTrail(ctx context.Context, id string) ([]*Entry, error)
	// CaseCounts returns the numbers of cases of the windows from one to another, both
	// included, by window, partner, state and tolerance. An empty partner is all.
	CaseCounts(ctx context.Context, partner string, from, to ledger.Date) ([]Count, error)
	// Clearances returns how long it took to end the cases of the windows from one
	// to another, both included, by type and hours. An empty partner is all.
	Clearances(ctx context.Context, partner string, from, to ledger.Date) ([]Clearance, error)
	// SaveCaseFile stores a file by its digest. Storing it again does nothing.
	SaveCaseFile(ctx context.Context, digest ledger.Hash, file []byte) error
	// CaseFile returns a file, or [ErrNotFound].
	CaseFile(ctx context.Context, digest ledger.Hash) ([]byte, error)
}
