package exchange

import (
	"context"
	"time"
)

// ManyMax bounds the requests of one [Service.ConvertMany].
const ManyMax = 1000

// Outcome is what became of one request of many, as [Service.Convert] returns it.
type Outcome struct {
	Conversion *Conversion
	Replayed   bool
	Err        error
}

// ConvertMany is [Service.Convert] for many requests of one party, at most
// [ManyMax]: each stands or falls by itself and has its own outcome, in order.
// They are stored with one write and given to the ledger in one call, in the
// order given, so that many cost little more than one. When a key is there
// twice, the second request gets the first one's outcome, replayed, or
// [ErrKeyReused] if it asks for something else.
func (s *Service) ConvertMany(ctx context.Context, p Party, requests []ConvertRequest, wait time.Duration) []Outcome {
	all := make([]undertaking, len(requests))
	for i := range requests {
		all[i].request = &requests[i]
	}
	s.enterAll(p, all)
	defer s.leaveAll(p, all)
	done := s.inTurn(ctx, p, all, func(in *seat) int {
		s.draftAll(ctx, p, all)
		return s.createAll(ctx, all, in)
	})
	if done { // who was turned away comes again, and to look for what he has would take from who is in
		s.earlier(ctx, p, all)
	}
	return s.outcomes(ctx, all, wait)
}

// undertaking is a request on its way to being a conversion.
type undertaking struct {
	request *ConvertRequest
	entered bool
	twin    *undertaking // the one before that has its key and content
	row     *Conversion  // the draft, or what the store has
	job     *job[Conversion]
	// replayed: the row is one that was made earlier with the request's key.
	replayed  bool
	allotment *allotment // until the job has it
	screened  bool       // the screening has counted it
	elsewhere bool       // another gateway is at the row
	err       error
}

// enterAll checks the keys and notes the requests as inside their wait.
func (s *Service) enterAll(p Party, all []undertaking) {
	var first map[string]*undertaking
	if len(all) > 1 {
		first = make(map[string]*undertaking, len(all))
	}
	for i := range all {
		u := &all[i]
		switch before := first[u.request.Key]; {
		case i >= ManyMax:
			u.err = refuse(CodeInvalid, "more than %d conversions at a time", ManyMax)
		case before != nil && before.request.Hash != u.request.Hash:
			u.err = ErrKeyReused
		case before != nil:
			u.twin = before
		default:
			if first != nil {
				first[u.request.Key] = u
			}
			if u.err = checkIdempotency(u.request.Idempotency); u.err == nil {
				u.err = s.callers.enter(u.caller(p), u.request.Hash)
				u.entered = u.err == nil
			}
		}
	}
}

func (u *undertaking) caller(p Party) caller { return caller{"conversion", p.Client, u.request.Key} }

func (s *Service) leaveAll(p Party, all []undertaking) {
	for i := range all {
		if all[i].entered {
			s.callers.leave(all[i].caller(p))
		}
	}
}

// outcomes waits for the jobs, no longer than wait for all of them.
func (s *Service) outcomes(ctx context.Context, all []undertaking, wait time.Duration) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	out := make([]Outcome, len(all))
	for i := range all {
		u := &all[i]
		switch {
		case u.twin != nil && u.twin.err != nil:
			u.err = u.twin.err
		case u.twin != nil:
			u.row, u.job, u.elsewhere, u.replayed = u.twin.row, u.twin.job, u.twin.elsewhere, true
		}
		if u.err != nil {
			out[i].Err = u.err
			continue
		}
		if u.elsewhere {
			u.row = awaitElsewhere(ctx, s, &s.conversions.craft, u.row.ID, u.row)
		}
		out[i] = Outcome{Conversion: orElse(u.job.await(ctx), u.row), Replayed: u.replayed}
	}
	return out
}
