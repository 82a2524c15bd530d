package rewards

import (
	"context"
	"errors"
	"time"
)

// Ending is how what was asked about an event ended: a final [State], or one of
// those below.
type Ending string

// Endings without a final state.
const (
	EndingPending  Ending = "pending"  // the ledger has not said yet
	EndingReplayed Ending = "replayed" // the same was asked before
	EndingRefused  Ending = "refused"  // a [Refusal], or [ErrConflict]
	EndingBusy     Ending = "busy"     // [ErrBusy] or [ErrClosed]
	EndingLeft     Ending = "left"     // the caller did not wait for the answer
	EndingFailed   Ending = "failed"   // our failure
)

// Endings returns all of them.
func Endings() []Ending {
	return []Ending{Ending(Issued), Ending(Nothing), Ending(RejectedByHouse), Ending(Cancelled),
		EndingPending, EndingReplayed, EndingRefused, EndingBusy, EndingLeft, EndingFailed}
}

func (o *Outcome) ending() Ending {
	var refusal *Refusal
	switch {
	case o.Err == nil && o.Replayed:
		return EndingReplayed
	case o.Err == nil:
		return Ending(o.Record.State)
	case errors.Is(o.Err, ErrPending):
		return EndingPending
	case errors.As(o.Err, &refusal), errors.Is(o.Err, ErrConflict):
		return EndingRefused
	case errors.Is(o.Err, ErrBusy), errors.Is(o.Err, ErrClosed):
		return EndingBusy
	case errors.Is(o.Err, context.Canceled), errors.Is(o.Err, context.DeadlineExceeded):
		return EndingLeft
	}
	return EndingFailed
}

// tell tells the observer how the events of a call ended.
func (s *Service) tell(outcomes []Outcome, began time.Time) {
	ended := map[Ending]int{}
	for i := range outcomes {
		ended[outcomes[i].ending()]++
	}
	took := s.o.Timer().Sub(began)
	for e, n := range ended {
		s.o.Answered(e, n, took)
	}
}

// Round is one round that has ended.
type Round struct {
	Events int
	Took   time.Duration
	// Issued is the points that were issued, Filled the part of them that filled debts,
	// Taken what was taken back, and Debt what could not be because it was spent.
	Issued, Filled, Taken, Debt int64
}

// add counts a record that the ledger has answered for.
func (r *Round) add(rec *Record) {
	switch rec.State {
	case Issued:
		r.Issued += rec.Points
		r.Filled += rec.Filled
	case Cancelled:
		r.Taken += rec.Taken
		r.Debt += rec.Debt
	}
}

// Waiting returns how many events wait for a round.
func (s *Service) Waiting() int64 { return s.waiting.Load() }

// Unfinished returns events for which the ledger has not answered yet, at most so
// many, those in the round under way included.
func (s *Service) Unfinished(ctx context.Context, limit int) ([]*Record, error) {
	return s.o.Store.UnfinishedRewards(ctx, "", limit)
}

// Asked is when what is unfinished was asked for: that the points be issued, or
// taken back. Milliseconds since 1970.
func (r *Record) Asked() int64 {
	if r.State == Cancelling {
		return r.CancelledAt
	}
	return r.ReceivedAt
}
