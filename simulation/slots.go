package simulation

import "time"

// slots are the leases of the gateways in the database, by its clock, which is the only
// one that counts for them. A slot is never given twice.
type slots struct {
	w      *world
	all    []slot
	leader int    // slot that leads, and owns the lane
	epoch  uint64 // counts the leaders
}

// slot is what the database knows of one process.
type slot struct {
	token uint64
	until time.Duration
	// dead: the token was raised, and the ledger refuses the old one.
	fenced, dead bool
}

// leaseFor is how long a lease lasts, renewEvery how often it is renewed.
const (
	leaseFor   = 3 * time.Second
	renewEvery = time.Second
)

func newSlots(w *world) *slots { return &slots{w: w, leader: -1} }

func (s *slots) join(p *process) {
	p.slot, p.token = len(s.all), 1
	s.all = append(s.all, slot{token: 1, until: s.w.elapsed() + leaseFor})
}

// stale reports whether the process may write nothing any more.
func (s *slots) stale(p *process) bool {
	return s.w.o.plant != LeaseWithoutFence && s.all[p.slot].token > p.token
}

// orphans are the slots whose unfinished work is the leader's to carry on.
func (s *slots) orphans() (all []uint8) {
	for i := range s.all {
		if s.all[i].dead {
			all = append(all, uint8(i))
		}
	}
	return all
}

// renew makes a lease last longer; it reports false when it was lost.
func (s *slots) renew(p *process) bool {
	if s.all[p.slot].token > p.token {
		return s.w.o.plant == LeaseWithoutFence
	}
	s.all[p.slot].until = s.w.elapsed() + leaseFor
	return true
}

// lead reports whether the process leads, and takes the lead when nobody does.
func (s *slots) lead(p *process) bool {
	if s.all[p.slot].token > p.token {
		return false
	}
	if s.leader < 0 || s.all[s.leader].until < s.w.elapsed() {
		s.w.note("slot %d leads", p.slot)
		s.leader, s.epoch = p.slot, s.epoch+1
	}
	return s.leader == p.slot
}

// fence raises the token of every slot whose lease ran out, and returns those of which
// the ledger has to hear.
func (s *slots) fence() (all []int) {
	for i := range s.all {
		at := &s.all[i]
		if !at.fenced && at.until < s.w.elapsed() {
			at.token, at.fenced = at.token+1, true
			s.w.note("slot %d is fenced", i)
		}
		if at.fenced && !at.dead {
			all = append(all, i)
		}
	}
	return all
}
