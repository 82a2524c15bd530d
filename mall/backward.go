package mall

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// stepWithdraw makes sure that a credit whose outcome is unknown does not stand;
// or finds that it does and cannot be taken back, and goes on with it.
func (m *Mall) stepWithdraw(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	answer, v := m.run(ctx, errand{do: func(ctx context.Context) (Answer, error) { return m.o.Billing.Withdraw(ctx, o.ID) }}, p, true)
	switch {
	case v != workflow.Settled:
		return m.stuck(o, v)
	case answer.Outcome == Declined:
		next := m.toPost(o, answer.Reference)
		next.Failure, next.TurnedAt, next.EscalatedAt = nil, 0, 0
		if next.Status = Holding; o.Taken {
			next.Status = Paid
		}
		return next, nil
	}
	return m.to(o, backFrom(o)), nil
}

// backFrom is where an order goes that is not, or no more, with whoever fulfils it.
func backFrom(o *Order) Step {
	if o.Taken {
		return StepUnpay
	}
	return StepVoid
}

func (m *Mall) stepUnpay(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	_, fen := o.Total()
	answer, v := m.run(ctx, errand{do: func(ctx context.Context) (Answer, error) {
		return m.o.Payments.Repay(ctx, Repayment{ID: o.ID, Order: o.ID, Fen: fen})
	}}, p, true)
	switch {
	case v != workflow.Settled:
		return m.stuck(o, v)
	case answer.Outcome == Declined: // it owes us an answer: somebody must look
		return m.stuck(o, workflow.Expired)
	}
	return m.to(o, StepVoid), nil
}

func (m *Mall) stepVoid(ctx context.Context, o *Order, p *workflow.Patience) (*Order, error) {
	result, v := m.book(ctx, o.void(), p)
	if v != workflow.Settled || result.Code != ledger.CodeOK {
		return m.inconsistent(o, v, result)
	}
	return m.end(o, Cancelled, o.Failure), nil
}

// to returns the order at another step. It shares with o what never changes.
func (m *Mall) to(o *Order, step Step) *Order {
	next := *o
	next.Step, next.Revision = step, o.Revision+1
	return &next
}

// turn returns the order on its way back.
func (m *Mall) turn(o *Order, why *Failure) *Order {
	next := m.to(o, backFrom(o))
	next.Status, next.Failure, next.TurnedAt, next.WakeAt = Cancelling, why, m.now(), 0
	next.Deadline = m.now() + m.o.Deadline.Milliseconds()
	return next
}

// end returns the order at its end, which takes it off the operator's list and
// decides about its stock.
func (m *Mall) end(o *Order, status Status, why *Failure) *Order {
	next := m.to(o, StepDone)
	next.Status, next.Failure = status, why
	next.FinishedAt, next.EscalatedAt, next.WakeAt = m.now(), 0, 0
	if next.Stock == Reserved {
		if next.Stock = Released; status == Fulfilled {
			next.Stock = Consumed
		}
	}
	if status == Fulfilled {
		next.Month = ledger.DateOf(time.UnixMilli(next.FinishedAt).In(m.o.Zone)).Month()
	}
	return next
}

// stuck lays the order down. When the deadline has passed somebody should know of
// it.
func (m *Mall) stuck(o *Order, v workflow.Verdict) (*Order, error) {
	if v == workflow.LaidDown || o.EscalatedAt != 0 {
		return nil, errLaidDown
	}
	m.o.Logger.Warn("an order needs the operator", "id", o.ID.String(), "step", string(o.Step), "kind", string(o.Kind))
	next := m.to(o, o.Step)
	next.EscalatedAt = m.now()
	return next, errLaidDown
}

// inconsistent is stuck for a command that the ledger has no reason to refuse.
func (m *Mall) inconsistent(o *Order, v workflow.Verdict, result ledger.Result) (*Order, error) {
	if v == workflow.Settled {
		m.o.Logger.Error("the ledger refused what must not be refused", "id", o.ID.String(), "step", string(o.Step),
			"code", string(result.Code), "message", result.Message)
		v = workflow.Expired
	}
	return m.stuck(o, v)
}
