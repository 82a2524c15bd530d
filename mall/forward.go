package mall

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// stepOrder does what an order's step says and returns the order as it stands
// afterwards. Nothing is stored here: the crew stores what comes back before it
// goes on.
func (m *Mall) stepOrder(ctx context.Context, j *job[Order], o *Order) (*Order, error) {
	p := m.patience(j.once, o.Deadline)
	switch o.Step {
	case StepHold:
		return m.stepHold(ctx, o, p)
	case StepAuthorise:
		return m.stepAuthorise(ctx, o, p, j.resumed)
	case StepCapture:
		return m.stepCapture(ctx, o, p)
	case StepApply:
		return m.stepApply(ctx, o, p, j.resumed)
	case StepGiveCode:
		return m.stepGiveCode(ctx, o)
	case StepConvert:
		return m.stepConvert(ctx, o, p)
	case StepDispatch:
		return m.stepDispatch(o)
	case StepPost:
		return m.stepPost(ctx, o, p)
	case StepWithdraw:
		return m.stepWithdraw(ctx, o, p)
	case StepUnpay:
		return m.stepUnpay(ctx, o, p)
	case StepVoid:
		return m.stepVoid(ctx, o, p)
	}
	return nil, fmt.Errorf("mall: an order has no step %q", o.Step)
}

func (m *Mall) stepHold(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	result, v := m.book(ctx, o.hold(), p)
	switch {
	case v != workflow.Settled:
		return m.stuck(o, v)
	case result.Code != ledger.CodeOK:
		return m.end(o, Cancelled, &Failure{string(result.Code), result.Message}), nil
	}
	next := m.to(o, StepAuthorise)
	if next.Status = Holding; o.Fen == 0 {
		next = m.toFulfilment(next)
	}
	return next, nil
}

// toFulfilment gives whoever fulfils the order the time that is theirs.
func (m *Mall) toFulfilment(next *Order) *Order {
	next.Step = fulfilment(next.Kind)
	next.Deadline = m.now() + m.o.Deadline.Milliseconds()
	if next.Step == StepDispatch {
		next.Deadline = m.now() + m.o.DispatchWithin.Milliseconds()
		next.WakeAt = next.Deadline
	}
	return next
}

func (m *Mall) stepAuthorise(ctx context.Context, o *Order, p *workflow.Patience, begun bool) (*Order, error) {
	if m.o.Payments == nil {
		return m.turn(o, &Failure{CodePaymentsDown, "there is no payment provider"}), nil
	}
	if !o.Taken { // the intention that unpay goes by
		next := m.to(o, o.Step)
		next.Taken = true
		return next, nil
	}
	answer, v := m.run(ctx, errand{
		do:  func(ctx context.Context) (Answer, error) { return m.o.Payments.Authorise(ctx, o.charge()) },
		ask: func(ctx context.Context) (Answer, error) { return m.o.Payments.PaymentStatus(ctx, o.ID) },
	}, p, begun)
	switch {
	case v == workflow.LaidDown:
		return nil, errLaidDown
	case v == workflow.Expired:
		return m.turn(o, silence("the payment provider")), nil
	case answer.Outcome == Declined:
		return m.turn(o, &Failure{CodePaymentDeclined, "the payment was declined; nothing was taken"}), nil
	}
	return m.to(o, StepCapture), nil
}

func (m *Mall) stepCapture(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	answer, v := m.run(ctx, errand{do: func(ctx context.Context) (Answer, error) { return m.o.Payments.Capture(ctx, o.charge()) }}, p, true)
	switch {
	case v == workflow.LaidDown:
		return nil, errLaidDown
	case v == workflow.Expired:
		return m.turn(o, silence("the payment provider")), nil
	case answer.Outcome == Declined:
		return m.turn(o, &Failure{CodePaymentDeclined, "the payment could not be taken"}), nil
	}
	next := m.toFulfilment(m.to(o, StepCapture))
	next.Status = Paid
	return next, nil
}

