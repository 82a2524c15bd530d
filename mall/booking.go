package mall

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// book gives a command to the ledger until there is a result. The same command
// again is the same to the ledger, so whatever went wrong it is found or given
// again. With the verdict settled the result is a success or a refusal.
func (m *Mall) book(ctx context.Context, command ledger.Command, p *patience) (ledger.Result, verdict) {
	for {
		results, err := m.o.Ledger.Submit(ctx, m.o.Identity, command)
		if err == nil && results[0].Code != ledger.CodeIDConflict {
			return results[0], settled
		}
		if v := m.unsettled(ctx, command, p, err); v != settled {
			return ledger.Result{}, v
		}
		if errors.Is(err, ledger.ErrOutcomeUnknown) {
			entry, err := m.o.Ledger.Find(ctx, command.ID)
			if err == nil && entry.Transfer.Digest == command.Digest() {
				return ledger.Result{Code: ledger.CodeOK, Replayed: true, Entry: entry}, settled
			}
		}
	}
}

// unsettled says whether to try a command again.
func (m *Mall) unsettled(ctx context.Context, command ledger.Command, p *patience, err error) verdict {
	if err == nil {
		// Nobody else has our IDs: somebody must look at this.
		m.o.Logger.Error("the ledger has another command under an ID of ours", "id", command.ID.String(), "kind", command.Body.Kind().String())
		return expired
	}
	if errors.Is(err, ledger.ErrClosed) {
		return laidDown
	}
	if !errors.Is(err, ledger.ErrBusy) {
		m.o.Logger.Warn("the ledger did not answer", "id", command.ID.String(), "kind", command.Body.Kind().String(), "error", err)
	}
	return p.wait(ctx)
}

// errand is a piece of work of a system outside.
type errand struct {
	do func(context.Context) (Answer, error)
	// ask asks what became of it; nil when to do it again is to ask.
	ask func(context.Context) (Answer, error)
}

// run has an errand done. Begun says that it may have been before. With the verdict
// settled the answer is Done or Declined.
func (m *Mall) run(ctx context.Context, e errand, p *patience, begun bool) (Answer, verdict) {
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
			return Answer{}, laidDown
		case err == nil && (answer.Outcome == Done || answer.Outcome == Declined):
			return answer, settled
		case err == nil && answer.Outcome == NeverSeen && !p.over():
			next = e.do
			if v := m.breathe(ctx, p); v != settled {
				return Answer{}, v
			}
			continue
		case err != nil:
			m.o.Logger.Warn("a system outside did not answer", "error", err)
		}
		if v := p.wait(ctx); v != settled {
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
func (m *Mall) breathe(ctx context.Context, p *patience) verdict {
	if p.once {
		return settled
	}
	return p.wait(ctx)
}
