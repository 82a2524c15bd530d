package mall

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Dispatch tells that an order was sent off or carried out; reference is the
// carrier's, for the member. It returns the order as it stands after wait-free work
// has ended, [ErrNotFound], and a [*Refusal] for one that does not wait. Telling it
// twice is telling it once.
func (m *Mall) Dispatch(ctx context.Context, id ledger.ID, reference string) (*Order, error) {
	if err := checkText("reference", reference, reasonMax, false); err != nil {
		return nil, err
	}
	return m.atRest(ctx, id, func(o *Order) (*Order, error) {
		switch {
		case o.Step == StepDispatch:
			return m.toPost(o, reference), nil
		case o.Kind.waits() && (o.Status == Fulfilled || o.Step == StepPost):
			return nil, nil
		}
		return nil, refuse(CodeNotWaiting, "the order does not wait for dispatch; it is %s", o.Status)
	})
}

// Cancel takes an order back that waits for dispatch. It returns the order as it
// stands afterwards, [ErrNotFound], and a [*Refusal] when it is too late. Asking
// twice is asking once.
func (m *Mall) Cancel(ctx context.Context, id ledger.ID) (*Order, error) {
	return m.atRest(ctx, id, func(o *Order) (*Order, error) {
		switch {
		case o.Step == StepDispatch:
			return m.turn(o, &Failure{CodeCancelled, "the member cancelled it"}), nil
		case o.Status == Cancelled || o.Status == Cancelling:
			return nil, nil
		case o.Status == Fulfilled || o.Status == Refunded:
			return nil, refuse(CodeNotCancellable, "the order was fulfilled; what can be given back is returned")
		}
		return nil, refuse(CodeNotCancellable, "the order is being fulfilled")
	})
}

// atRest changes an order in nobody's hands and carries it on from there. A change
// of nil leaves it as it is.
func (m *Mall) atRest(ctx context.Context, id ledger.ID, change func(*Order) (*Order, error)) (*Order, error) {
	j, err := m.hands(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := m.o.Store.MallOrder(ctx, id)
	var next *Order
	if err == nil {
		next, err = change(o)
	}
	if err == nil && next != nil {
		err = m.o.Store.UpdateMallOrder(context.WithoutCancel(ctx), next)
	}
	if err != nil || next == nil {
		m.orders.drop(j)
		return o, err
	}
	m.orders.begin(j, next)
	j.await(ctx)
	return j.row.Load(), nil
}

// hands takes an order into the caller's hands, after those who have it.
func (m *Mall) hands(ctx context.Context, id ledger.ID) (*job[Order], error) {
	for {
		free, err := m.enter()
		if err != nil {
			return nil, err
		}
		j, mine := m.orders.take(id, free)
		if mine {
			return j, nil
		}
		free()
		if j == nil {
			return nil, &Busy{RetryAfter: busyPause}
		}
		j.await(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}
