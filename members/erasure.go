package members

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// Step is the persisted place of an erasure: what is about to be done, or may have been
// done without our knowing.
type Step string

// The steps. Void and Thaw are the way back, which ends in Withdrawn.
const (
	StepHold      Step = "hold"   // the ledger is to hold what is left
	StepFreeze    Step = "freeze" // the ledger is to freeze the account
	StepPost      Step = "post"   // the ledger is to post the hold
	StepClear     Step = "clear"  // places are to forget the number
	StepForget    Step = "forget" // the mapping is to be deleted
	StepThaw      Step = "thaw"   // the ledger is to free the account
	StepVoid      Step = "void"   // the ledger is to give the points back
	StepDone      Step = "done"   // the member is forgotten
	StepWithdrawn Step = "withdrawn"
)

// Ended reports whether nothing is left to do.
func (s Step) Ended() bool { return s == StepDone || s == StepWithdrawn }

// Final reports whether there is no way back any more.
func (s Step) Final() bool { return s == StepClear || s == StepForget || s == StepDone }

// ForfeitHouse is the house account on the ledger that gets the points which a member
// had left. They were earned and are given up, as if they had been spent on nothing: a
// hold and its post book exactly what was confirmed, from the lots that would have been
// spent. To expire them is not for points whose month has not passed, and to take an
// issue back would undo what the utility gave, and leave a debt.
const ForfeitHouse = "mall-forfeited"

// Erasure is the workflow, and the record of it. It has no number; once it is done
// nothing leads from it to a person.
type Erasure struct {
	ID      ledger.ID
	Account ledger.Account
	Token   string // stands in place of the number
	Points  int64  // that were confirmed to be forfeited
	By      string // a client, or who else asked; no member's number
	// RequestedAt is when it began, in milliseconds since 1970.
	RequestedAt int64

	Step Step
	// Code and Detail say why it was withdrawn, or what it waits for.
	Code, Detail string
	FinishedAt   int64 // 0 before
	Revision     int64 // counts stored states, from 1
}

// The places of the commands within the workflow; see [ledger.ID.Step].
const (
	atHold = iota
	atPost
	atFreeze
	atThaw
	atVoid
)

// reason is what stands on the ledger.
const reason = "erasure of the member"

func (e *Erasure) hold() ledger.Command {
	return ledger.Command{ID: e.ID.Step(atHold), Body: &ledger.Hold{Account: e.Account, Amount: e.Points, To: ForfeitHouse, Reason: reason}}
}

func (e *Erasure) post() ledger.Command {
	return ledger.Command{ID: e.ID.Step(atPost), Body: &ledger.Post{Hold: e.ID.Step(atHold), Account: e.Account, Reference: e.ID.String()}}
}

func (e *Erasure) void() ledger.Command {
	return ledger.Command{ID: e.ID.Step(atVoid), Body: &ledger.Void{Hold: e.ID.Step(atHold), Account: e.Account, Reason: reason}}
}

func (e *Erasure) freeze(frozen bool) ledger.Command {
	at := atFreeze
	if !frozen {
		at = atThaw
	}
	return ledger.Command{ID: e.ID.Step(at), Body: &ledger.Freeze{Account: e.Account, Frozen: frozen, Reason: reason}}
}
