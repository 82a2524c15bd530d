package mortal

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Trick is a way in which a ledger treats one call.
type Trick uint8

// The tricks.
const (
	Behaves     Trick = iota
	Busy              // does nothing, and says so
	LosesCall         // does nothing, and does not know
	LosesAnswer       // does it, and does not know
)

// Submitter is what a ledger is to who only writes to it.
type Submitter interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
}

// Line is a line to a ledger that ends with a life, and plays tricks as its script
// says: it is asked once a call. Without a script the ledger behaves.
type Line struct {
	Life   *Life
	Script func() Trick
}

// Submit gives the commands to the ledger that is at the other end.
func (l Line) Submit(ctx context.Context, to Submitter, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	if err := l.Life.Alive(); err != nil {
		return nil, err
	}
	trick := Behaves
	if l.Script != nil {
		trick = l.Script()
	}
	switch trick {
	case Busy:
		return nil, ledger.ErrBusy
	case LosesCall:
		return nil, ledger.ErrOutcomeUnknown
	}
	results, err := to.Submit(ctx, caller, commands...)
	if trick == LosesAnswer {
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}
