package fabric

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// Failure is an attempt at a batch that did not succeed.
type Failure struct {
	Lane      uint32
	Concerned []string // as in [Sample]
	Reason    Reason
	// Again says that another attempt follows; otherwise the caller has the error.
	Again bool
}

// Reason is why an attempt at a batch did not succeed.
type Reason string

const (
	ReasonAway     Reason = "away"     // a peer did not answer, or lags behind
	ReasonRefused  Reason = "refused"  // a peer answered with an error
	ReasonMismatch Reason = "mismatch" // peers endorsed different outcomes
	ReasonOrderer  Reason = "orderer"  // no orderer took the transaction
	ReasonConflict Reason = "conflict" // somebody else wrote what it read
	ReasonInvalid  Reason = "invalid"  // the network refused the transaction
	ReasonUnknown  Reason = "unknown"  // it was not said what became of it
	ReasonWider    Reason = "wider"    // it concerns companies that were not asked
	ReasonFenced   Reason = "fenced"   // the lane was taken over
	ReasonOther    Reason = "other"
)

// Reasons returns all reasons.
func Reasons() []Reason {
	return []Reason{ReasonAway, ReasonRefused, ReasonMismatch, ReasonOrderer, ReasonConflict, ReasonInvalid,
		ReasonUnknown, ReasonWider, ReasonFenced, ReasonOther}
}

// reason classifies an error of an attempt.
func reason(err error) Reason {
	var endorse *EndorseError
	var commit *CommitError
	switch {
	case errors.As(err, &endorse) && endorse.Code != 0:
		return ReasonRefused
	case errors.As(err, &endorse):
		return ReasonAway
	case errors.As(err, new(*MismatchError)):
		return ReasonMismatch
	case errors.As(err, new(*SubmitError)):
		return ReasonOrderer
	case errors.As(err, &commit) && commit.Code.transient():
		return ReasonConflict
	case errors.As(err, &commit):
		return ReasonInvalid
	case errors.As(err, new(*CommitStatusError)):
		return ReasonUnknown
	case errors.As(err, new(*wideningError)):
		return ReasonWider
	case errors.Is(err, ledger.ErrFenced):
		return ReasonFenced
	}
	return ReasonOther
}
