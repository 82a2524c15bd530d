package exchange

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// book gives a command to the ledger until there is a result. The same command
// again is the same to the ledger, so whatever went wrong it is found or given
// again. With the verdict settled the result is a success or a refusal.
func (s *Service) book(ctx context.Context, command ledger.Command, p *patience) (ledger.Result, verdict) {
	for {
		results, err := s.o.Ledger.Submit(ctx, s.o.Identity, command)
		if err == nil && results[0].Code != ledger.CodeIDConflict {
			return results[0], settled
		}
		if v := s.unsettled(ctx, command, p, err); v != settled {
			return ledger.Result{}, v
		}
		if errors.Is(err, ledger.ErrOutcomeUnknown) {
			if entry, ok := s.find(ctx, command); ok {
				return ledger.Result{Code: ledger.CodeOK, Replayed: true, Entry: entry}, settled
			}
		}
	}
}

// unsettled says whether to try a command again.
func (s *Service) unsettled(ctx context.Context, command ledger.Command, p *patience, err error) verdict {
	if err == nil {
		// Nobody else has our IDs: somebody must look at this.
		s.o.Logger.Error("the ledger has another command under an ID of ours", "id", command.ID.String(), "kind", command.Body.Kind().String())
		return expired
	}
	if errors.Is(err, ledger.ErrClosed) {
		return laidDown
	}
	if !errors.Is(err, ledger.ErrBusy) {
		s.o.Logger.Warn("the ledger did not answer", "id", command.ID.String(), "kind", command.Body.Kind().String(), "error", err)
	}
	return p.wait(ctx, 0)
}

func (s *Service) find(ctx context.Context, command ledger.Command) (ledger.Entry, bool) {
	entry, err := s.o.Ledger.Find(ctx, command.ID)
	return entry, err == nil && entry.Transfer.Digest == command.Digest()
}
