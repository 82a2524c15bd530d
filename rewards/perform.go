package rewards

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// perform asks the ledger for all that is to be done, and stores what it said with
// what that changes in the members' standings.
func (r *round) perform() {
	commands := make([]ledger.Command, len(r.work))
	for i, rec := range r.work {
		commands[i] = rec.command()
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.o.LedgerPatience)
	defer cancel()
	results, err := r.o.Ledger.Submit(ctx, r.o.Identity, commands...)
	if err == nil {
		err = r.settle(results)
	}
	if err != nil { // the intentions stand, and the same commands will be given again
		r.unknown.Store(true)
		r.o.Logger.Error("rewards: the outcome of events is not known and will be asked for again", "events", len(r.work), "error", err)
	}
}

// settle stores the results. Records are changed only once that is done.
func (r *round) settle(results []ledger.Result) error {
	ended := make([]*Record, len(r.work))
	moved := map[string]*Standing{}
	at := r.o.Now().UnixMilli()
	for i, rec := range r.work {
		own := *rec
		own.ended(&results[i])
		ended[i] = &own
		r.count(moved, rec.State, &own, at)
	}
	standings := make([]*Standing, 0, len(moved))
	for _, s := range moved {
		standings = append(standings, s)
	}
	if err := r.o.Store.SettleRewards(r.ctx, ended, standings); err != nil {
		return err
	}
	for i, rec := range ended {
		*r.work[i] = *rec
		r.sums.add(rec)
	}
	for member, s := range moved {
		*r.standings[member] = *s
	}
	return nil
}

// count adds what an event was issued, or subtracts what was taken back, to what
// the member has earned within twelve months. Tiers rise at once.
func (r *round) count(moved map[string]*Standing, before State, rec *Record, at int64) {
	points := int64(0)
	switch {
	case before == Issuing && rec.State == Issued:
		points = rec.Points
	case before == Cancelling && rec.State == Cancelled:
		points = -rec.Points
	}
	was := r.standings[rec.Member]
	if points == 0 || was == nil || rec.Day < twelveMonths(was.AsOf) {
		return
	}
	s := moved[rec.Member]
	if s == nil {
		own := *was
		s = &own
		moved[rec.Member] = s
	}
	s.Earned += points
	tier := s.Tier
	if r.o.Ladder.rise(s, r.today); s.Tier != tier {
		s.Changed = &TierChange{Account: rec.Account, At: at, Was: tier}
	}
}

// finish answers an ask about whose event the ledger was asked, or which needed
// none of it.
func (r *round) finish(a *ask) {
	rec := r.records[a.id]
	switch {
	case rec.State.Unfinished():
		a.answer(Outcome{Record: rec, Err: ErrPending})
	case a.cancel != nil && rec.CancelledAt == 0: // it was issued only now
		r.held = append(r.held, a)
	default:
		a.answer(Outcome{Record: rec})
	}
}

// Temporary reports whether what was asked for may be granted when it is asked
// again later.
func Temporary(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrClosed) || errors.Is(err, ErrPending) ||
		errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrOutcomeUnknown)
}
