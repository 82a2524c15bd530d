package exchange

import "time"

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
