package support

import "github.com/pointgrid/pointgrid/ledger"

// State is where a dispute stands.
type State string

const (
	Open           State = "open"            // staff are to look at it
	WaitingMember  State = "waiting_member"  // the member was asked something
	WaitingPartner State = "waiting_partner" // the partner was asked something
	Proposed       State = "proposed"        // a checker is to decide about a resolution
	CarryingOut    State = "carrying_out"    // what was decided is being done
	Resolved       State = "resolved"
)

// States lists all states, in the order of work.
func States() []State {
	return []State{Open, WaitingMember, WaitingPartner, Proposed, CarryingOut, Resolved}
}

// Workable reports whether staff can propose a resolution.
func (s State) Workable() bool { return s == Open || s == WaitingMember || s == WaitingPartner }

// SubjectKind is what is disputed.
type SubjectKind string

const (
	Conversion SubjectKind = "conversion"
	Order      SubjectKind = "order"
)

// Reason is why a member disputes, from a short list.
type Reason string

const (
	NotMine     Reason = "not_mine"     // the member did not ask for it
	NotReceived Reason = "not_received" // points, goods or the credit did not arrive
	WrongAmount Reason = "wrong_amount"
	Faulty      Reason = "faulty" // goods or service were not as described
	Duplicate   Reason = "duplicate"
	Other       Reason = "other"
)

// Reasons lists those that fit a kind of subject.
func Reasons(kind SubjectKind) []Reason {
	if kind == Order {
		return []Reason{NotReceived, Faulty, WrongAmount, Duplicate, NotMine, Other}
	}
	return []Reason{NotReceived, WrongAmount, Duplicate, NotMine, Other}
}

// Outcome is how a dispute was resolved.
type Outcome string

const (
	Upheld   Outcome = "upheld"   // the member was right, or is treated so
	Declined Outcome = "declined" // with a reason
)

// RemedyKind is what is done about the subject of a dispute.
type RemedyKind string

const (
	NoRemedy RemedyKind = ""
	Reverse  RemedyKind = "reverse" // of a conversion, all or part, at the exchange
	Cancel   RemedyKind = "cancel"  // of an order that waits to be sent
	Return   RemedyKind = "return"  // of an order that was fulfilled, all or part
)

// RemediesOf lists those that fit a kind of subject.
func RemediesOf(kind SubjectKind) []RemedyKind {
	if kind == Order {
		return []RemedyKind{NoRemedy, Cancel, Return}
	}
	return []RemedyKind{NoRemedy, Reverse}
}

// Resolution is what was proposed, decided and done.
type Resolution struct {
	// ID is the idempotency key of the remedy.
	ID      ledger.ID  `json:"id"`
	Outcome Outcome    `json:"outcome"`
	Remedy  RemedyKind `json:"remedy,omitempty"`
	// Amount is of a reversal in smallest units of the source programme, of a return a
	// number of pieces.
	Amount int64 `json:"amount,string,omitempty"`
	// Goodwill is electricity points that are given besides.
	Goodwill int64  `json:"goodwill,string,omitempty"`
	Text     string `json:"text"` // the member reads it
	Maker    string `json:"maker"`
	Checker  string `json:"checker,omitempty"` // empty when none was needed
	// Act gives the goodwill; zero without.
	Act       ledger.ID `json:"act"`
	Remedied  bool      `json:"remedied,omitempty"`  // the remedy is done
	Reference string    `json:"reference,omitempty"` // of the reversal or return
}

// Dispute is a member's objection on its way to being resolved.
type Dispute struct {
	ID      ledger.ID
	Client  string // whose idempotency key it is
	Request Idempotency
	Member  string
	Kind    SubjectKind
	Subject ledger.ID
	Reason  Reason
	State   State
	Owner   string      // of staff; empty while nobody has taken it
	Due     ledger.Date // by when staff should have answered
	// Resolution is nil while nothing is proposed.
	Resolution *Resolution
	Version    int64 // from 1; the number of entries in the trail
	OpenedAt   int64 // milliseconds since 1970, as all times here
	UpdatedAt  int64
}

// Clone returns a copy that shares nothing with d.
func (d *Dispute) Clone() *Dispute {
	n := *d
	if d.Resolution != nil {
		r := *d.Resolution
		n.Resolution = &r
	}
	return &n
}

// Idempotency identifies a request for ever: the client's key, and the SHA-256 of
// what was asked, by which a changed body is told from a repeat.
type Idempotency struct {
	Key  string
	Hash ledger.Hash
}

// Side is on whose behalf an entry was made.
type Side string

const (
	ByMember  Side = "member"
	ByStaff   Side = "staff"
	ByMachine Side = "machine"
)

// Entry is one line of a dispute's trail.
type Entry struct {
	Dispute ledger.ID
	// Number counts the entries of a dispute from 1. It is the version that the entry
	// made.
	Number int64
	At     int64
	Side   Side
	By     string // of staff
	What   string // "opened", "message", "note", "proposed", …
	State  State
	Text   string
	Public bool // the member sees it
}

// Bounds.
const (
	TextMax      = 6000 // bytes of a message, note or reason
	ReferenceMax = 100  // bytes of a reference
	openMax      = 20   // disputes of a member that are not resolved
	entriesMax   = 500  // of a dispute
)
