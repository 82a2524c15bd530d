package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// undoing is a debit or credit, or a part of one, that is to be taken back at a
// partner.
type undoing struct {
	host     connector.Host
	partner  string
	original connector.ID
	// owner and first name the attempts: the workflow's ID and the number of the
	// first one. A declined reversal stays declined, so a new attempt has a new
	// number, up to last.
	owner       ledger.ID
	first, last int
	amount      int64 // of this undoing
	total       int64 // reversed at the partner when it has come about
	occurredAt  int64
}

// undone is how an undoing ended. With the verdict settled it has come about, or
// is refused: what was to be taken back stands.
type undone struct {
	verdict   workflow.Verdict
	refused   bool
	reference string // of the reversal, or of the transfer that stands
	failure   *Failure
}

// undo takes back. The partner answers a repeat as it answered the first time,
// and a transfer that it never saw it will not execute any more, so there is
// nothing to ask but the same again.
func (s *Service) undo(ctx context.Context, u undoing, p *workflow.Patience) undone {
	for {
		r, err := u.attempt(ctx)
		if err == nil {
			return r
		}
		if v := p.Wait(ctx, asked(err)); v != workflow.Settled {
			return undone{verdict: v}
		}
	}
}

// undoOrNot is undo for the first time, for what need not be taken back: when it
// certainly has not reached the partner it is refused.
func (s *Service) undoOrNot(ctx context.Context, u undoing, p *workflow.Patience) undone {
	for try := 1; ; try++ {
		r, err := u.attempt(ctx)
		switch {
		case err == nil:
			return r
		case ctx.Err() != nil:
			return undone{verdict: workflow.LaidDown}
		case connector.Unknown(err):
			if v := p.Wait(ctx, 0); v != workflow.Settled {
				return undone{verdict: v}
			}
			return s.undo(ctx, u, p)
		case errors.Is(err, connector.ErrRefused):
			return undone{refused: true, failure: nothing(u.partner, CodePartnerRefused, err)}
		}
		v := workflow.Expired
		if try < sendTries && connector.RetryAfter(err) <= sendPauseMax {
			v = p.Wait(ctx, asked(err))
		}
		switch v {
		case workflow.Expired:
			return undone{refused: true, failure: nothing(u.partner, CodePartnerDown, err)}
		case workflow.LaidDown:
			return undone{verdict: workflow.LaidDown}
		}
	}
}

func (u *undoing) attempt(ctx context.Context) (undone, error) {
	for n := u.first; ; n++ {
		answer, err := u.host.Reverse(ctx, connector.Reversal{ID: connector.ID(u.owner.Step(n)), TransferID: u.original,
			Amount: u.amount, OccurredAt: time.UnixMilli(u.occurredAt)})
		switch {
		case err != nil:
			return undone{}, err
		case answer.Outcome == connector.Done:
			return undone{reference: answer.Reference}, nil
		case n < u.last:
			continue
		}
		return u.declined(ctx, answer)
	}
}

// declined finds out what a decline means: the points may be back already, by
// some other way.
func (u *undoing) declined(ctx context.Context, answer connector.Answer) (undone, error) {
	status, err := u.host.Status(ctx, u.original)
	if err != nil {
		// Of the status only: the class of the error says nothing of the reversal.
		return undone{}, fmt.Errorf("exchange: status after a decline: %v", err)
	}
	if status.Outcome == connector.NeverSeen {
		// It was to leave a tombstone, and left none: the transfer may still be on its way.
		return undone{}, fmt.Errorf("exchange: partner %s declines to cancel a transfer that it has not seen", u.partner)
	}
	if status.Outcome != connector.Done || status.ReversedAmount >= u.total {
		return undone{reference: status.Reference}, nil
	}
	return undone{refused: true, reference: status.Reference, failure: declined(u.partner, answer)}, nil
}

// attemptOf is the number of attempts, from 0, that are due a while after the
// first: after one deadline a second, after two a third, after four a fourth.
// It is computed rather than counted, so that a crash forgets none.
func attemptOf(since, now int64, deadline time.Duration) int {
	if now <= since {
		return 0
	}
	return bits.Len64(uint64((now - since) / max(deadline.Milliseconds(), 1)))
}
