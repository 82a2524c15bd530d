package ledger

import (
	"context"
	"errors"
)

// Errors of lanes. Adapters wrap them with what they know.
var (
	// ErrNotOwner: this process is not the owner of the lane; nothing was done. The
	// commands go to whoever is.
	ErrNotOwner = errors.New("ledger: not the owner of the lane")
	// ErrFenced: somebody has taken the lane under a higher epoch; nothing was done.
	// Together with [ErrOutcomeUnknown] it says that an attempt before the last may
	// have been carried out: the same commands, given to the new owner, find out.
	ErrFenced = errors.New("ledger: the lane was taken over")
)

// Laned is a ledger whose lanes have owners. A lane has one owner at a time, who
// puts its commands in order; what keeps a former owner from writing is not that it
// knows that it is one, but the lane's epoch, which the contract checks. Its methods
// may be called from many goroutines.
//
// A ledger that was opened without a cluster owns every lane by itself, under the
// epochs that it finds, and [Ledger.Submit] brings each command to its lane. In a
// cluster it owns those that it has taken; Submit then returns [ErrNotOwner] for
// commands of others.
type Laned interface {
	Ledger

	// Lanes returns the number of lanes, at least 1. It rises by a command of the
	// utility and never falls.
	Lanes(ctx context.Context) (uint32, error)

	// Route returns the lane of each command: that of its account, or lane 0. It is
	// right until the number of lanes rises; a command that was brought to the wrong
	// lane is refused with [CodeWrongLane], and is routed again.
	Route(ctx context.Context, commands ...Command) ([]uint32, error)

	// TakeLane makes this process the owner of a lane under an epoch, and returns
	// when the ledger has it: whatever an earlier owner had under way then either was
	// written before or will not be written. Given again with the same epoch it does
	// the same again. It returns [ErrFenced] when the ledger has seen a higher epoch,
	// and [ErrBusy], [ErrOutcomeUnknown] or the context's error, after which it can be
	// called again, with the process no owner.
	TakeLane(ctx context.Context, lane uint32, epoch uint64) error

	// LeaveLane takes no more commands for a lane, finishes those that wait or are
	// under way, and gives the lane up. When the context ends first, those that still
	// wait fail with [ErrClosed], and it returns the context's error. Leaving a lane of
	// which the process is not the owner does nothing.
	LeaveLane(ctx context.Context, lane uint32) error

	// SubmitLane is [Ledger.Submit] for commands of one lane. Besides, it returns
	// [ErrNotOwner], and [ErrFenced] from when the lane was found to have been taken
	// over until it is taken again.
	SubmitLane(ctx context.Context, lane uint32, caller Identity, commands ...Command) ([]Result, error)
}
