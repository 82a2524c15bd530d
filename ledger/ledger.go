package ledger

import (
	"context"
)

// Ledger is the port. Its methods may be called from many goroutines.
//
// Methods that read answer from committed state and return [ErrNotFound] for
// what is not there, [ErrClosed] after Close, and the context's error.
type Ledger interface {
	// Submit gives commands to the ledger as one caller and waits until they are
	// durable. There is one result per command, in order; commands of one call are
	// executed in order, but not necessarily in one batch, and those that only concern
	// accounts of different lanes at the same time. It returns [ErrBusy] or
	// [ErrClosed] when nothing was done, and [ErrOutcomeUnknown] when that cannot
	// be said; results are valid only without an error.
	Submit(ctx context.Context, caller Identity, commands ...Command) ([]Result, error)

	// Check tells how a command would end now, without giving it. The result's
	// transfer carries the amounts it would write.
	Check(ctx context.Context, caller Identity, command Command) (Result, error)

	// Find returns the transfer with an ID.
	Find(ctx context.Context, id ID) (Entry, error)

	// Receipt returns the proof of a transfer, provisional until a checkpoint
	// covers it.
	Receipt(ctx context.Context, id ID) (Receipt, error)

	// Transfers calls visit for every transfer of a window in ledger order and
	// stops at the first error, which it returns. The window need not be closed.
	Transfers(ctx context.Context, window Date, visit func(Entry) error) error

	Alliance(ctx context.Context) (Alliance, error)
	Partners(ctx context.Context) ([]Partner, error)
	Agreements(ctx context.Context) ([]Agreement, error)
	Account(ctx context.Context, account Account) (AccountState, error)
	Position(ctx context.Context, partner string, window Date) (Position, error)
	Window(ctx context.Context, window Date) (Window, error)

	// Settlement returns how far a partner's settlement of a window has come, or
	// [ErrNotFound] while it is not netted.
	Settlement(ctx context.Context, partner string, window Date) (Settlement, error)
	// Due returns what the partner's next settlement builds on, or [ErrNotFound]
	// for an unknown partner.
	Due(ctx context.Context, partner string) (SettlementDue, error)
	// Adjustments returns all adjustments in ascending order of ID.
	Adjustments(ctx context.Context) ([]Adjustment, error)

	// Balances calls visit for every account of a programme, members' and house
	// accounts, in ascending order of account. Their sum is always zero.
	Balances(ctx context.Context, programme string, visit func(Balance) error) error

	// Close stops taking commands, finishes those under way and releases the
	// ledger. A second call does nothing.
	Close() error
}

// Result is how a command ended.
type Result struct {
	Code    Code
	Message string // for a refusal: what was wrong and what would be right; no personal data
	// Replayed says that the ID was used before with the same content; Entry is
	// then the one written the first time.
	Replayed bool
	Entry    Entry // set when Code is CodeOK
}

// Entry is a transfer and where it stands.
type Entry struct {
	Transfer Transfer
	Locator  Locator
}

// PlaceOf returns the place of the first new transfer of the results.
func PlaceOf(results []Result) (place Locator, ok bool) {
	for i := range results {
		if r := &results[i]; r.Code == CodeOK && !r.Replayed {
			return r.Entry.Locator, true
		}
	}
	return Locator{}, false
}

// Locator is the place of a transfer: the Index-th of a lane's batch.
type Locator struct {
	Lane  uint32 `json:"lane"`
	Batch uint64 `json:"batch"`
	Index uint32 `json:"index"`
}

// Alliance is what Initialise set, and the open window.
type Alliance struct {
	Hub    string
	MSP    string // the utility's
	Window Date   // the open one
	Lanes  uint32 // over which accounts are spread, at least 1; see [LaneOf]
}

// Partner is a company of the alliance, with the sums of its programme's and
// the hub's house accounts of the pair.
type Partner struct {
	Code      string
	Programme string
	Scale     uint8
	MSP       string
	Suspended bool
	// Owed is the settlement value not yet settled, in millionths of a yuan:
	// positive when the partner owes the utility, negative when it is owed.
	Owed int64
}

// AccountState is a member's account of electricity points.
type AccountState struct {
	Account Account
	Frozen  bool
	// Lots are the points that are not held, by expiry month, ascending. One whose
	// month has passed cannot be used; it waits for [Expire].
	Lots  []Lot
	Holds []OpenHold
	Usage []Usage
	// Debt is points of issues that were taken back after they were spent. Later
	// issues fill it first. It is no part of the balance, which is never negative.
	Debt int64
}

// Available returns the sum of the lots.
func (a *AccountState) Available() (sum int64) {
	for _, l := range a.Lots {
		sum += l.Amount
	}
	return sum
}

// OpenHold is a hold that was neither posted nor voided.
type OpenHold struct {
	ID     ID
	Amount int64
	Lots   []Lot
	Leg    *Leg   // of a conversion out
	To     string // house account otherwise
}

// Usage is what a member converted with a partner in one direction, in the
// source programme: in the window Day, and in the windows of its year.
type Usage struct {
	Partner   string
	Direction Direction
	Day       Date
	DayUsed   int64
	YearUsed  int64
}

// Flow is what went one way in a window.
type Flow struct {
	Count int64 `json:"count,string"`
	From  int64 `json:"from,string"`
	To    int64 `json:"to,string"`
	EPT   int64 `json:"ept,string"`
	Fee   int64 `json:"fee,string"`
	Value int64 `json:"value,string"` // millionths of a yuan
}

// Position is what a partner owes, or is owed, for one window. Reversals lie in
// the window in which they happen, not in that of the original.
type Position struct {
	Partner     string
	Window      Date
	In          Flow
	Out         Flow
	ReversedIn  Flow
	ReversedOut Flow
	Adjusted    Adjusted
}

// Adjusted are the adjustments that were accepted in a window.
type Adjusted struct {
	Count int64 `json:"count,string"`
	Value int64 `json:"value,string"` // millionths of a yuan; positive when the partner owes more
}

// Net is the value the partner owes for the window in millionths of a yuan,
// negative when it is owed.
func (p *Position) Net() int64 {
	return p.In.Value - p.ReversedIn.Value - p.Out.Value + p.ReversedOut.Value + p.Adjusted.Value
}

// Flow returns the flow that a leg of a direction, or its reversal, adds to.
func (p *Position) Flow(d Direction, reversed bool) *Flow {
	switch {
	case d == In && reversed:
		return &p.ReversedIn
	case d == In:
		return &p.In
	case reversed:
		return &p.ReversedOut
	}
	return &p.Out
}

// Lines is the number of lines in the statement of the position.
func (p *Position) Lines() int64 {
	return p.In.Count + p.Out.Count + p.ReversedIn.Count + p.ReversedOut.Count + p.Adjusted.Count
}

// Window is a business day on the ledger.
type Window struct {
	Date       Date
	OpenedAt   int64 // milliseconds since 1970
	ClosedAt   int64 // 0 while it is open
	Next       Date  // the window that followed; meaningful once closed
	FirstBatch uint64
	LastBatch  uint64 // of lane 0; meaningful once closed
}

// Balance is one account of a programme.
type Balance struct {
	// Account is 32 hexadecimal digits for a member; otherwise the name of a
	// house account, such as "issued", "expired", "debts", "fee/sky", "clearing/sky",
	// "members/sky", "residue/sky", "mall".
	Account string
	Amount  int64
}
