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
}

// Place is where a page of cases ended: they come by window, newest first, and
// then by ID.
type Place struct {
	Window ledger.Date
	ID     string
}

// Count is the number of cases of a partner and window in one state.
type Count struct {
	Partner   string
	Window    ledger.Date
	State     State
	Tolerated bool
	Cases     int64
	Value     int64 // sum of what the findings are worth without their signs, millionths of a yuan
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
	Cases(ctx context.Context, f Filter, after *Place, limit int) ([]*Case, error)
	// CaseTrail returns a case's entries, oldest first.
	CaseTrail(ctx context.Context, id string) ([]*Entry, error)
	// CaseCounts returns the numbers of cases of the windows from one to another, both
	// included, by window, partner, state and tolerance. An empty partner is all.
	CaseCounts(ctx context.Context, partner string, from, to ledger.Date) ([]Count, error)
	// SaveCaseFile stores a file by its digest. Storing it again does nothing.
	SaveCaseFile(ctx context.Context, digest ledger.Hash, file []byte) error
	// CaseFile returns a file, or [ErrNotFound].
	CaseFile(ctx context.Context, digest ledger.Hash) ([]byte, error)
}
