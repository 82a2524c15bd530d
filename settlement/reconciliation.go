package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// Reconciliation is the last run for a partner and window.
type Reconciliation struct {
	Partner   string
	Window    ledger.Date
	Statement ledger.ID   // that was compared
	Digest    ledger.Hash // of it
	// KeptFrom and Kept are the SHA-256 of what the run of the window before kept for
	// this one, and of what this one kept for the next; zero for nothing.
	KeptFrom, Kept ledger.Hash
	Report         reconcile.Report
	At             int64 // milliseconds since 1970
}

// Reconciliations keeps the last run of each partner and window. Writes are
// durable when a method returns.
type Reconciliations interface {
	// SaveReconciliation stores one in place of the one before.
	SaveReconciliation(ctx context.Context, r *Reconciliation) error
	// Reconciliation returns one, or [ErrNotFound].
	Reconciliation(ctx context.Context, partner string, window ledger.Date) (*Reconciliation, error)
	// ReconciliationBefore returns the one of the last window before, or
	// [ErrNotFound].
	ReconciliationBefore(ctx context.Context, partner string, window ledger.Date) (*Reconciliation, error)
}

// Span is a window with its borders, in milliseconds since 1970.
type Span struct {
	Window     ledger.Date
	Start, End int64
}

// Records are our own records of what was moved at partners. They give all
// movements of a partner that belong to a window, in any order, as they were at its
// end: completed when the ledger recorded them in it; failed; or pending, which is
// also what was recorded in a later window but begun before this one's end. Points
// are as our records have them: without the member's fee into electricity points,
// with it out of them, 0 for reversals.
type Records interface {
	// Records calls yield for each. A record may be used again after yield returns.
	Records(ctx context.Context, partner string, w Span, yield func(*reconcile.Record) error) error
	// RecordsOf does so for the movements of one workflow, whatever window they are
	// of, but not for those that Records gives as completed.
	RecordsOf(ctx context.Context, partner string, w Span, key ledger.ID, yield func(*reconcile.Record) error) error
}

// Links knows to which memberships of a partner somebody is or was linked.
type Links interface {
	Linked(ctx context.Context, partner string, memberships []string) (map[string]bool, error)
}

// Statements are those that partners sent; [statements.Service] is one.
type Statements interface {
	// Current returns the one that counts, or [statements.ErrNotFound].
	Current(ctx context.Context, partner string, day ledger.Date) (*statements.Statement, error)
	Open(ctx context.Context, s *statements.Statement) (*statements.File, error)
}

// Desk is where breaks are resolved; [desk.Desk] is one.
type Desk interface {
	Report(ctx context.Context, window ledger.Date, findings []desk.Finding) error
	Clear(ctx context.Context, window ledger.Date, ids []string) error
	Follow(ctx context.Context) error
	Blocking(ctx context.Context, partner string, window ledger.Date) (int64, error)
	Case(ctx context.Context, p desk.Person, id string) (*desk.Case, error)
	Cases(ctx context.Context, p desk.Person, f desk.Filter, o desk.Order, after *desk.Place, limit int) ([]*desk.Case, error)
}

// Errors of a [Reconciler].
var (
	// ErrUnresolved is wrapped by [*UnresolvedError].
	ErrUnresolved = errors.New("settlement: breaks are not resolved")
	// ErrNotReconciled: the settlement was not compared with a statement yet.
	ErrNotReconciled = errors.New("settlement: not reconciled")
	// ErrTooManyBreaks: what came can hardly be the statement of this window.
	ErrTooManyBreaks = errors.New("settlement: too many breaks")
)

// PartialError is what kept a run of all partners from doing everything. What it did
// all the same is returned with it.
type PartialError struct {
	Desk     error // of following adjustments on the ledger, or nil
	Partners []*PartnerError
	Tried    int // partners
}

// PartnerError says with whom reconciling failed, and at which window; 0 is before
// any.
type PartnerError struct {
	Partner string
	Window  ledger.Date
	Err     error
}

// Error implements error.
func (e *PartnerError) Error() string {
	if e.Window == 0 {
		return fmt.Sprintf("settlement: reconcile with %s: %v", e.Partner, e.Err)
	}
	return fmt.Sprintf("settlement: reconcile with %s: window %s: %v", e.Partner, e.Window, e.Err)
}

// Unwrap leads to the cause.
func (e *PartnerError) Unwrap() error { return e.Err }

// Error implements error.
func (e *PartialError) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap leads to the causes.
func (e *PartialError) Unwrap() (all []error) {
	if e.Desk != nil {
		all = append(all, e.Desk)
	}
	for _, p := range e.Partners {
		all = append(all, p)
	}
	return all
}

// UnresolvedError says how many breaks keep a settlement from being signed.
type UnresolvedError struct {
	Settlement string
	Breaks     int64
}

// Error implements error.
func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("settlement: %s: %d breaks are neither resolved nor moved on", e.Settlement, e.Breaks)
}

// Unwrap returns [ErrUnresolved].
func (e *UnresolvedError) Unwrap() error { return ErrUnresolved }

// Outcome is what reconciling one settlement came to.
type Outcome struct {
	Settlement string
	Partner    string
	Window     ledger.Date
	Report     reconcile.Report
	Breaks     ledger.SettlementBreaks
}

// Waiting is a settlement whose statement has not come.
type Waiting struct {
	Settlement string
	Partner    string
	Window     ledger.Date
	Due        time.Time // by when it must be there
	Overdue    bool
}
