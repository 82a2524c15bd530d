package bonus

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Bonus is that of one conversion.
type Bonus struct {
	// Conversion is the transfer that recorded it; its root is the conversion's ID.
	Conversion ledger.ID
	Account    ledger.Account
	// Tier and BPS are as the member held them when the conversion was recorded.
	Tier string
	BPS  int64 // ten-thousandths, 1 to 10,000
	// RecordedAt is the ledger's time in milliseconds since 1970, Window its day.
	RecordedAt int64
	Window     ledger.Date
	Expiry     ledger.Month
	// Converted is the electricity points that the conversion gave, Stays what
	// reversals have left of them.
	Converted, Stays int64
	// Moves are what the ledger is asked for, in order: the first issues, each other
	// one takes back what one reversal cost.
	Moves []Move
}

// State says how far a move has come.
type State string

// The states of a move.
const (
	Due     State = "due"     // the ledger is to be asked
	Done    State = "done"    // it is on the ledger, or there was nothing to move
	Refused State = "refused" // the ledger will not have it; Code says why
)

// Move is one change of a bonus.
type Move struct {
	Cause   ledger.ID // transfer that it follows from: the conversion or a reversal of it
	Command ledger.ID // on the ledger
	Amount  int64     // issued or taken back; 0 when rounding hides what was reversed
	State   State
	// Code is why the ledger refused, or last would not yet.
	Code string
	// Debt is how the account's debt changed: what was not there any more to take
	// back, or, negative, what an issue filled.
	Debt int64
}

// At returns the bonus of so many points.
func At(points, bps int64) int64 {
	n, _, _ := ledger.MulDiv(points, bps, 10_000)
	return n
}

// Rest is what is left of the bonus once every move is done.
func (b *Bonus) Rest() (points int64) {
	if b.Moves[0].State == Refused {
		return 0
	}
	for i, m := range b.Moves {
		switch {
		case i == 0:
			points = m.Amount
		case m.State != Refused:
			points -= m.Amount
		}
	}
	return points
}

// newBonus returns the bonus of a conversion, nil when it comes to nothing.
func newBonus(t *ledger.Transfer, tier string, bps int64, lotMonths int) *Bonus {
	b := &Bonus{Conversion: t.ID, Account: t.Account, Tier: tier, BPS: bps, RecordedAt: t.At, Window: t.Window,
		Expiry: t.Window.Month() + ledger.Month(lotMonths), Converted: t.Source.To, Stays: t.Source.To}
	amount := At(b.Stays, bps)
	if amount == 0 {
		return nil
	}
	b.Moves = []Move{move(t, amount)}
	return b
}

// reverse adds what a reversal takes, and tells whether that is new.
func (b *Bonus) reverse(t *ledger.Transfer) bool {
	for i := range b.Moves {
		if b.Moves[i].Cause == t.ID {
			return false
		}
	}
	before := At(b.Stays, b.BPS)
	b.Stays -= t.Source.To
	m := move(t, before-At(b.Stays, b.BPS))
	if m.Amount == 0 {
		m.State = Done
	} else if b.Moves[0].State == Refused {
		m.State, m.Code = Refused, b.Moves[0].Code // there is nothing to take
	}
	b.Moves = append(b.Moves, m)
	return true
}

// move is a move that follows from a transfer. Its command has the time of the
// transfer, whenever it is given, so that its ID is the same each time.
func move(t *ledger.Transfer, amount int64) Move {
	var random [10]byte
	sum := sha256.Sum256(append([]byte("pointgrid/bonus/v1\x00"), t.ID[:]...))
	copy(random[:], sum[:])
	return Move{Cause: t.ID, Command: ledger.NewID(time.UnixMilli(t.At), random).Root(), Amount: amount, State: Due}
}

// command is what the ledger is asked for the n-th move. The texts fit the ledger's
// bound and name no person.
func (b *Bonus) command(n int) ledger.Command {
	m := &b.Moves[n]
	if n == 0 {
		return ledger.Command{ID: m.Command, Body: &ledger.Issue{Account: b.Account, Amount: m.Amount, Expiry: b.Expiry,
			Reason: fmt.Sprintf("conversion bonus tier=%s bps=%d conversion=%s", b.Tier, b.BPS, b.Conversion.Root())}}
	}
	return ledger.Command{ID: m.Command, Body: &ledger.TakeBackPart{Original: b.Moves[0].Command, Account: b.Account, Amount: m.Amount,
		Reason: fmt.Sprintf("conversion bonus reversal=%s conversion=%s", m.Cause.Root(), b.Conversion.Root())}}
}

// ended notes what the ledger said of the n-th move.
func (b *Bonus) ended(n int, r *ledger.Result) {
	m := &b.Moves[n]
	switch r.Code {
	case ledger.CodeOK:
		m.State, m.Code, m.Debt = Done, "", r.Entry.Transfer.Debt()
	case ledger.CodeLotExpired, ledger.CodeAboveOriginal, ledger.CodeNotReversible, ledger.CodeIDConflict:
		m.State, m.Code = Refused, string(r.Code)
		if n == 0 {
			b.giveUp(m.Code)
		}
	default: // a frozen account becomes free, one with too many lots has fewer
		m.Code = string(r.Code)
	}
}

// giveUp refuses what would be taken back of an issue that was refused.
func (b *Bonus) giveUp(code string) {
	for i := range b.Moves {
		if m := &b.Moves[i]; m.State == Due {
			m.State, m.Code = Refused, code
		}
	}
}

// State is that of the whole: due while a move is, refused when nothing was issued.
func (b *Bonus) State() State {
	for i := range b.Moves {
		if b.Moves[i].State == Due {
			return Due
		}
	}
	return b.Moves[0].State
}
