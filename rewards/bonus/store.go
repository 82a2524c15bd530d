package bonus

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// Mark is how far a lane of the ledger was read.
type Mark struct {
	Lane uint32
	// Next is the number of the batch to be read next, Root the Merkle root of the
	// one before it, zero when there is none.
	Next uint64
	Root ledger.Hash
	// Block is the one that the batch before lay in; another home has another.
	Block uint64
}

// Backlog is what waits for the ledger.
type Backlog struct {
	Moves  int64
	Oldest int64 // when the oldest of them was recorded, milliseconds since 1970; 0 without any
}

// Store keeps bonuses. One goroutine changes it at a time, any number read.
type Store interface {
	// BonusMarks returns how far the ledger was read; none before the first.
	BonusMarks(ctx context.Context) ([]Mark, error)
	// DecideBonuses stores bonuses and their moves, new or changed, with the marks of
	// lanes, all or nothing.
	DecideBonuses(ctx context.Context, all []*Bonus, marks []Mark) error
	// SettleBonuses stores what the ledger said of the moves of bonuses that are there.
	SettleBonuses(ctx context.Context, all []*Bonus) error
	// ForgoBonuses refuses, with a code, what is due of an account.
	ForgoBonuses(ctx context.Context, account ledger.Account, code string) error
	// Bonuses returns those of the conversions that have one, in no order.
	Bonuses(ctx context.Context, conversions []ledger.ID) ([]*Bonus, error)
	// DueBonuses returns bonuses with a move that is due, in ascending order of
	// conversion, after one.
	DueBonuses(ctx context.Context, after ledger.ID, limit int) ([]*Bonus, error)
	// BonusesOf returns an account's, in descending order of conversion, before one;
	// the zero ID begins.
	BonusesOf(ctx context.Context, account ledger.Account, before ledger.ID, limit int) ([]*Bonus, error)
	// BonusTotals adds up the bonuses of conversions that were recorded in the windows
	// from and to, both included, by window and tier, in order. Code is the tier,
	// Points is [Bonus.Rest], Cancelled counts those of which nothing is left.
	BonusTotals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error)
	// BonusBacklog returns what is due.
	BonusBacklog(ctx context.Context) (Backlog, error)
}

// Kind is that of the totals of bonuses.
const Kind rewards.Kind = "conversion_bonus"

var (
	// ErrNotFound: the conversion has no bonus.
	ErrNotFound = errors.New("bonus: the conversion has none")
	// ErrForeign: the ledger is not the one that was followed.
	ErrForeign = errors.New("bonus: bonuses were paid on another ledger")
)
