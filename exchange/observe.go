package exchange

import (
	"context"
	"slices"
	"time"
)

// Work is one step of a workflow, about to be taken.
type Work struct {
	What string // "conversion" or "reversal"
	Step Step   // of the first, when several go together
	// Workflows is how many take the step together.
	Workflows int
}

// around tells the options' observer of a step, with what the request that began
// the workflow carried in its context.
func (c *crew[T]) around(j *job[T], row *T) (context.Context, func(error)) {
	ctx := c.shift.Ctx
	if c.observe == nil {
		return ctx, unobserved
	}
	if j.origin != nil {
		ctx = carried{Context: ctx, origin: j.origin}
	}
	return c.observe(ctx, Work{What: c.craft.what, Step: c.craft.at(row), Workflows: 1})
}

// aroundAll is around for the next steps of many that one request began. Those
// that cannot go together are told of one by one, later.
func (c *crew[T]) aroundAll(jobs []*job[T], rows []*T) (context.Context, func(error)) {
	ctx := c.shift.Ctx
	first := slices.IndexFunc(rows, c.craft.along)
	if c.observe == nil || first < 0 {
		return ctx, unobserved
	}
	if origin := jobs[0].origin; origin != nil {
		ctx = carried{Context: ctx, origin: origin}
	}
	return c.observe(ctx, Work{What: c.craft.what, Step: c.craft.at(rows[first]), Workflows: len(jobs)})
}

func unobserved(error) {}

// carried is a context that ends as one does and carries what another carries.
type carried struct {
	context.Context
	origin context.Context
}

// Value implements context.Context.
func (c carried) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.origin.Value(key)
}

// Observation is one workflow that has ended, or was put on the operator's list.
type Observation struct {
	Kind                string // "in", "out", "cross" or "reversal"
	Source, Destination string // programme codes; a reversal has the source only
	Status              Status // Processing when it was put on the operator's list
	Code                string // of the failure, if there is one
	Took                time.Duration
}

func (s *Service) observeConversion(c *Conversion) {
	s.o.Observe(Observation{Kind: c.kind(), Source: c.Source, Destination: c.Destination, Status: c.Status,
		Code: codeOf(c.Failure), Took: s.since(c.CreatedAt)})
}

func (s *Service) observeReversal(r *Reversal) {
	s.o.Observe(Observation{Kind: "reversal", Source: r.Source, Status: r.Status, Code: codeOf(r.Failure), Took: s.since(r.CreatedAt)})
}

func (s *Service) since(at int64) time.Duration { return time.Duration(s.now()-at) * time.Millisecond }

// UnderWay is how much this process has in its hands.
type UnderWay struct {
	Conversions, Reversals int
}

// UnderWay counts the conversions and reversals that are being worked on, those
// that wait for a partner's word included. What was laid down is not counted.
func (s *Service) UnderWay() UnderWay {
	return UnderWay{Conversions: s.conversions.size(), Reversals: s.reversals.size()}
}

func (c *crew[T]) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.jobs)
}
