package exchange

import (
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// scanPage is how many unfinished workflows are read at a time.
const scanPage = 256

// recoverAll takes up, now and from time to time, what is unfinished and in
// nobody's hands: left by an earlier process, or laid down.
func (s *Service) recoverAll() {
	for {
		s.recoverConversions()
		s.recoverReversals()
		if !s.pauseScan() {
			return
		}
	}
}

func (s *Service) recoverConversions() {
	for after := (ledger.ID{}); !s.stopping(); {
		page, err := s.o.Store.UnfinishedConversions(s.shift.Ctx, after, scanPage)
		if err != nil {
			s.o.Logger.Error("unfinished conversions could not be read", "error", err)
		}
		if len(page) == 0 {
			return
		}
		for _, c := range page {
			after = c.ID
			if !s.slots.have(c.ID) || c.Step == StepReview && s.now() < c.Deadline {
				continue // another gateway's, or it waits for people
			}
			revive(s, s.conversions, c.ID, c)
		}
	}
}

func (s *Service) recoverReversals() {
	for after := (ledger.ID{}); !s.stopping(); {
		page, err := s.o.Store.UnfinishedReversals(s.shift.Ctx, after, scanPage)
		if err != nil {
			s.o.Logger.Error("unfinished reversals could not be read", "error", err)
		}
		if len(page) == 0 {
			return
		}
		for _, r := range page {
			if after = r.ID; !s.slots.have(r.ID) {
				continue
			}
			c, err := s.o.Store.Conversion(s.shift.Ctx, r.Conversion)
			if err != nil {
				s.o.Logger.Error("the conversion of an unfinished reversal could not be read", "id", r.ID.String(), "error", err)
				continue
			}
			revive(s, s.reversals, r.ID, c)
		}
	}
}

func (s *Service) stopping() bool {
	select {
	case <-s.shift.Stopping:
		return true
	default:
		return false
	}
}

// revive takes up a workflow that nobody is at. It waits for room in the
// recovery, but not for a partner that has its share of it already: that
// partner's others wait for the next round.
func revive[T any](s *Service, crew *crew[T], id ledger.ID, c *Conversion) {
	if crew.busy(id) {
		return
	}
	taken, ok := s.waitToReadmit(c)
	if !ok {
		return
	}
	j, mine := crew.take(id)
	if !mine {
		taken.release()
		return
	}
	j.places, j.once = taken, true
	if _, err := crew.resume(s.shift.Ctx, j); err != nil {
		s.o.Logger.Error("an unfinished workflow could not be read", "id", id.String(), "error", err)
	}
}

// recoveryPause is how long the scan waits for room at a time.
const recoveryPause = 5 * time.Millisecond

func (s *Service) waitToReadmit(c *Conversion) (places, bool) {
	for {
		taken, full := s.gates.readmit(c)
		switch {
		case full == nil:
			return taken, true
		case full != &s.gates.recovery:
			return places{}, false
		}
		if !workflow.Sleep(s.shift.Ctx, s.shift.Stopping, recoveryPause) {
			return places{}, false
		}
	}
}
