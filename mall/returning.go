package mall

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// ReturnRequest asks to give part of an order back.
type ReturnRequest struct {
	Idempotency
	Client   string
	Order    ledger.ID
	Quantity int64
	Reason   string
	Restock  bool // what came back can be sold again
}

// GiveBack makes a return and waits until it has ended, or for as long as wait. It
// returns a [*Refusal], [ErrReturnUnderWay], [ErrNotFound], [ErrKeyReused] or a
// [*Busy] when nothing was done. The member gets the same lots back, those that
// were taken last first, and the cash of what is returned.
func (m *Mall) GiveBack(ctx context.Context, r ReturnRequest, wait time.Duration) (back *Return, replayed bool, err error) {
	o, err := m.o.Store.MallOrder(ctx, r.Order)
	if err != nil {
		return nil, false, err
	}
	if earlier, ok, err := m.earlierReturn(ctx, &r); ok || err != nil {
		return earlier, ok, err
	}
	if err := returnable(o, &r); err != nil {
		return nil, false, err
	}
	id, err := m.newID()
	if err != nil {
		return nil, false, err
	}
	now := m.now()
	back = &Return{ID: id, Order: o.ID, Client: r.Client, Request: r.Idempotency, Quantity: r.Quantity, Before: o.Returned,
		Points: o.Points * r.Quantity, Fen: o.Fen * r.Quantity, Restock: r.Restock && o.Stock == Consumed, Reason: r.Reason,
		Step: StepReverse, CreatedAt: now, Deadline: now + m.o.Deadline.Milliseconds(), Revision: 1}
	return m.createReturn(ctx, &r, back, wait)
}

func returnable(o *Order, r *ReturnRequest) error {
	if r.Key == "" || r.Client == "" {
		return invalid("a return needs a client and an idempotency key")
	}
	if err := checkText("reason", r.Reason, reasonMax, false); err != nil {
		return err
	}
	switch {
	case members.Erased(o.Member):
		return refuse(CodeMemberErased, "the member of the order was erased, and there is nobody to give anything back to")
	case !o.Kind.waits():
		return refuse(CodeNotReturnable, "only goods and services can be returned, not a %s", o.Kind)
	case o.Status != Fulfilled:
		return refuse(CodeNotReturnable, "the order is %s; only what was fulfilled can be returned", o.Status)
	case r.Quantity < 1 || r.Quantity > o.Quantity-o.Returned:
		return refuse(CodeQuantity, "%d of %d can still be returned", o.Quantity-o.Returned, o.Quantity)
	}
	return nil
}

func (m *Mall) earlierReturn(ctx context.Context, r *ReturnRequest) (*Return, bool, error) {
	all, err := m.o.Store.Returns(ctx, r.Order)
	if err != nil {
		return nil, false, err
	}
	for _, x := range all {
		if x.Client == r.Client && x.Request.Key == r.Key {
			if x.Request.Hash != r.Hash {
				return nil, false, ErrKeyReused
			}
			return x, true, nil
		}
	}
	return nil, false, nil
}

func (m *Mall) createReturn(ctx context.Context, r *ReturnRequest, back *Return, wait time.Duration) (*Return, bool, error) {
	free, err := m.enter()
	if err != nil {
		return nil, false, err
	}
	j, mine := m.returns.take(back.ID, free)
	if !mine {
		free()
		return nil, false, &Busy{RetryAfter: busyPause}
	}
	existing, err := m.o.Store.CreateReturn(context.WithoutCancel(ctx), back)
	if err != nil || existing != nil {
		m.returns.drop(j)
		if err == nil && (existing.Request.Hash != r.Hash || existing.Order != r.Order) {
			err = ErrKeyReused
		}
		return existing, err == nil, err
	}
	m.returns.begin(j, back)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	j.await(ctx)
	return j.row.Load(), false, nil
}

// stepReturn is as stepOrder, for returns.
func (m *Mall) stepReturn(ctx context.Context, j *job[Return], r *Return) (*Return, error) {
	p := m.patience(j.once, r.Deadline)
	o, err := m.o.Store.MallOrder(ctx, r.Order)
	if err != nil {
		return nil, err
	}
	switch r.Step {
	case StepReverse:
		result, v := m.book(ctx, r.reverse(o.Account), p)
		if v == workflow.Settled && result.Code != ledger.CodeOK {
			m.o.Logger.Error("the ledger refused a return", "id", r.ID.String(), "code", string(result.Code), "message", result.Message)
			v = workflow.Expired
		}
		if v != workflow.Settled {
			return m.stuckReturn(r, v)
		}
		if r.Fen > 0 {
			return nextReturn(r, StepRepay), nil
		}
		return m.endReturn(r), nil
	case StepRepay:
		return m.stepRepay(ctx, r, p)
	}
	return nil, fmt.Errorf("mall: a return has no step %q", r.Step)
}

func (m *Mall) stepRepay(ctx context.Context, r *Return, p *workflow.Patience) (*Return, error) {
	if m.o.Payments == nil {
		return nil, errors.New("mall: there is no payment provider")
	}
	answer, v := m.run(ctx, errand{do: func(ctx context.Context) (Answer, error) {
		return m.o.Payments.Repay(ctx, Repayment{ID: r.ID, Order: r.Order, Fen: r.Fen})
	}}, p, true)
	if v == workflow.Settled && answer.Outcome == Declined {
		v = workflow.Expired
	}
	if v != workflow.Settled {
		return m.stuckReturn(r, v)
	}
	return m.endReturn(r), nil
}

func nextReturn(r *Return, step Step) *Return {
	next := *r
	next.Step, next.Revision = step, r.Revision+1
	return &next
}

func (m *Mall) endReturn(r *Return) *Return {
	next := nextReturn(r, StepDone)
	next.Completed, next.FinishedAt, next.EscalatedAt = true, m.now(), 0
	return next
}

func (m *Mall) stuckReturn(r *Return, v workflow.Verdict) (*Return, error) {
	if v == workflow.LaidDown || r.EscalatedAt != 0 {
		return nil, errLaidDown
	}
	m.o.Logger.Warn("a return needs the operator", "id", r.ID.String(), "step", string(r.Step))
	next := nextReturn(r, r.Step)
	next.EscalatedAt = m.now()
	return next, errLaidDown
}
