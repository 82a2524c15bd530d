package statementfile

import (
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// Line is one movement of a statement.
type Line struct {
	Number     int // of the line in the file, from 1
	Movement   reconcile.Movement
	Status     reconcile.Status
	TransferID connector.ID // zero when the file does not have it
	ReversalID connector.ID // of a reversal
	Reference  string
	Membership string
	Amount     int64 // smallest units of the partner's programme, at least 1
	Points     int64 // electricity points; 0 when the file does not have them
	At         time.Time
	// Clock says that At has a time of the day, and is not midnight for want of one.
	Clock bool
}

// Record is the line as it is reconciled in a window. A line that tells only the
// day is taken for one at noon, far from the cut-off.
func (l *Line) Record(window ledger.Date) reconcile.Record {
	id := l.TransferID
	if l.Movement == reconcile.DebitReversal || l.Movement == reconcile.CreditReversal {
		id = l.ReversalID
	}
	at := l.At
	if !l.Clock {
		at = at.Add(12 * time.Hour)
	}
	return reconcile.Record{Key: ledger.ID(id).Root(), Amount: l.Amount, Points: l.Points, At: at.UnixMilli(),
		Membership: reconcile.FingerprintOf(l.Membership), Reference: reconcile.FingerprintOf(l.Reference),
		Line: uint32(l.Number), Window: window, Side: reconcile.Partner, Movement: l.Movement, Status: l.Status}
}

// Totals are what the lines of a file add up to: those that are completed, by
// movement, and the number of all.
type Totals struct {
	Lines   int64
	Counts  [4]int64
	Amounts [4]int64
}

func (t *Totals) add(l *Line) bool {
	t.Lines++
	if l.Status != reconcile.Completed {
		return true
	}
	sum, ok := ledger.Add(t.Amounts[l.Movement], l.Amount)
	t.Counts[l.Movement]++
	t.Amounts[l.Movement] = sum
	return ok
}
