package members

import (
	"errors"
	"fmt"
)

// Errors of the store and of everything that builds on it.
var (
	ErrNotFound = errors.New("members: not found")
	// ErrErasing: the member is being erased, and takes part in nothing any more.
	ErrErasing = errors.New("members: the member is being erased")
	// ErrChanged: somebody else changed it at the same time.
	ErrChanged = errors.New("members: changed by somebody else")
	// ErrNumber: what was given cannot be a member's number.
	ErrNumber = errors.New("members: not the number of a member")
)

// Obstacle says why a member cannot be erased now. It is an error; nothing was done.
type Obstacle struct {
	Code   string // stable; see the constants of this package
	Detail string // what was wrong and what would be right; no personal data
	// Amount is what would have to be confirmed, with CodeAmount.
	Amount int64
}

// Error implements error.
func (o *Obstacle) Error() string { return fmt.Sprintf("members: %s: %s", o.Code, o.Detail) }

// Obstruct returns an obstacle.
func Obstruct(code, format string, args ...any) *Obstacle {
	return &Obstacle{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of an [Obstacle]. Places may have others.
const (
	// CodeUnderWay: a conversion, order, return, reversal or event is not at its end.
	CodeUnderWay = "work_under_way"
	// CodeHoldOpen: points are held.
	CodeHoldOpen = "hold_open"
	// CodeFrozen: the account is frozen; who froze it decides first.
	CodeFrozen = "account_frozen"
	// CodeAmount: the points confirmed are not those that are left.
	CodeAmount = "amount_not_confirmed"
	// CodeMoved: points came or went while they were being forfeited.
	CodeMoved = "points_moved"
)
