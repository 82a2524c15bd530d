package settlement

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// ErrNotFound: no such settlement.
var ErrNotFound = errors.New("settlement: not found")

// State is how far a settlement has come.
type State string

const (
	// Closed: the window is closed on the ledger.
	Closed State = "closed"
	// Netted: the position is computed, the statement written, and what is to be
	// paid stands on the ledger.
	Netted State = "netted"
	// From here on the state is that of the ledger; see [ledger.SettlementStep].
	Reconciled State = "reconciled"
	Proposed   State = "proposed"
	Signed     State = "signed"
	Disputed   State = "disputed"
	Paid       State = "paid"
	Settled    State = "settled"
)

// States lists all states, in the order in which they are usually passed.
func States() []State {
	return []State{Closed, Netted, Reconciled, Proposed, Disputed, Signed, Paid, Settled}
}

// Settlement is one partner's night.
type Settlement struct {
	// ID is the window's date and the partner's code, as in "2026-11-21.sky".
	ID       string
	Partner  string
	Window   ledger.Date
	State    State
	Position ledger.Position
	// Lines, Digest and File describe the statement: its number of transfers, the
	// SHA-256 of the file and its path below the statements' folder. All are
	// empty until State is Netted.
	Lines     int64
	Digest    ledger.Hash
	File      string
	UpdatedAt int64 // milliseconds since 1970
	// Figures and Breaks are those on the ledger, Channels what the figures are made
	// of.
	Figures  ledger.SettlementFigures
	Breaks   ledger.SettlementBreaks
	Channels []netting.Line
	// Marks say who took which step; see [ledger.Settlement].
	Marks []ledger.SettlementMark
}

// Follow takes over how far the companies have come with it on the ledger.
func (s *Settlement) Follow(on *ledger.Settlement) {
	s.State, s.Figures, s.Breaks, s.Marks = State(on.Step.String()), on.Figures, on.Breaks, on.Marks
}

// ID names the settlement of a partner for a window.
func ID(window ledger.Date, partner string) string { return window.String() + "." + partner }

// Store keeps settlements. Writes are durable when a method returns.
type Store interface {
	// SaveSettlements stores all of them, or none; one with the same ID is
	// replaced.
	SaveSettlements(ctx context.Context, all []Settlement) error
	// Settlement returns one, or [ErrNotFound].
	Settlement(ctx context.Context, id string) (*Settlement, error)
	// Settlements returns those of a partner, "" for all, newest window first and
	// then by partner, that come after the one with ID before in that order ("" is
	// the start), at most limit.
	Settlements(ctx context.Context, partner, before string, limit int) ([]*Settlement, error)
}
