package mall

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what the mall needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Check(ctx context.Context, caller ledger.Identity, command ledger.Command) (ledger.Result, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
}

// Members finds members' accounts; [members.Registry] does.
type Members interface {
	// Account returns a member's account; somebody new is taken in. It returns
	// [members.ErrErasing] and [members.ErrNumber].
	Account(ctx context.Context, number string) (ledger.Account, error)
}

// Tiers knows how a member stands with the programme of rewards.
type Tiers interface {
	// StandingOf returns how the member stands; the zero value is somebody without a
	// tier.
	StandingOf(ctx context.Context, member string) (Standing, error)
}

// Standing is a member's tier, and what it brings in the mall.
type Standing struct {
	Tier string // a code, or "" for none
	// Exclusive opens the exclusive shelf.
	Exclusive bool
	// Fast puts orders that wait for people before those of others.
	Fast bool
}

// Outcome is what a system outside said about a piece of work.
type Outcome string

const (
	Done      Outcome = "done"
	Declined  Outcome = "declined"
	Pending   Outcome = "pending"    // it will say later; ask again
	NeverSeen Outcome = "never_seen" // to a question: it was not asked to do it
)

// Answer is what a system outside said.
type Answer struct {
	Outcome   Outcome
	Reference string // its own, of what it did
	Code      string // why it declined
}

// ErrNotSent is wrapped by errors after which a system outside certainly has not
// seen the call. After any other error it is not known what was done.
var ErrNotSent = errors.New("mall: the call was not sent")

// Credit is an amount for a bill.
type Credit struct {
	Order           ledger.ID
	ContractAccount string
	Member          string
	Fen             int64
}

// Billing is the utility's billing system. It knows a credit by its order: a call
// that it has seen before has the same answer and no other effect. Methods return
// an error when the outcome is not known; see [ErrNotSent].
type Billing interface {
	// Owns reports whether a contract account is a member's.
	Owns(ctx context.Context, member, contractAccount string) (bool, error)
	// Apply credits a bill: Done, Declined, or Pending.
	Apply(ctx context.Context, c Credit) (Answer, error)
	// CreditStatus says what became of a credit.
	CreditStatus(ctx context.Context, order ledger.ID) (Answer, error)
	// Withdraw makes sure that there is no credit for an order, and that none will be
	// applied afterwards: Done. It is Declined when the credit stands and cannot be
	// taken back.
	Withdraw(ctx context.Context, order ledger.ID) (Answer, error)
}

// Charge is cash for an order.
type Charge struct {
	Order  ledger.ID
	Member string
	Fen    int64
}

// Repayment is cash that goes back: of all that was set aside or taken for an
// order, or of a part of what was taken.
type Repayment struct {
	ID    ledger.ID // of the return, or of the order for all of it
	Order ledger.ID
	Fen   int64
}

// Payments is a payment provider. It knows a charge by its order and a repayment
// by its ID, and answers a repeat as it did the first time. Errors are as those of
// [Billing].
type Payments interface {
	// Authorise sets cash aside: Done, Declined, or Pending while the member is asked.
	Authorise(ctx context.Context, c Charge) (Answer, error)
	// Capture takes what was set aside.
	Capture(ctx context.Context, c Charge) (Answer, error)
	// Repay gives cash back. For the whole order it also releases what was only set
	// aside, and leaves a tombstone if nothing was.
	Repay(ctx context.Context, r Repayment) (Answer, error)
	// PaymentStatus says what became of a charge: NeverSeen, Pending, Declined, or
	// Done once it is set aside.
	PaymentStatus(ctx context.Context, order ledger.ID) (Answer, error)
}

// Purchase is points of a partner, bought with electricity points.
type Purchase struct {
	Order   ledger.ID
	Member  string
	Partner string
	Points  int64 // electricity points
}

// Exchange converts a member's points, which it takes and gives by itself. It
// knows a purchase by its order; to ask is to call again. Declined means that
// nothing moved, or all of it was put back.
type Exchange interface {
	Convert(ctx context.Context, p Purchase) (Answer, error)
}
