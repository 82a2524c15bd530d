package desk

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// State is where a case stands.
type State string

const (
	// Open: nobody has said yet what to do.
	Open State = "open"
	// Proposed: a maker has, and a checker is to decide.
	Proposed State = "proposed"
	// Adjusting: an adjustment was approved, and the counterparty is to accept it on
	// the ledger.
	Adjusting State = "adjusting"
	// Returned: the partner is to answer, or to send a corrected statement.
	Returned State = "returned"
	// MovedOn: it is left to a later window, with a reason. The window it was found
	// in can be signed.
	MovedOn State = "moved_on"
	// Resolved: nothing is left to do.
	Resolved State = "resolved"
	// Cleared: the books agree by themselves now.
	Cleared State = "cleared"
)

// States lists all states, in the order of work.
func States() []State {
	return []State{Open, Proposed, Adjusting, Returned, MovedOn, Resolved, Cleared}
}

// Ended reports whether nobody has anything to do any more.
func (s State) Ended() bool { return s == Resolved || s == Cleared }

// Blocks reports whether a case in this state keeps its window from being signed.
func (s State) Blocks() bool { return !s.Ended() && s != MovedOn }

// Action is what is done about a break.
type Action string

const (
	// Accept: the ledger is right, and the partner corrects its books.
	Accept Action = "accept"
	// Adjust: what the partner owes is corrected on the ledger, with its acceptance.
	Adjust Action = "adjust"
	// WriteOff: the difference is borne without asking the partner, within a limit.
	WriteOff Action = "write_off"
	// Return: the partner is asked to explain, or to correct its statement.
	Return Action = "return"
	// MoveOn: it is decided in a later window.
	MoveOn Action = "move_on"
)

// Actions lists all actions.
func Actions() []Action { return []Action{Accept, Adjust, WriteOff, Return, MoveOn} }

// Person is who acts. It is a staff number or a pseudonym and no name.
type Person struct {
	Company string `json:"company"` // partner code; "" is the utility
	ID      string `json:"id"`
}

// Book is what one of the three books has.
type Book struct {
	Lines      int64       `json:"lines,string"`
	Amount     int64       `json:"amount,string"` // smallest units of the partner's programme
	Points     int64       `json:"points,string,omitempty"`
	At         int64       `json:"at,string,omitempty"` // milliseconds since 1970
	Window     ledger.Date `json:"window,omitempty"`
	Status     string      `json:"status,omitempty"`
	Line       int64       `json:"line,string,omitempty"` // place in the book
	Membership string      `json:"membership,omitempty"`  // as the partner wrote it
}

// Finding is a break as reconciliation reports it.
type Finding struct {
	ID        string      `json:"id"` // 32 hexadecimal digits, the same in every run
	Partner   string      `json:"partner"`
	Window    ledger.Date `json:"window"` // in which it was first seen
	Type      string      `json:"type"`
	Movement  string      `json:"movement"`
	Transfer  ledger.ID   `json:"transfer"` // zero when only the partner knows it
	Reference string      `json:"reference,omitempty"`
	// Value is what the partner would owe more if its statement were right, in
	// millionths of a yuan at the agreement's price.
	Value int64 `json:"value,string"`
	// Tolerated says that it is below the partner's tolerance and keeps nobody from
	// signing.
	Tolerated bool     `json:"tolerated,omitempty"`
	Ledger    *Book    `json:"ledger,omitempty"`
	Ours      *Book    `json:"ours,omitempty"`
	Theirs    *Book    `json:"theirs,omitempty"`
	Differs   []string `json:"differs,omitempty"` // fields
}

// Resolution is what was proposed and decided.
type Resolution struct {
	Action     Action    `json:"action"`
	Value      int64     `json:"value,string"` // of an adjustment or write-off, millionths of a yuan
	Reason     string    `json:"reason"`
	Maker      Person    `json:"maker"`
	ProposedAt int64     `json:"proposed_at,string"` // milliseconds since 1970
	Checker    Person    `json:"checker"`            // empty while nobody has decided
	DecidedAt  int64     `json:"decided_at,string"`
	Adjustment ledger.ID `json:"adjustment"` // on the ledger
}

// Case is a break on its way to being resolved.
type Case struct {
	Finding
	State      State
	Seen       ledger.Date // the last window whose run still found it
	Owner      Person      // empty while nobody has taken it
	Due        ledger.Date // by when it should be resolved; 0 for none
	Resolution *Resolution
	Version    int64 // of the case, from 1
	OpenedAt   int64 // milliseconds since 1970
	UpdatedAt  int64
}

// Blocks reports whether the case keeps its window from being signed.
func (c *Case) Blocks() bool { return c.State.Blocks() && !c.Tolerated }

// Entry is one line of a case's trail.
type Entry struct {
	Case string `json:"case"`
	// Number counts the entries of a case from 1. It is the version of the case that
	// the entry made.
	Number int64  `json:"number,string"`
	At     int64  `json:"at,string"` // milliseconds since 1970
	By     Person `json:"by"`
	What   string `json:"what"` // "opened", "proposed", "commented", …
	State  State  `json:"state"`
	Text   string `json:"text,omitempty"`
	// Attachment is the SHA-256 of an attached file, Name what it was called.
	Attachment ledger.Hash `json:"attachment"`
	Name       string      `json:"name,omitempty"`
}

// Bounds.
const (
	TextMax       = 2000    // bytes of a comment or reason
	NameMax       = 120     // bytes of a file's name
	AttachmentMax = 5 << 20 // bytes of an attached file
)

// Errors.
var (
	// ErrNotFound: no such case, or none that the person may see.
	ErrNotFound = errors.New("desk: not found")
	// ErrChanged: somebody else changed the case meanwhile; look at it again.
	ErrChanged = errors.New("desk: the case was changed meanwhile")
	// ErrSamePerson: the checker is the maker.
	ErrSamePerson = errors.New("desk: maker and checker are the same person")
	// ErrLimit: a write-off above the limit; an adjustment needs the partner.
	ErrLimit = errors.New("desk: above the limit for write-offs")
	// ErrState: the case's state does not allow it.
	ErrState = errors.New("desk: not possible in this state")
	// ErrForbidden: not for this company.
	ErrForbidden = errors.New("desk: not permitted")
	// ErrInvalid: something is missing, too long or out of range.
	ErrInvalid = errors.New("desk: invalid")
)
