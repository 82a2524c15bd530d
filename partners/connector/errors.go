package connector

import (
	"errors"
	"fmt"
	"time"
)

// The classes of errors; see the package's description. Every error of a [Host]
// is one of them.
var (
	ErrNotSent = errors.New("not sent")
	// ErrBusy is also an ErrNotSent: no work was done, and [RetryAfter] says when
	// to come back.
	ErrBusy    = errors.New("busy, nothing done")
	ErrRefused = errors.New("refused as a violation of the contract")
	ErrUnknown = errors.New("outcome unknown")
)

// Error is the error of a call to a partner. It never contains a membership.
type Error struct {
	Class   error // ErrNotSent, ErrBusy, ErrRefused or ErrUnknown
	Partner string
	Verb    Verb
	// Code is that of the partner's problem document, or of a request that broke
	// the contract before it was sent; empty otherwise. With TransferConflict and
	// ReversalConflict the class is ErrUnknown: this call did nothing, but the
	// identifier stands for other content, and its status says which.
	Code   ProblemCode
	Status int           // HTTP status, 0 if there was no answer
	After  time.Duration // when to come back, 0 if the partner did not say
	Err    error         // the cause
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("connector: %s at partner %s: %v", e.Verb, e.Partner, e.Class)
	if e.Code != "" {
		text += " (" + string(e.Code) + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the class and the cause.
func (e *Error) Unwrap() []error {
	causes := []error{e.Class}
	if e.Class == ErrBusy {
		causes = append(causes, ErrNotSent)
	}
	if e.Err != nil {
		causes = append(causes, e.Err)
	}
	return causes
}

// Unknown reports whether, after this error, the work may have been done or may
// still be done. An error that is not of this package counts as unknown; nil
// does not.
func Unknown(err error) bool {
	if err == nil {
		return false
	}
	var e *Error
	return !errors.As(err, &e) || e.Class == ErrUnknown
}

// RetryAfter returns how long to wait before a new call makes sense, 0 if
// nothing is known about that.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

// CodeOf returns the problem code of an error, empty if it has none.
func CodeOf(err error) ProblemCode {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// conflict reports that repeating the call cannot change the outcome.
func (e *Error) conflict() bool {
	return e.Code == TransferConflict || e.Code == ReversalConflict
}
