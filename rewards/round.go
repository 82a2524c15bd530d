package rewards

import (
	"context"
	"time"
)

// ask is one thing to do with one event: take it, cancel it, or (with neither)
// finish what was interrupted.
type ask struct {
	id       string
	event    *Event
	cancel   *string // reason
	at       int64   // milliseconds since 1970
	outcome  Outcome
	answered bool
	of       *call
}

// call is what one caller asks together.
type call struct {
	asks []ask
	left int // not answered yet; of the worker alone
	done chan struct{}
}

// put is ask for some events, and tells how they ended.
func (s *Service) put(ctx context.Context, asks []ask) []Outcome {
	began := s.o.Timer()
	outcomes := s.ask(ctx, asks)
	s.tell(outcomes, began)
	return outcomes
}

// ask queues what is not answered already and waits for the rest.
func (s *Service) ask(ctx context.Context, asks []ask) []Outcome {
	c := &call{asks: asks, done: make(chan struct{})}
	for i := range asks {
		asks[i].of = c
		if !asks[i].answered {
			c.left++
		}
	}
	if c.left > 0 {
		if err := s.wait(ctx, c); err != nil {
			outcomes := make([]Outcome, len(asks)) // the worker may still write to the call's
			for i := range outcomes {
				outcomes[i].Err = err
			}
			return outcomes
		}
	}
	outcomes := make([]Outcome, len(asks))
	for i := range asks {
		outcomes[i] = asks[i].outcome
	}
	return outcomes
}

func (s *Service) wait(ctx context.Context, c *call) error {
	n := int64(c.left)
	if s.waiting.Add(n) > int64(s.o.QueueMax) {
		s.waiting.Add(-n)
		return ErrBusy
	}
	select {
	case s.queue <- c:
	case <-s.done:
		return ErrClosed
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		select {
		case <-c.done: // in the last round
			return nil
		default:
			return ErrClosed
		}
	}
}

// answer sets the outcome of an ask.
func (a *ask) answer(o Outcome) {
	a.outcome, a.answered = o, true
	if a.of == nil {
		return
	}
	if a.of.left--; a.of.left == 0 {
		close(a.of.done)
	}
}

// run takes whatever has queued up while the last round was under way into the
// next one.
func (s *Service) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(s.o.RetryEvery)
	defer tick.Stop()
	var held []*ask
	for ctx.Err() == nil {
		if len(held) == 0 {
			select {
			case <-ctx.Done():
				return
			case c := <-s.queue:
				held = s.unanswered(held, c)
			case <-tick.C:
				s.again(ctx)
				continue
			}
		}
		for len(held) < s.o.RoundMax && len(s.queue) > 0 {
			held = s.unanswered(held, <-s.queue)
		}
		held = s.round(ctx, held)
	}
}

func (s *Service) unanswered(asks []*ask, c *call) []*ask {
	n := c.left
	for i := range c.asks {
		if a := &c.asks[i]; !a.answered {
			asks = append(asks, a)
		}
	}
	s.waiting.Add(-int64(n))
	return asks
}

// again asks for outcomes that are not known.
func (s *Service) again(ctx context.Context) {
	if !s.unknown.Swap(false) {
		return
	}
	if err := s.resume(ctx); err != nil && ctx.Err() == nil {
		s.unknown.Store(true)
		s.o.Logger.Error("rewards: outcomes are still unknown", "error", err)
	}
}

// resume finishes what was interrupted. Whatever the ledger does not answer for
// now is asked for again later.
func (s *Service) resume(ctx context.Context) error {
	for after := ""; ; {
		page, err := s.o.Store.UnfinishedRewards(ctx, after, s.o.RoundMax)
		if err != nil || len(page) == 0 {
			return err
		}
		asks := make([]*ask, len(page))
		for i, r := range page {
			asks[i] = &ask{id: r.ID, at: s.o.Now().UnixMilli()}
		}
		s.round(ctx, asks)
		after = page[len(page)-1].ID
	}
}
