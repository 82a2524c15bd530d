package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// together starts the work on jobs whose rows are in the store as they are here.
// Those that can take their next steps in one stride do so, with one call to the
// ledger and one write for all; the others, and whoever falls behind, go on in a
// goroutine of their own. Nobody waits for those.
func (c *crew[T]) together(jobs []*job[T]) {
	if len(jobs) > 0 {
		go c.march(jobs)
	}
}

func (c *crew[T]) march(jobs []*job[T]) {
	for len(jobs) > 0 {
		rows := make([]*T, len(jobs))
		for i, j := range jobs {
			rows[i] = j.row.Load()
		}
		ctx, end := c.aroundAll(jobs, rows)
		along, next := c.split(jobs, c.craft.stride(ctx, rows))
		jobs = c.keepAll(ctx, along, next)
		end(nil)
	}
}

// split sends off those that did not come along, and returns the others with
// their rows as they now are.
func (c *crew[T]) split(jobs []*job[T], next []*T) ([]*job[T], []*T) {
	along, rows := jobs[:0], next[:0]
	for i, j := range jobs {
		if next[i] == nil {
			go c.work(j, j.row.Load())
			continue
		}
		along, rows = append(along, j), append(rows, next[i])
	}
	return along, rows
}

// keepAll stores rows and makes them the jobs'. It returns those that have not
// ended. When the store refuses them together, each is stored by itself.
func (c *crew[T]) keepAll(ctx context.Context, jobs []*job[T], next []*T) []*job[T] {
	if len(jobs) == 0 {
		return nil
	}
	if err := c.craft.saveAll(ctx, next); err != nil {
		c.log.Error("steps could not be stored together", "what", c.craft.what, "count", len(next), "error", err)
		for i, j := range jobs {
			go c.catchUp(j, next[i])
		}
		return nil
	}
	rest := jobs[:0]
	for i, j := range jobs {
		c.kept(j, next[i])
		if c.craft.done(next[i]) {
			c.drop(j)
		} else {
			rest = append(rest, j)
		}
	}
	return rest
}

// catchUp stores a row by itself and carries the workflow on.
func (c *crew[T]) catchUp(j *job[T], next *T) {
	defer c.drop(j)
	if c.keep(c.shift.Ctx, j, next) {
		c.carry(j, next)
	}
}

// strideConversions does those steps that are one command each, all with one
// call to the ledger. What does not come back as a plain answer is left to the
// workflow itself: the same command again is the same to the ledger.
func (s *Service) strideConversions(ctx context.Context, rows []*Conversion) []*Conversion {
	next := make([]*Conversion, len(rows))
	commands, whose := make([]ledger.Command, 0, len(rows)), make([]int, 0, len(rows))
	for i, c := range rows {
		if command, ok := c.command(); ok {
			commands, whose = append(commands, command), append(whose, i)
		}
	}
	if len(commands) == 0 {
		return next
	}
	results, err := s.o.Ledger.Submit(ctx, s.o.Identity, commands...)
	if err != nil {
		return next
	}
	for n, i := range whose {
		next[i] = s.answered(ctx, rows[i], results[n])
	}
	return next
}

// command is what a conversion's step gives to the ledger, if that is all it does.
func (c *Conversion) command() (ledger.Command, bool) {
	switch c.Step {
	case StepLedger:
		return c.record(), true
	case StepHold:
		return c.hold(), true
	}
	return ledger.Command{}, false
}

// answered is the conversion after the ledger's answer to its command, or nil
// when it needs more than that.
func (s *Service) answered(ctx context.Context, c *Conversion, result ledger.Result) *Conversion {
	switch {
	case result.Code == ledger.CodeIDConflict:
		return nil
	case c.Step == StepHold:
		return s.setAside(ctx, c, result)
	}
	return s.recorded(ctx, c, result)
}
