package backsim

import (
	"context"
	"errors"
	"slices"

	"github.com/pointgrid/pointgrid/mall"
)

// Trouble is a kind of fault.
type Trouble string

const (
	// Hang: nothing is done and nothing said until the caller gives up.
	Hang Trouble = "hang"
	// LoseAnswer: it is done and nobody hears of it.
	LoseAnswer Trouble = "lose_answer"
	// LoseCall: it is not done and nobody knows that.
	LoseCall Trouble = "lose_call"
	Decline  Trouble = "decline"
	Pending  Trouble = "pending"
)

// Fault makes calls of a verb go wrong.
type Fault struct {
	Verb  string  `json:"verb"`
	Kind  Trouble `json:"kind"`
	Count int     `json:"count"` // for so many calls; 0 is for ever
}

// verbs are those that faults can be about.
var verbs = []string{"owns", "apply", "status", "withdraw", "authorise", "capture", "repay", "payment_status"}

func (f *Fault) valid() bool {
	return slices.Contains(verbs, f.Verb) && f.Count >= 0 &&
		slices.Contains([]Trouble{Hang, LoseAnswer, LoseCall, Decline, Pending}, f.Kind)
}

func (f *Fault) is(kind Trouble) bool { return f != nil && f.Kind == kind }

// errLost is what a caller sees of a call or an answer that got lost.
var errLost = errors.New("backsim: the connection was lost")

// Break adds a fault. It reports whether the fault is one.
func (s *System) Break(f Fault) bool {
	if !f.valid() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return true
}

// Mend ends all faults.
func (s *System) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the fault of a call, if there is one. The caller has the lock.
func (s *System) fault(verb string) *Fault {
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.Verb == verb })
	if i < 0 {
		return nil
	}
	f := s.faults[i]
	switch s.faults[i].Count--; {
	case f.Count == 0:
		s.faults[i].Count = 0
	case f.Count == 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	return &f
}

// serve does the work of a call, or what a fault makes of it.
func (s *System) serve(ctx context.Context, verb string, work func(*Fault) (mall.Answer, error)) (mall.Answer, error) {
	s.mu.Lock()
	f := s.fault(verb)
	if f.is(Hang) {
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-s.hanging:
		}
		return mall.Answer{}, errLost
	}
	defer s.mu.Unlock()
	if f.is(LoseCall) {
		return mall.Answer{}, errLost
	}
	answer, err := work(f)
	if f.is(LoseAnswer) {
		return mall.Answer{}, errLost
	}
	return answer, err
}
