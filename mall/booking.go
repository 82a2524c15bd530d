package mall

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// book gives a command to the ledger; see [workflow.Book].
func (m *Mall) book(ctx context.Context, command ledger.Command, p *workflow.Patience) (ledger.Result, workflow.Verdict) {
	return workflow.Book(ctx, m.o.Ledger, m.o.Identity, command, p, m.o.Logger)
}

// errand is a piece of work of a system outside.
type errand struct {
	do func(context.Context) (Answer, error)
	// ask asks what became of it; nil when to do it again is to ask.
	ask func(context.Context) (Answer, error)
}

// run has an errand done. Begun says that it may have been before. With the verdict
// settled the answer is Done or Declined.
func (m *Mall) run(ctx context.Context, e errand, p *workflow.Patience, begun bool) (Answer, workflow.Verdict) {
	if e.ask == nil {
		e.ask, begun = e.do, false
	}
	next := e.do
	if begun {
		next = e.ask
	}
	for {
		answer, err := next(ctx)
		switch {
		case ctx.Err() != nil:
			return Answer{}, workflow.LaidDown
		case err == nil && (answer.Outcome == Done || answer.Outcome == Declined):
			return answer, workflow.Settled
		case err == nil && answer.Outcome == NeverSeen && !p.Over():
			next = e.do
			if v := m.breathe(ctx, p); v != workflow.Settled {
				return Answer{}, v
			}
			continue
		case err != nil:
			m.o.Logger.Warn("a system outside did not answer", "error", err)
		}
		if v := p.Wait(ctx, 0); v != workflow.Settled {
			return Answer{}, v
		}
		next = e.ask
		if errors.Is(err, ErrNotSent) {
			next = e.do
		}
	}
}

// breathe pauses before an errand is done again; work that must not wait goes on
// at once, because the question has cost its turn already.
func (m *Mall) breathe(ctx context.Context, p *workflow.Patience) workflow.Verdict {
	if p.Once {
		return workflow.Settled
	}
	return p.Wait(ctx, 0)
}
