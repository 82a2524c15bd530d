package partnersim

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// FaultKind is a way to behave badly.
type FaultKind string

// The kinds of faults.
const (
	// FaultDecline declines new debits, credits or reversals with Code, for good;
	// a validation answers "blocked".
	FaultDecline FaultKind = "decline"
	// FaultHang does no work and gives no answer, until the caller leaves or Delay
	// has passed, and then cuts the connection.
	FaultHang FaultKind = "hang"
	// FaultAnswerTwice does the work and sends the answer a second time as soon as
	// the caller uses the connection again, or after Delay.
	FaultAnswerTwice FaultKind = "answer_twice"
	// FaultAnswerLate does the work at once and answers after Delay.
	FaultAnswerLate FaultKind = "answer_late"
	// FaultLoseAnswer does the work and cuts the connection.
	FaultLoseAnswer FaultKind = "lose_answer"
	// FaultDown cuts the connection at once.
	FaultDown FaultKind = "down"
	// FaultError answers 500 and does no work.
	FaultError FaultKind = "error"
	// FaultBusy answers 503 with Retry-After and does no work.
	FaultBusy FaultKind = "busy"
	// FaultNonsense does the work and answers 200 with what Variant says.
	FaultNonsense FaultKind = "nonsense"
	// FaultMisstate gives a well-formed statement that is wrong in one line, as
	// Variant says: the first that is about TransferID, or the first of all.
	FaultMisstate FaultKind = "misstate"
)

// Variants of [FaultMisstate].
const (
	VariantDrop    = "drop_line"    // the line is not there
	VariantAmount  = "amount"       // it has one unit more
	VariantRepeat  = "repeat_line"  // it is there twice
	VariantUnknown = "unknown_line" // there is another one, of a transfer that nobody else knows
	VariantLate    = "late_line"    // it is in the statement of the day after instead
)

// Variants of [FaultNonsense].
const (
	VariantGarbage = "garbage"  // not JSON; the default
	VariantWrongID = "wrong_id" // a good answer, of another transfer
	VariantHuge    = "huge"     // more than 64 KiB
)

// AnyVerb is the verb of a fault that befalls every call.
const AnyVerb connector.Verb = "*"

// Fault is a fault that the host is told to have.
type Fault struct {
	// Verb is debit, credit, reverse, status, validate, statement or AnyVerb.
	// "status" covers both status questions.
	Verb connector.Verb
	Kind FaultKind
	// Count is how many calls it befalls; 0 means until it is cleared.
	Count int
	// Membership and TransferID, if set, narrow it to calls about them. A reversal
	// or status is about the member of its transfer, if the host knows that.
	Membership string
	TransferID connector.ID
	Code       connector.DeclineCode // of FaultDecline; default "other"
	Delay      time.Duration
	Variant    string // of FaultNonsense and FaultMisstate
}

// work reports whether a verb moves points.
func work(v connector.Verb) bool {
	return v == connector.VerbDebit || v == connector.VerbCredit || v == connector.VerbReverse
}

// Validate returns an error that says what is wrong with a fault.
func (f *Fault) Validate() error {
	switch f.Verb {
	case AnyVerb, connector.VerbDebit, connector.VerbCredit, connector.VerbReverse, connector.VerbStatus,
		connector.VerbValidate, connector.VerbStatement:
	default:
		return fmt.Errorf("partnersim: verb %q must be debit, credit, reverse, status, validate, statement or *", f.Verb)
	}
	switch f.Kind {
	case FaultHang, FaultAnswerTwice, FaultAnswerLate, FaultLoseAnswer, FaultDown, FaultError, FaultBusy:
	case FaultDecline:
		if f.Code != "" && !f.Code.Known() {
			return fmt.Errorf("partnersim: decline code %q is not one of the contract", f.Code)
		}
	case FaultNonsense:
		if f.Variant != "" && f.Variant != VariantGarbage && f.Variant != VariantWrongID && f.Variant != VariantHuge {
			return fmt.Errorf("partnersim: variant %q must be garbage, wrong_id or huge", f.Variant)
		}
	case FaultMisstate:
		if f.Verb != connector.VerbStatement || !slices.Contains([]string{VariantDrop, VariantAmount, VariantRepeat, VariantUnknown, VariantLate}, f.Variant) {
			return fmt.Errorf("partnersim: misstate is for statement, and its variant %q must be drop_line, amount, repeat_line, unknown_line or late_line", f.Variant)
		}
	default:
		return fmt.Errorf("partnersim: there is no fault %q", f.Kind)
	}
	if f.Count < 0 || f.Delay < 0 {
		return errors.New("partnersim: count and delay must not be negative")
	}
	return nil
}

// Faults are the faults of a host. Without any, asking for one is a single
// atomic read.
type Faults struct {
	any  atomic.Bool
	mu   sync.Mutex
	list []Fault
}

func newFaults() *Faults { return &Faults{} }

// Set replaces all faults. It returns an error, and changes nothing, if one of
// them is not valid.
func (f *Faults) Set(faults ...Fault) error {
	for i := range faults {
		if err := faults[i].Validate(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append([]Fault(nil), faults...)
	f.any.Store(len(faults) > 0)
	return nil
}

// Add adds one fault behind those that are there.
func (f *Faults) Add(fault Fault) error {
	if err := fault.Validate(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, fault)
	f.any.Store(true)
	return nil
}

// Clear ends all faults.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
	f.any.Store(false)
}

// List returns the faults that are left, each with the count that is left.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault(nil), f.list...)
}

// subject is what a call is about, as far as it says.
type subject struct {
	verb       connector.Verb
	membership string
	transfer   connector.ID
	amount     int64  // of a debit or credit
	echo       string // what the answer must repeat
}

// take uses up one count of the first fault that befalls the call: of declines
// of work if declines is set, of all others if not. Declines are taken apart,
// because they befall new work only.
func (f *Faults) take(s subject, declines bool) *Fault {
	if !f.any.Load() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		if taken := f.list[i]; (taken.Kind == FaultDecline && work(s.verb)) == declines && taken.befalls(s) {
			f.use(i)
			return &taken
		}
	}
	return nil
}

// use counts one use of the i-th fault and removes it after the last.
func (f *Faults) use(i int) {
	switch f.list[i].Count {
	case 0:
	case 1:
		f.list = append(f.list[:i:i], f.list[i+1:]...)
		f.any.Store(len(f.list) > 0)
	default:
		f.list[i].Count--
	}
}

func (f *Fault) befalls(s subject) bool {
	verb := s.verb
	if verb == connector.VerbReversalStatus {
		verb = connector.VerbStatus
	}
	return (f.Verb == AnyVerb || f.Verb == verb) &&
		(f.Membership == "" || f.Membership == s.membership) &&
		(f.TransferID.IsZero() || f.TransferID == s.transfer || f.Kind == FaultMisstate)
}

// forced returns the question of [Host.transfer] and [Host.reverse].
func (f *Faults) forced(s subject) func() *decline {
	return func() *decline {
		fault := f.take(s, true)
		if fault == nil {
			return nil
		}
		code := fault.Code
		if code == "" {
			code = connector.DeclineOther
		}
		return &decline{code, "declined by a fault of the simulation"}
	}
}