func (m *Mall) stepApply(ctx context.Context, o *Order, p *workflow.Patience, begun bool) (*Order, error) {
	if m.o.Billing == nil {
		return nil, errors.New("mall: there is no billing system")
	}
	credit := Credit{Order: o.ID, ContractAccount: o.ContractAccount, Member: o.Member, Fen: o.BillFen}
	answer, v := m.run(ctx, errand{
		do:  func(ctx context.Context) (Answer, error) { return m.o.Billing.Apply(ctx, credit) },
		ask: func(ctx context.Context) (Answer, error) { return m.o.Billing.CreditStatus(ctx, o.ID) },
	}, p, begun)
	switch {
	case v == workflow.LaidDown:
		return nil, errLaidDown
	case v == workflow.Expired:
		next := m.turn(o, silence("the billing system"))
		next.Step = StepWithdraw
		return next, nil
	case answer.Outcome == Declined:
		return m.turn(o, declined(CodeBillingDeclined, "the billing system", answer)), nil
	}
	return m.toPost(o, answer.Reference), nil
}

func (m *Mall) stepGiveCode(ctx context.Context, o *Order) (*Order, error) {
	err := m.o.Store.GiveCodes(ctx, o.ID, o.Product, o.Quantity)
	switch {
	case errors.Is(err, ErrSoldOut): // the pool is smaller than its stock: somebody tampered
		m.o.Logger.Error("there are fewer codes than the stock says", "product", o.Product)
		return m.turn(o, &Failure{CodeSoldOut, "there is no code left"}), nil
	case err != nil:
		return nil, err
	}
	return m.toPost(o, ""), nil
}

// stepConvert waits for the exchange as long as it takes: whatever becomes of a
// conversion, the exchange brings it to an end.
func (m *Mall) stepConvert(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	if m.o.Exchange == nil {
		return m.end(o, Cancelled, &Failure{CodeExchangeDeclined, "there is no exchange"}), nil
	}
	points, _ := o.Total()
	purchase := Purchase{Order: o.ID, Member: o.Member, Partner: o.Partner, Points: points}
	answer, v := m.run(ctx, errand{do: func(ctx context.Context) (Answer, error) { return m.o.Exchange.Convert(ctx, purchase) }}, p, true)
	switch {
	case v != workflow.Settled:
		return m.stuck(o, v)
	case answer.Outcome == Declined:
		return m.end(o, Cancelled, declined(CodeExchangeDeclined, "the exchange", answer)), nil
	}
	next := m.end(o, Fulfilled, nil)
	next.Reference = answer.Reference
	return next, nil
}

// stepDispatch rests until people have done their part, or the time is up.
func (m *Mall) stepDispatch(o *Order) (*Order, error) {
	if m.now() < o.Deadline {
		return nil, errLaidDown
	}
	return m.turn(o, &Failure{CodeTimedOut, "it was not sent off in time"}), nil
}

// toPost goes on once the order is fulfilled: nothing is taken back any more.
func (m *Mall) toPost(o *Order, reference string) *Order {
	next := m.to(o, StepPost)
	next.Reference, next.WakeAt = reference, 0
	next.Deadline = m.now() + m.o.Deadline.Milliseconds()
	if next.Stock == Reserved {
		next.Stock = Consumed
	}
	return next
}

// stepPost completes the hold. The ledger has no reason to refuse that; if it
// does, somebody must look.
func (m *Mall) stepPost(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	result, v := m.book(ctx, o.post(), p)
	if v != workflow.Settled || result.Code != ledger.CodeOK {
		return m.inconsistent(o, v, result)
	}
	return m.end(o, Fulfilled, nil), nil
}

func silence(who string) *Failure {
	return &Failure{CodeOutcomeUnknown, who + " did not say in time what became of it; it was taken back"}
}

func declined(code, who string, a Answer) *Failure {
	detail := who + " declined"
	if a.Code != "" && validCause(a.Code) {
		detail += ": " + a.Code
	}
	return &Failure{code, detail}
}

// validCause reports whether a code from outside can be shown.
func validCause(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return len(s) <= 64
}
