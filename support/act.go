package support

import "github.com/pointgrid/pointgrid/ledger"

// ActKind is what staff do.
type ActKind string

const (
	Goodwill ActKind = "goodwill" // electricity points for a member
	Freeze   ActKind = "freeze"   // of a member's account
	Unfreeze ActKind = "unfreeze" // needs two people
	Release  ActKind = "release"  // of a conversion that is held for review
	Refuse   ActKind = "refuse"   // likewise
)

// Kinds lists all kinds of acts.
func Kinds() []ActKind { return []ActKind{Goodwill, Freeze, Unfreeze, Release, Refuse} }

// ActState is where an act stands.
type ActState string

const (
	// ActAwaiting: it is part of a resolution whose remedy is not done yet.
	ActAwaiting ActState = "awaiting"
	ActProposed ActState = "proposed" // another person is to decide
	ActUnderWay ActState = "under_way"
	ActDone     ActState = "done"
	ActDeclined ActState = "declined" // by a person, or because the remedy could not be done
	// ActRefused: the ledger, or what was to do it, refused; Code says why.
	ActRefused ActState = "refused"
)

// ActStates lists all states of acts.
func ActStates() []ActState {
	return []ActState{ActAwaiting, ActProposed, ActUnderWay, ActDone, ActDeclined, ActRefused}
}

// Ended reports whether nothing is left to do.
func (s ActState) Ended() bool { return s == ActDone || s == ActDeclined || s == ActRefused }

// Act is what staff do to a member's account or to a held conversion.
type Act struct {
	ID      ledger.ID // also of its command on the ledger
	Client  string    // whose idempotency key it is
	Request Idempotency
	Kind    ActKind
	Member  string
	Account ledger.Account
	Subject ledger.ID // of a release or refusal: the conversion
	Dispute ledger.ID // of goodwill that belongs to one
	// Points and Expiry are of goodwill. Expiry is set when the act is made, so that the
	// command is the same however often it is given.
	Points    int64
	Expiry    ledger.Month
	Reason    string // why; it stays in our own records
	Reference string // of the case in another system, or empty
	State     ActState
	Maker     string
	Checker   string // who approved or declined; empty when nobody had to
	// Alone says that it counts for what the maker may give alone.
	Alone  bool
	Day    ledger.Date // on which it was made
	Code   string      // why it was refused
	Detail string      // why it was declined or refused

	CreatedAt  int64 // milliseconds since 1970
	DecidedAt  int64 // 0 when nobody had to
	FinishedAt int64
	Version    int64 // from 1
}

// Case is what limits of one case are counted by: the dispute, or the reference.
func (a *Act) Case() string {
	if !a.Dispute.IsZero() {
		return a.Dispute.String()
	}
	return a.Reference
}

// Needs says who must approve a proposed act, besides being somebody else than the
// maker: goodwill needs a checker, an account is unfrozen by any second person.
func (a *Act) Needs(p Person) bool { return a.Kind != Goodwill || p.Checker }

// Person is a member of staff, or a program that stands for one.
type Person struct {
	ID      string // a staff number or a client, and no name
	Checker bool   // may approve what is above the limits
}
