package exchange

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/partners"
)

// draftAll checks the requests and makes the conversions as they are to be
// stored. The ledger is asked about several at a time, for on Fabric that is a
// call to a peer.
func (s *Service) draftAll(ctx context.Context, p Party, all []undertaking) {
	var asking []*undertaking
	for i := range all {
		u := &all[i]
		if !u.entered {
			continue
		}
		if u.row, u.err = s.draft(ctx, p, u.request); u.err == nil && u.row.Step == StepDebit {
			asking = append(asking, u)
		}
	}
	sideBySide(asking, func(u *undertaking) { u.row, u.err = s.examine(ctx, u.row, p, u.request) })
	s.allowAll(ctx, all)
	s.screenAll(ctx, all)
}

// checksMax is how many questions of one call the ledger is asked at a time.
const checksMax = 16

// sideBySide does something with each of all, a few at a time.
func sideBySide[T any](all []*T, do func(*T)) {
	if len(all) == 1 {
		do(all[0])
		return
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(all), checksMax) {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(len(all)); n = next.Add(1) {
				do(all[n-1])
			}
		})
	}
	workers.Wait()
}

// inTurn does work when it is the company's turn, and reports whether it was. The work
// says how much of the seat goes on being used when it returns.
func (s *Service) inTurn(ctx context.Context, p Party, all []undertaking, work func(in *seat) (kept int)) bool {
	in, err := s.turns.enter(ctx, p.Partner, len(all))
	if err != nil {
		for i := range all {
			if all[i].err == nil {
				all[i].err = err
			}
		}
		return false
	}
	kept := 0
	defer func() { in.leave(len(all) - kept) }()
	kept = work(in)
	return true
}

// createAll stores the drafts and begins the work on what is new. It returns how
// many of them have taken a part of the seat with them.
func (s *Service) createAll(ctx context.Context, all []undertaking, in *seat) (seated int) {
	mine, rows := make([]*undertaking, 0, len(all)), make([]*Conversion, 0, len(all))
	for i := range all {
		if u := &all[i]; u.entered && u.err == nil && s.place(u) {
			// Work that waits for a partner's system keeps nobody from his turn.
			if u.row.SourceMode != partners.Callback && u.row.DestinationMode != partners.Callback {
				u.job.places.seat = in
				seated++
			}
			mine, rows = append(mine, u), append(rows, u.row)
		}
	}
	if len(rows) == 0 {
		return seated
	}
	// Not the caller's context: a row must not depend on who hangs up when.
	made, err := s.o.Store.CreateConversions(context.WithoutCancel(ctx), rows)
	jobs := make([]*job[Conversion], 0, len(rows))
	for i, u := range mine {
		if err == nil {
			u.err = made[i].Err
		} else {
			u.err = err
		}
		switch {
		case errors.Is(u.err, ErrQuoteUsed):
			u.err = refuse(CodeQuoteUsed, "the quote was used by another conversion; ask for a new one")
		case u.err == nil && made[i].Existing == nil:
			u.job.row.Store(u.row)
			if s.o.Around != nil {
				u.job.origin = ctx
			}
			jobs = append(jobs, u.job)
			continue
		case u.err == nil:
			s.unscreen(u)
			u.row, u.replayed = made[i].Existing, true
		}
		s.unscreen(u)
		s.conversions.drop(u.job)
		u.job = nil
	}
	s.conversions.together(jobs)
	return seated
}

// place takes places and a job for a draft, or says that there is no room.
func (s *Service) place(u *undertaking) bool {
	var taken places
	if taken, u.err = s.gates.admit(u.row); u.err != nil {
		s.unscreen(u)
		u.allotment.release()
		return false
	}
	taken.allotment, u.allotment = u.allotment, nil
	j, mine := s.conversions.take(u.row.ID)
	if !mine {
		taken.release()
		s.unscreen(u)
		u.err = &Busy{What: "a service that is closing", RetryAfter: busyPause}
		return false
	}
	j.places, u.job = taken, j
	return true
}
