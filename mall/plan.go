package mall

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// The identifiers of a workflow's parts on the ledger are its own with another
// last digit ([ledger.ID.Step]). Numbers are stable: they are in books.
const (
	numHold = 0 // of an order
	numPost = 1
	numVoid = 2

	numReverse = 0 // of a return
)

// firstStep is where an order begins.
func firstStep(k Kind) Step {
	if k == PartnerPoints {
		return StepConvert
	}
	return StepHold
}

// fulfilment is the step that fulfils a kind.
func fulfilment(k Kind) Step {
	switch k {
	case BillCredit:
		return StepApply
	case Voucher:
		return StepGiveCode
	}
	return StepDispatch
}

func (o *Order) hold() ledger.Command {
	points, _ := o.Total()
	return ledger.Command{ID: o.ID.Step(numHold),
		Body: &ledger.Hold{Account: o.Account, Amount: points, To: o.Kind.house(), Reason: "mall " + o.Product}}
}

func (o *Order) post() ledger.Command {
	return ledger.Command{ID: o.ID.Step(numPost), Body: &ledger.Post{Hold: o.ID, Account: o.Account}}
}

func (o *Order) void() ledger.Command {
	reason := ""
	if o.Failure != nil {
		reason = o.Failure.Code
	}
	return ledger.Command{ID: o.ID.Step(numVoid), Body: &ledger.Void{Hold: o.ID, Account: o.Account, Reason: reason}}
}

// reverse takes back part of an order's post.
func (r *Return) reverse(account ledger.Account) ledger.Command {
	return ledger.Command{ID: r.ID.Step(numReverse),
		Body: &ledger.Reverse{Original: r.Order.Step(numPost), Account: account, Amount: r.Points, Reason: "mall return"}}
}

// charge is the cash of an order.
func (o *Order) charge() Charge {
	_, fen := o.Total()
	return Charge{Order: o.ID, Member: o.Member, Fen: fen}
}
