package payment

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Simulation says what each partner would owe after an order is released, when
// what the utility pays is paid and what partners pay is not yet. Values are in
// millionths of a yuan, positive when the partner owes.
type Simulation struct {
	Open ledger.Date // the open window
	Rows []Exposure  // by partner
}

// Exposure is one partner's row.
type Exposure struct {
	Partner string
	// Owed is what the partner owes now, on the ledger, over all its agreements and
	// windows. Of that Unsettled is of windows that are closed and Open of the open
	// one.
	Owed, Unsettled, Open int64
	// Transit is what the utility has released before and the bank has not confirmed.
	Transit int64
	Release int64 // what the utility pays by this order
	After   int64 // Owed + Transit + Release
	// Cap is the least exposure cap of the partner's agreements in force, and
	// Headroom what After leaves of it, negative when nothing.
	Cap, Headroom int64
	// Above says that this order pays the partner and leaves it above its cap.
	Above bool
}

// OK reports whether the order may be released.
func (s *Simulation) OK() bool {
	for i := range s.Rows {
		if s.Rows[i].Above {
			return false
		}
	}
	return true
}

// ExposureError refuses a release, with the table that says why.
type ExposureError struct{ Simulation *Simulation }

// Error names the partners that would be above their caps.
func (e *ExposureError) Error() string {
	text := "payment: the release would leave partners above their exposure caps:"
	for _, r := range e.Simulation.Rows {
		if r.Above {
			text += fmt.Sprintf(" %s %d above %d millionths of a yuan;", r.Partner, r.After, r.Cap)
		}
	}
	return text
}
