package desk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Answer accepts or rejects the adjustment that a case waits for, on the ledger
// and under the partner's own company there (msp). By the case's partner. A
// rejection has a reason. What was answered already is answered alike.
func (d *Desk) Answer(ctx context.Context, p Person, msp, id string, version int64, accept bool, reason string) (*Case, error) {
	c, err := d.Case(ctx, p, id)
	switch {
	case err != nil:
		return nil, err
	case p.Company == "":
		return nil, ErrForbidden
	case c.Version != version:
		return nil, ErrChanged
	case c.State != Adjusting:
		return nil, fmt.Errorf("%w: the case is %s, no adjustment waits", ErrState, c.State)
	}
	body, err := answer(c, accept, reason)
	if err != nil {
		return nil, err
	}
	results, err := d.o.Ledger.Submit(ctx, ledger.Identity{MSP: msp, Subject: p.ID}, ledger.Command{ID: answerID(c.Resolution.Adjustment, accept), Body: body})
	if err != nil {
		return nil, fmt.Errorf("desk: answer to the adjustment of case %s: %w", id, err)
	}
	if results[0].Code != ledger.CodeOK {
		return nil, fmt.Errorf("%w: the ledger refuses it: %s: %s", ErrState, results[0].Code, results[0].Message)
	}
	if err := d.Follow(ctx); err != nil {
		return nil, err
	}
	return d.Case(ctx, p, id)
}

func answer(c *Case, accept bool, reason string) (ledger.Body, error) {
	r := c.Resolution
	if accept {
		return &ledger.AcceptAdjustment{Adjustment: r.Adjustment, Partner: c.Partner, Value: r.Value}, nil
	}
	if len(reason) > ledger.ReasonMax {
		return nil, fmt.Errorf("%w: the reason has %d bytes, at most %d, because it goes on the ledger", ErrInvalid, len(reason), ledger.ReasonMax)
	}
	return &ledger.RejectAdjustment{Adjustment: r.Adjustment, Partner: c.Partner, Reason: reason}, checkText("reason", reason, true)
}

// answerID is the same for every attempt at an answer.
func answerID(adjustment ledger.ID, accept bool) ledger.ID {
	sum := sha256.Sum256(fmt.Appendf(nil, "pointgrid/answer-adjustment/%s/%t", adjustment, accept))
	return ledger.NewID(time.UnixMilli(adjustment.Milli()), [10]byte(sum[:10]))
}
