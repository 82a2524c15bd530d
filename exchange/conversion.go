package exchange

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Party is who asks: a client, and the partner it belongs to. An empty Partner
// is the utility, which sees everything; a partner sees only its own.
type Party struct {
	Client  string
	Partner string
}

// Utility reports whether the party is the utility.
func (p Party) Utility() bool { return p.Partner == "" }

// Idempotency identifies a request for ever: the client's key, and the SHA-256
// of what was asked, by which a changed body is told from a repeat. Keys of
// different clients are different.
type Idempotency struct {
	Key  string
	Hash ledger.Hash
}

// Status is where a conversion or a reversal stands.
type Status string

const (
	Processing Status = "processing"
	// Completed: both sides moved and the ledger has it.
	Completed Status = "completed"
	// Failed: nothing moved, or everything was put back before anything was on
	// the ledger as a conversion.
	Failed Status = "failed"
	// Reversed: it was on the ledger, and was taken back in full.
	Reversed Status = "reversed"
)

// Step is the persisted place in the workflow: what is about to be done, or may
// have been done without our knowing the outcome.
type Step string

const (
	// StepReview: nothing has moved, and staff are to say whether anything should; see
	// [Screening].
	StepReview Step = "review"
	// StepDebit: the partner is to debit its member.
	StepDebit Step = "debit"
	// StepLedger: the ledger is to record the conversion in one phase.
	StepLedger Step = "ledger"
	// StepHold: the ledger is to set the member's electricity points aside.
	StepHold Step = "hold"
	// StepCredit: the partner is to credit its member.
	StepCredit Step = "credit"
	// StepPost: the ledger is to post the hold.
	StepPost Step = "post"

	// StepCancelCredit: a credit whose outcome stayed unknown, or that must not
	// stand, is to be taken back at the partner.
	StepCancelCredit Step = "cancel_credit"
	// StepVoid: the ledger is to void the hold.
	StepVoid Step = "void"
	// StepUnwind: the ledger is to reverse the conversion.
	StepUnwind Step = "unwind"
	// StepRefund: the partner is to give its member's debit back.
	StepRefund Step = "refund"

	// StepTakeBack: for a reversal, the destination partner is to take back what
	// it credited.
	StepTakeBack Step = "take_back"
	// StepReverse: for a reversal, the ledger is to record it.
	StepReverse Step = "reverse"
	// StepGiveBack: for a reversal, the source partner is to give back what it
	// debited.
	StepGiveBack Step = "give_back"

	// StepDone: the end.
	StepDone Step = "done"
)

// Failure says why a conversion or reversal did not complete.
type Failure struct {
	Code   string // a ledger code, a decline code of the partner, or one of this package
	Detail string // for people; no personal data
}

// Conversion is the workflow and the record of it.
type Conversion struct {
	ID      ledger.ID // also of its first ledger command; see ledger.ID.Step
	Party   Party
	Request Idempotency
	// Member is the utility's number of the member. It never leaves the utility.
	Member  string
	Account ledger.Account
	// Source and Destination are programme codes.
	Source, Destination string
	// SourceMembership and DestinationMembership are the partners' numbers of the
	// member; empty on the side of electricity points.
	SourceMembership, DestinationMembership string
	// SourceMode and DestinationMode say who moves that side, as it was when the
	// conversion was made; empty on the side of electricity points.
	SourceMode, DestinationMode partners.Mode
	QuoteID                     ledger.ID // zero without a quote
	// In is the leg into electricity points, Out the leg out of them; both for a
	// conversion between two partners.
	In, Out *ledger.LegTerms
	From    int64
	To      int64
	Fee     int64 // electricity points taken from the member
	// Evidence is the signature over the request, or nil.
	Evidence *ledger.Evidence

	Status Status
	Step   Step
	// Outcome is the status at the moment the workflow ended; a reversal later
	// changes Status, never Outcome.
	Outcome              Status
	SourceReference      string // the partner's reference of its debit
	DestinationReference string // the partner's reference of its credit
	// Failure says why it did not complete; at [StepReview] why it is held.
	Failure *Failure
	// Reversed is the sum of the reversals, in the source programme.
	Reversed int64
	// Window is the business day on the ledger in which the transfer lies that
	// records the conversion; 0 until there is one.
	Window ledger.Date

	CreatedAt  int64 // milliseconds since 1970, as all times here
	FinishedAt int64
	// Deadline is when asking for an unknown outcome ends and taking back begins.
	Deadline int64
	// TurnedAt is when it was decided to take back what was done; 0 while the
	// conversion goes forward. It is the time of the reversals at the partners.
	TurnedAt int64
	// EscalatedAt is when it was put on the operator's list; 0 while it is not.
	EscalatedAt int64
}

// Clone returns a copy that shares nothing with c.
func (c *Conversion) Clone() *Conversion {
	n := *c
	n.In, n.Out, n.Failure, n.Evidence = clone(c.In), clone(c.Out), clone(c.Failure), clone(c.Evidence)
	return &n
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// Reversal takes back part or all of a completed conversion.
type Reversal struct {
	ID         ledger.ID
	Conversion ledger.ID
	Party      Party
	Request    Idempotency
	// Source is the programme in which Amount counts.
	Source string
	Amount int64
	// Before is the sum of the reversals that were completed before this one.
	Before int64
	Reason string
	// InTo, OutFrom and OutTo are what goes back on each leg, in smallest units:
	// electricity points of the leg in, electricity points and partner points of
	// the leg out.
	InTo, OutFrom, OutTo int64
	// Evidence is the signature over the request, or nil.
	Evidence *ledger.Evidence

	Status               Status
	Step                 Step
	SourceReference      string
	DestinationReference string
	Failure              *Failure
	Window               ledger.Date // as that of a conversion
	CreatedAt            int64
	FinishedAt           int64
	Deadline             int64
	EscalatedAt          int64
}

// Clone returns a copy that shares nothing with r.
func (r *Reversal) Clone() *Reversal {
	n := *r
	n.Failure, n.Evidence = clone(r.Failure), clone(r.Evidence)
	return &n
}
