package mall

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// Idempotency identifies a request for ever: the client's key, and the SHA-256 of
// what was asked, by which a changed body is told from a repeat.
type Idempotency struct {
	Key  string      `json:"key"`
	Hash ledger.Hash `json:"-"`
}

// Status is where an order stands.
type Status string

const (
	// Ordered: its stock is reserved, its points not held yet.
	Ordered Status = "reserved"
	// Holding: its points are held.
	Holding Status = "held"
	// Paid: its cash is captured too.
	Paid Status = "paid"
	// Cancelling: it is on its way back.
	Cancelling Status = "cancelling"
	// Fulfilled: it was delivered, or sent off, and paid.
	Fulfilled Status = "fulfilled"
	// Cancelled: nothing moved, or everything was put back.
	Cancelled Status = "cancelled"
	// Refunded: it was fulfilled, and all of it was returned.
	Refunded Status = "refunded"
)

// Step is the persisted place in the workflow: what is about to be done, or may
// have been done without our knowing the outcome.
type Step string

const (
	StepHold      Step = "hold"      // the ledger is to hold the points
	StepAuthorise Step = "authorise" // the payment provider is to set the cash aside
	StepCapture   Step = "capture"   // the payment provider is to take the cash
	StepApply     Step = "apply"     // the billing system is to credit the bill
	StepGiveCode  Step = "give_code" // codes are to be taken from the pool
	StepConvert   Step = "convert"   // the exchange is to convert
	StepDispatch  Step = "dispatch"  // people are to send it off
	StepPost      Step = "post"      // the ledger is to post the hold

	StepWithdraw Step = "withdraw" // the billing system is to make sure that there is no credit
	StepUnpay    Step = "unpay"    // the payment provider is to give the cash back
	StepVoid     Step = "void"     // the ledger is to give the points back

	StepReverse Step = "reverse" // of a return: the ledger is to reverse the post
	StepRepay   Step = "repay"   // of a return: the payment provider is to give cash back

	StepDone Step = "done"
)

// Failure says why an order was cancelled.
type Failure struct {
	Code   string `json:"code"`   // a code of this package or of the ledger
	Detail string `json:"detail"` // for people; no personal data
}

// Address is where goods are delivered. It is personal data, and never on the
// ledger or in a log.
type Address struct {
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Region string `json:"region"` // province, city and district
	Street string `json:"street"`
}

// Bounds of an address, in bytes.
const (
	addressNameMax   = 100
	addressPhoneMax  = 30
	addressRegionMax = 200
	addressStreetMax = 400
)

func (a *Address) validate() error {
	for _, f := range []struct {
		name, value string
		longest     int
	}{{"address.name", a.Name, addressNameMax}, {"address.phone", a.Phone, addressPhoneMax},
		{"address.region", a.Region, addressRegionMax}, {"address.street", a.Street, addressStreetMax}} {
		if f.value == "" {
			return invalid("%s is empty", f.name)
		}
		if err := checkText(f.name, f.value, f.longest, false); err != nil {
			return err
		}
	}
	return nil
}

// Order is the workflow and the record of it. Product, price and names are as they
// were when it was made.
type Order struct {
	ID      ledger.ID      `json:"id"` // also of its hold; see ledger.ID.Step
	Client  string         `json:"client"`
	Request Idempotency    `json:"request"`
	Member  string         `json:"member"`
	Account ledger.Account `json:"account"`

	Product  string `json:"product"`
	Version  int64  `json:"product_version,string"` // of the product
	Kind     Kind   `json:"kind"`
	Category string `json:"category"`
	Partner  string `json:"partner,omitempty"`
	Name     Text   `json:"name"`
	Picture  string `json:"picture,omitempty"`
	Tier     string `json:"tier,omitempty"`
	// Fast says that it goes before others where it waits for people.
	Fast     bool   `json:"fast,omitempty"`
	Channel  string `json:"channel,omitempty"`
	Quantity int64  `json:"quantity,string"`
	// Points and Fen are of one unit; see [Order.Total].
	Points int64 `json:"points,string"`
	Fen    int64 `json:"fen,string"`
	// BillFen is what is credited to the bill in all.
	BillFen         int64    `json:"bill_fen,string,omitempty"`
	ContractAccount string   `json:"contract_account,omitempty"`
	Address         *Address `json:"address,omitempty"`

	Status  Status   `json:"-"`
	Step    Step     `json:"-"`
	Stock   Held     `json:"-"`
	Failure *Failure `json:"failure,omitempty"`
	// Reference is the billing system's, the exchange's or the carrier's.
	Reference string `json:"reference,omitempty"`
	// Taken says that cash may be with the payment provider.
	Taken bool `json:"taken,omitempty"`
	// Returned is how much of Quantity was returned.
	Returned int64 `json:"-"`

	CreatedAt  int64 `json:"created_at,string"` // milliseconds since 1970, as all times here
	FinishedAt int64 `json:"finished_at,string,omitempty"`
	// Month is that in which it was fulfilled, as reports count it.
	Month ledger.Month `json:"-"`
	// Deadline is when asking for an unknown outcome, or waiting for dispatch, ends
	// and taking back begins.
	Deadline int64 `json:"deadline,string"`
	// WakeAt is when the recovery looks at it; 0 is always.
	WakeAt int64 `json:"-"`
	// TurnedAt is when it was decided to take back what was done; 0 before.
	TurnedAt int64 `json:"turned_at,string,omitempty"`
	// EscalatedAt is when it was put on the operator's list; 0 while it is not.
	EscalatedAt int64 `json:"-"`
	Revision    int64 `json:"-"` // counts stored states, from 1
}

// Total returns what the order costs in all. Bounds of price and quantity keep it
// far below an overflow.
func (o *Order) Total() (points, fen int64) { return o.Points * o.Quantity, o.Fen * o.Quantity }

// PostID is under what the ledger has the post of its points.
func (o *Order) PostID() ledger.ID { return o.ID.Step(numPost) }

// Clone returns a copy that shares nothing with o.
func (o *Order) Clone() *Order {
	n := *o
	if o.Failure != nil {
		f := *o.Failure
		n.Failure = &f
	}
	if o.Address != nil {
		a := *o.Address
		n.Address = &a
	}
	return &n
}

// Return gives part or all of a fulfilled order back.
type Return struct {
	ID      ledger.ID   `json:"id"` // also of its reversal
	Order   ledger.ID   `json:"order"`
	Client  string      `json:"client"`
	Request Idempotency `json:"request"`
	// Quantity is how much is returned, Before how much was before.
	Quantity int64 `json:"quantity,string"`
	Before   int64 `json:"before,string"`
	// Points and Fen are given back.
	Points  int64  `json:"points,string"`
	Fen     int64  `json:"fen,string"`
	Restock bool   `json:"restock,omitempty"` // the goods can be sold again
	Reason  string `json:"reason"`

	Completed   bool  `json:"-"`
	Step        Step  `json:"-"`
	CreatedAt   int64 `json:"created_at,string"`
	FinishedAt  int64 `json:"finished_at,string,omitempty"`
	Deadline    int64 `json:"deadline,string"`
	EscalatedAt int64 `json:"-"`
	Revision    int64 `json:"-"`
}
