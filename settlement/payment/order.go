package payment

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// State is where an order stands; values are stable.
type State string

const (
	// Prepared: a maker has put it together.
	Prepared State = "prepared"
	// Releasing: a checker has released it, and the ledger is being told.
	Releasing State = "releasing"
	// Released: the ledger knows; the files may go to the banks.
	Released State = "released"
	// Withdrawn: it was not released, and its settlements can be in another.
	Withdrawn State = "withdrawn"
)

// Order is a set of payments that are released together.
type Order struct {
	ID    string // at most 30 characters; MsgId of the bank's file
	State State
	// Settlements are the IDs of what it pays, in ascending order.
	Settlements []string
	Maker       desk.Person
	PreparedAt  int64       // milliseconds since 1970
	Checker     desk.Person // who released or withdrew it; empty before
	ReleasedAt  int64
	// Execute is the banking day on which the payments are to be made, set when the
	// order is released.
	Execute ledger.Date
	// Digest is the SHA-256 of the utility's file; zero before it is released, and
	// when the utility pays nothing.
	Digest   ledger.Hash
	Reason   string // why it was withdrawn
	Version  int64  // from 1
	Payments []Payment
}

// Cents is what the utility pays and what it is paid.
func (o *Order) Cents() (pays, receives int64) {
	for i := range o.Payments {
		if p := &o.Payments[i]; p.Payer == "" {
			pays += p.Cents
		} else {
			receives += p.Cents
		}
	}
	return pays, receives
}

// PaymentState is where a payment stands; values are stable.
type PaymentState string

const (
	Waiting   PaymentState = "prepared"
	Ordered   PaymentState = "released"
	Confirmed PaymentState = "confirmed"
	// Returned: the bank sent the money back, so it can be paid again.
	Returned PaymentState = "returned"
	Dropped  PaymentState = "withdrawn"
)

// Payment is what one company pays another for one channel of a settlement.
type Payment struct {
	Reference  string // 1 to 35 characters; the bank's EndToEndId
	Order      string
	Settlement string
	Partner    string
	Window     ledger.Date
	Channel    netting.Channel
	Attempt    int64 // from 1; one more after each that was returned or withdrawn
	// Payer and Payee are partner codes, "" the utility; From and To the accounts as
	// they were when the order was prepared.
	Payer, Payee string
	From, To     bank.Party
	Cents        int64
	State        PaymentState
	// BankReference and ConfirmedOn are the bank's, of the confirmation that counted.
	BankReference string
	ConfirmedOn   ledger.Date
	Version       int64 // from 1
}

// Errors.
var (
	// ErrNotFound: no such order or settlement, or none that the person may see.
	ErrNotFound = settlement.ErrNotFound
	// ErrState: the settlement or the order is not at the step that comes before.
	ErrState = settlement.ErrState
	// ErrTaken: a settlement is in another order already.
	ErrTaken = errors.New("payment: in another order already")
	// ErrChanged: somebody else changed it meanwhile; look at it again.
	ErrChanged = errors.New("payment: changed meanwhile")
	// ErrSamePerson: the checker is the maker.
	ErrSamePerson = settlement.ErrSamePerson
	// ErrNotPermitted: not for this company.
	ErrNotPermitted = settlement.ErrNotPermitted
	// ErrNothing: there is nothing to pay, or no file because the company pays
	// nothing.
	ErrNothing = errors.New("payment: nothing to pay")
	// ErrNoParty: the bank account of a company is not configured.
	ErrNoParty = errors.New("payment: the account of a company is not known")
	// ErrInvalid: something is missing or too long.
	ErrInvalid = settlement.ErrInvalid
)
