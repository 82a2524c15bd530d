package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Tolerance is what a partner and the utility agreed not to call a break.
type Tolerance struct {
	// Amount is the largest difference of one movement, in smallest units of the
	// partner's programme, between ledger and partner. Our own books must agree.
	Amount int64
	// Late is how near to the window's border a movement lies that may be in the
	// other book's next or previous window; 0 for never.
	Late time.Duration
	// LateDays is for how many windows such a movement is waited for, at least 1
	// when Late is not 0.
	LateDays int
	// KeepDays is for how many windows the counterpart of any break is looked for.
	KeepDays int
}

// Options say what is compared.
type Options struct {
	Partner string
	Window  ledger.Date
	// Start and End are the window's borders, in milliseconds since 1970.
	Start, End int64
	Tolerance  Tolerance
	// Memory is about how many bytes are used for sorting; 0 is 96 MiB.
	Memory int64
	// SpillDir is the folder of the spill file, "" the system's. SpillMax is how
	// large it may become in bytes; 0 is 64 GiB.
	SpillDir string
	SpillMax int64
	// Progress, if not nil, is told now and then how far it has come.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Phase Phase
	Done  int64 // records in this phase
	Of    int64 // 0 while it is not known
}

// Phase is a part of a run.
type Phase string

const (
	Reading  Phase = "reading"  // and sorting, as records come
	Matching Phase = "matching" // by ID
	Grouping Phase = "grouping" // by reference, of what is left
)

// Source gives the records of a book, in any order, by calling yield for each.
// It stops at the first error of yield and returns it. A record may be used again
// after yield returns.
type Source func(ctx context.Context, yield func(*Record) error) error

// Inputs are the books. A nil source is an empty book.
type Inputs struct {
	Ledger, Ours, Partner Source
	// Kept is what the run of the window before kept; see [Outputs.Keep].
	Kept Source
}

// Outputs take the results, in an order that depends on the books alone. Each
// may be nil.
type Outputs struct {
	// Break is given every break that was opened, changed or cleared, or stood.
	Break func(Break) error
	// Keep is given every record that the next window's run must be given. The
	// record is valid until it returns.
	Keep func(*Record) error
}

// Report counts what a run did.
type Report struct {
	// Records and Amounts are, by [Side] and [Movement], what the books of this
	// window have; failed and pending lines are in Records only.
	Records [sides][movements]int64
	Amounts [sides][movements]int64
	Kept    int64 // records of earlier windows that were looked at again
	// Matched is how many movements agree in all three books, Split those of them
	// that were matched by a sum.
	Matched, Split int64
	// Nothing is how many were mentioned and moved nothing.
	Nothing int64
	// Opened, Changed and Standing are breaks by [Type], Cleared those that agree
	// now by what they were. Standing ones were found earlier and are as they were.
	Opened, Changed, Standing, Cleared [types]int64
}

const (
	defaultMemory   = 96 << 20
	defaultSpillMax = 64 << 30
)

func (o *Options) validate() error {
	switch {
	case !ledger.ValidPartner(o.Partner):
		return fmt.Errorf("reconcile: %q is not a partner's code", o.Partner)
	case o.Start >= o.End:
		return fmt.Errorf("reconcile: the window begins at %d and ends at %d", o.Start, o.End)
	case o.Memory < 0 || o.SpillMax < 0:
		return fmt.Errorf("reconcile: memory and spill file cannot be negative")
	case o.Tolerance.Amount < 0 || o.Tolerance.Late < 0 || o.Tolerance.LateDays < 0 || o.Tolerance.KeepDays < 0:
		return fmt.Errorf("reconcile: a tolerance cannot be negative")
	case o.Tolerance.Late > 0 && (o.Tolerance.LateDays < 1 || o.Tolerance.KeepDays < o.Tolerance.LateDays):
		return fmt.Errorf("reconcile: what is late is waited for 1 to %d windows, not %d", o.Tolerance.KeepDays, o.Tolerance.LateDays)
	}
	return nil
}
