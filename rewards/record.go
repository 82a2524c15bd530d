package rewards

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// State says how far an event has come.
type State string

// The states of an event. Issuing and Cancelling are intentions that were stored
// before the ledger was asked; the others are final, but that what is issued,
// earned nothing or was rejected can still be cancelled.
const (
	Issuing         State = "issuing"
	Issued          State = "issued"
	Nothing         State = "nothing"
	RejectedByHouse State = "rejected" // the ledger refused; Code says why
	Cancelling      State = "cancelling"
	Cancelled       State = "cancelled"
)

// Unfinished reports whether the ledger's answer is still to come.
func (s State) Unfinished() bool { return s == Issuing || s == Cancelling }

// Counts reports whether the event's points are, or may be, the member's.
func (s State) Counts() bool { return s == Issuing || s == Issued }

// Record is an event and what became of it.
type Record struct {
	Event
	State State
	// Day is the business day in which the event occurred.
	Day        ledger.Date
	Account    ledger.Account
	ReceivedAt int64 // milliseconds since 1970
	// Command is the root of the ledger commands: step 0 issues, step 1 takes back.
	Command     ledger.ID
	Tier        string // the member's when the event was received
	Points      int64  // that were, or are to be, issued
	Expiry      ledger.Month
	Explanation Explanation
	// Filled is the part of the points that filled a debt.
	Filled int64
	// Code and Detail are the ledger's refusal.
	Code, Detail string

	CancelledAt  int64 // when that was asked for, 0 for never
	CancelReason string
	// Taken is what was taken from the account, Debt what was not there any more.
	Taken, Debt int64
}

// tombstone reports whether the event was cancelled before it came.
func (r *Record) tombstone() bool { return r.Member == "" }

// issueID and takeBackID are the commands' IDs.
func (r *Record) issueID() ledger.ID    { return r.Command.Step(0) }
func (r *Record) takeBackID() ledger.ID { return r.Command.Step(1) }

// Transfer is the ID of the issue on the ledger, zero when there is none.
func (r *Record) Transfer() ledger.ID {
	if r.Points > 0 && r.State != RejectedByHouse && r.State != Issuing {
		return r.issueID()
	}
	return ledger.ID{}
}

// command is what the ledger is asked to do next. The text names rule, version,
// event and channel; it fits the ledger's bound with the longest of each.
func (r *Record) command() ledger.Command {
	if r.State == Cancelling {
		return ledger.Command{ID: r.takeBackID(), Body: &ledger.TakeBack{Original: r.issueID(), Account: r.Account,
			Reason: "cancelled event=" + r.ID}}
	}
	return ledger.Command{ID: r.issueID(), Body: &ledger.Issue{Account: r.Account, Amount: r.Points, Expiry: r.Expiry,
		Reason: fmt.Sprintf("rule=%s version=%d event=%s channel=%s", r.Explanation.Rule, r.Explanation.Version, r.ID, r.Channel)}}
}

// ended notes how the ledger's command ended.
func (r *Record) ended(result *ledger.Result) {
	t := &result.Entry.Transfer
	switch {
	case r.State == Issuing && result.Code == ledger.CodeOK:
		r.State, r.Filled = Issued, -t.Debt()
	case r.State == Issuing:
		r.State, r.Code, r.Detail = RejectedByHouse, string(result.Code), result.Message
	case result.Code == ledger.CodeOK:
		r.State, r.Debt, r.Taken = Cancelled, t.Debt(), t.Amount-t.Debt()
	default: // the points have expired: there is nothing left to take
		r.State, r.Code, r.Detail = Cancelled, string(result.Code), result.Message
	}
}
