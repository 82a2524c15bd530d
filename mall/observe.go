package mall

import "time"

// Ending is what became of an order or a return, or of the wish for one.
type Ending string

// The endings that are observed.
const (
	EndingFulfilled Ending = "fulfilled"
	EndingCancelled Ending = "cancelled"
	EndingEscalated Ending = "escalated" // it is on the operator's list from now on; it will end later
	EndingSoldOut   Ending = "sold_out"  // there was no order, because less was left
	EndingReturned  Ending = "returned"  // of a return
)

// Endings returns all of them.
func Endings() []Ending {
	return []Ending{EndingFulfilled, EndingCancelled, EndingEscalated, EndingSoldOut, EndingReturned}
}

// Observation is told of what was stored; see [Options].
type Observation struct {
	What   string // order or return
	Kind   Kind   // of the product; empty for a return
	Ending Ending
	Took   time.Duration // since it was asked for; 0 when it never was made
}

// keptOrder tells of an order that has ended or went to the operator's list.
func (m *Mall) keptOrder(before, now *Order) {
	o := Observation{What: "order", Kind: now.Kind, Took: m.since(now.CreatedAt)}
	switch {
	case now.Step == StepDone && now.Status == Fulfilled:
		o.Ending = EndingFulfilled
	case now.Step == StepDone:
		o.Ending = EndingCancelled
	case before.EscalatedAt == 0 && now.EscalatedAt != 0:
		o.Ending = EndingEscalated
	default:
		return
	}
	m.o.Observe(o)
}

// keptReturn is keptOrder for a return.
func (m *Mall) keptReturn(before, now *Return) {
	o := Observation{What: "return", Took: m.since(now.CreatedAt)}
	switch {
	case now.Step == StepDone:
		o.Ending = EndingReturned
	case before.EscalatedAt == 0 && now.EscalatedAt != 0:
		o.Ending = EndingEscalated
	default:
		return
	}
	m.o.Observe(o)
}

// since is how long ago something was asked for, by the alliance's clock.
func (m *Mall) since(at int64) time.Duration {
	return max(time.Duration(m.now()-at)*time.Millisecond, 0)
}
