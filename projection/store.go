package projection

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// Checkpoint is how far a copy has come. The zero value is that of an empty one.
type Checkpoint struct {
	Height uint64 // blocks applied
	// Block is the last applied that has a batch, Root the Merkle root of its last
	// batch; both zero when there is none.
	Block uint64
	Root  ledger.Hash
}

// Group is what is applied at once.
type Group struct {
	Rows []Row
	// Lots are what the rows change in accounts, to be added: one per account and
	// month, ascending.
	Lots []Lot
	// Checkpoint is how far the copy has come with these rows.
	Checkpoint Checkpoint
}

// Cut takes out what [Group] put in.
type Cut struct {
	// Rows of this block and later ones are dropped.
	Block uint64
	// Lots are to be added, as in a group.
	Lots       []Lot
	Checkpoint Checkpoint
}

// Store keeps a copy. Its methods may be called from many goroutines, but only
// one may change it at a time. An error of a method that changes it says that
// the change was not acknowledged; [Store.Checkpoint] tells whether it was made.
type Store interface {
	// Checkpoint returns how far the copy has come.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// Apply adds rows and changes lots and checkpoint, all or nothing. It refuses
	// a row that is there already.
	Apply(ctx context.Context, g Group) error
	// Cut drops rows and changes lots and checkpoint, all or nothing.
	Cut(ctx context.Context, c Cut) error
	// Reset drops everything.
	Reset(ctx context.Context) error

	// Rows returns rows in the order of lane, batch and index, from a place on.
	Rows(ctx context.Context, from ledger.Locator, limit int) ([]Row, error)
	// Lots returns lots in the order of account and month, those after one;
	// nil begins. A lot with nothing in it may be left out.
	Lots(ctx context.Context, after *Lot, limit int) ([]Lot, error)

	// History returns what a member's account was given or lost, newest first:
	// what lies before a place, or the newest when before is nil.
	History(ctx context.Context, account ledger.Account, before *ledger.Locator, limit int) ([]Row, error)
	// Account returns an account's lots in the order of months, without those
	// with nothing in them; none for an account that is not known.
	Account(ctx context.Context, account ledger.Account) ([]Lot, error)
}

// Errors of [Follower.Run], [Follower.CatchUp] and [Verify].
var (
	// ErrForeign: the copy was made from other blocks than the ledger's. It must be
	// made again.
	ErrForeign = errors.New("projection: made from another ledger; make it again with `pointgrid migrate --rebuild`")
	// ErrMoved: the ledger has transfers that the copy has not, because it is
	// behind or because they were written meanwhile.
	ErrMoved = errors.New("projection: not at the ledger's height")
)
