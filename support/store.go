package support

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Store keeps disputes and acts. Every method that writes returns after the write is
// durable, and does all it says or nothing. What is not there is [ErrNotFound].
type Store interface {
	// CreateDispute stores a new dispute with the first entry of its trail. It returns
	// the one of that time if the client has used the key before, and [ErrTaken] while
	// another dispute of the subject is not resolved.
	CreateDispute(ctx context.Context, d *Dispute, e *Entry) (existing *Dispute, err error)
	// SaveDispute stores what can change (State and all that follows but OpenedAt), an
	// entry and, if it is not nil, a new act. The version must be one more than the
	// stored one and the entry's number; otherwise it returns [ErrChanged].
	SaveDispute(ctx context.Context, d *Dispute, e *Entry, a *Act) error
	Dispute(ctx context.Context, id ledger.ID) (*Dispute, error)
	Disputes(ctx context.Context, f Filter) ([]*Dispute, error)
	// DisputeTrail returns a dispute's entries, oldest first.
	DisputeTrail(ctx context.Context, id ledger.ID) ([]*Entry, error)
	// DisputeCounts returns how many disputes stand in each state.
	DisputeCounts(ctx context.Context) (map[State]int64, error)

	// CreateAct stores a new act. It returns the one of that time if the client has used
	// the key before, and [ErrTaken] when another release or refusal of the subject is
	// there.
	CreateAct(ctx context.Context, a *Act) (existing *Act, err error)
	// SaveAct stores what can change: State, Checker, Code, Detail and the times. The
	// version must be one more than the stored one; otherwise it returns [ErrChanged].
	SaveAct(ctx context.Context, a *Act) error
	Act(ctx context.Context, id ledger.ID) (*Act, error)
	// Acts returns those that a filter picks, newest first.
	Acts(ctx context.Context, f ActFilter) ([]*Act, error)
	// GoodwillAlone adds up the points of goodwill given alone that was not declined or
	// refused: by a maker on a day, and for a case, which may be empty.
	GoodwillAlone(ctx context.Context, maker string, day ledger.Date, of string) (byDay, byCase int64, err error)
	// GoodwillTotals adds up the goodwill that was given by the days on which it was
	// made, from one to another, both included, ascending.
	GoodwillTotals(ctx context.Context, from, to ledger.Date) ([]GoodwillTotal, error)

	// ForgetMember puts a token in the place of a member's number, and drops the texts of
	// the member's disputes and acts, which may say anything.
	ForgetMember(ctx context.Context, member, token string) error
}

// GoodwillTotal is the goodwill of one day.
type GoodwillTotal struct {
	Day    ledger.Date
	Acts   int64
	Points int64
}

// Filter picks disputes. Zero fields do not.
type Filter struct {
	Member  string
	Kind    SubjectKind
	Subject ledger.ID
	State   State
	Owner   string
	// Unended picks those that are not resolved, which then come by [Place]; otherwise
	// the newest come first, those before an ID.
	Unended bool
	After   *Place
	Before  ledger.ID
	Limit   int // 1 to 200
}

// Place is where a page of unended disputes ended: by due date, then by ID.
type Place struct {
	Due ledger.Date
	ID  ledger.ID
}

// Picks reports whether the filter picks a dispute, wherever it stands.
func (f *Filter) Picks(d *Dispute) bool {
	return (f.Member == "" || f.Member == d.Member) && (f.Kind == "" || f.Kind == d.Kind) &&
		(f.Subject.IsZero() || f.Subject == d.Subject) && (f.State == "" || f.State == d.State) &&
		(f.Owner == "" || f.Owner == d.Owner) && (!f.Unended || d.State != Resolved)
}

// ActFilter picks acts. Zero fields do not.
type ActFilter struct {
	Member string
	Kind   ActKind
	State  ActState
	Before ledger.ID // of the last one of the page before
	Limit  int       // 1 to 200
}

// Picks reports whether the filter picks an act, wherever it stands.
func (f *ActFilter) Picks(a *Act) bool {
	return (f.Member == "" || f.Member == a.Member) && (f.Kind == "" || f.Kind == a.Kind) && (f.State == "" || f.State == a.State)
}
