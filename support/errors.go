package support

import (
	"errors"
	"fmt"
)

// Errors of the store, and of everything that builds on it.
var (
	// ErrNotFound: it is not there, or not the member's.
	ErrNotFound = errors.New("support: not found")
	// ErrChanged: somebody else changed it meanwhile; look at it again.
	ErrChanged = errors.New("support: it was changed meanwhile")
	// ErrKeyReused: the idempotency key was used for another request.
	ErrKeyReused = errors.New("support: idempotency key was used for another request")
	// ErrTaken: the subject has an open dispute, or the review was decided.
	ErrTaken = errors.New("support: there is one already")
)

// Refusal says that a request was understood and not granted; nothing was done.
type Refusal struct {
	Code   string // one of the constants of this package
	Detail string // what was wrong and what would be right; no personal data
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("support: %s: %s", r.Code, r.Detail) }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [Refusal]. They are stable.
const (
	CodeInvalid       = "invalid"
	CodeTooLate       = "dispute_too_late"
	CodeDisputed      = "already_disputed"
	CodeTooMany       = "too_many_disputes"
	CodeState         = "not_in_this_state"
	CodeSamePerson    = "same_person"
	CodeCheckerNeeded = "checker_needed"
	CodeNotHeld       = "not_held"
	CodeDecided       = "already_decided"
)
