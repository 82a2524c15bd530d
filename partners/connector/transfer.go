package connector

import "time"

// Kind is what a transfer does to the partner's member.
type Kind string

// The kinds.
const (
	Debit  Kind = "debit"  // takes points
	Credit Kind = "credit" // gives points
)

// Transfer is a debit or credit, according to the method it is passed to.
type Transfer struct {
	ID         ID
	Membership string // the partner's number of the member, 1 to 64 visible ASCII characters
	Programme  string // the partner's programme, see [ValidProgramme]
	Amount     int64  // smallest units, at least 1
	// OccurredAt decides on which day's statement the transfer stands. It is
	// persisted by the caller and repeated exactly. Years 2000 to 2199.
	OccurredAt  time.Time
	Description string // for the member, at most 256 characters, may be empty
}

// Validate returns a [*FieldError] for the first field that breaks the contract.
func (t *Transfer) Validate() error {
	if err := checkID("transfer_id", t.ID); err != nil {
		return err
	}
	if err := checkMembership(t.Membership); err != nil {
		return err
	}
	if err := checkProgramme(t.Programme); err != nil {
		return err
	}
	if err := checkAmount(t.Amount); err != nil {
		return err
	}
	if err := checkOccurredAt(t.OccurredAt); err != nil {
		return err
	}
	return checkText("description", t.Description)
}

// Reversal gives back part or all of a debit, or takes back part or all of a
// credit.
type Reversal struct {
	ID         ID
	TransferID ID    // the original
	Amount     int64 // smallest units, at least 1
	// OccurredAt, as for [Transfer].
	OccurredAt time.Time
	Reason     string // for people, at most 256 characters, may be empty
}

// Validate returns a [*FieldError] for the first field that breaks the contract.
func (r *Reversal) Validate() error {
	if err := checkID("reversal_id", r.ID); err != nil {
		return err
	}
	if err := checkID("transfer_id", r.TransferID); err != nil {
		return err
	}
	if err := checkAmount(r.Amount); err != nil {
		return err
	}
	if err := checkOccurredAt(r.OccurredAt); err != nil {
		return err
	}
	return checkText("reason", r.Reason)
}
