package workflow

import (
	"context"
	"errors"
	"log/slog"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what a workflow needs to book.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
}

// Book gives a command to the ledger until there is a result. The same command
// again is the same to the ledger, so whatever went wrong it is found or given
// again. With the verdict [Settled] the result is a success or a refusal.
func Book(ctx context.Context, l Ledger, caller ledger.Identity, command ledger.Command, p *Patience, log *slog.Logger) (ledger.Result, Verdict) {
	for {
		results, err := l.Submit(ctx, caller, command)
		if err == nil && results[0].Code != ledger.CodeIDConflict {
			return results[0], Settled
		}
		if v := again(ctx, command, p, err, log); v != Settled {
			return ledger.Result{}, v
		}
		if errors.Is(err, ledger.ErrOutcomeUnknown) {
			if entry, ok := Find(ctx, l, command); ok {
				return ledger.Result{Code: ledger.CodeOK, Replayed: true, Entry: entry}, Settled
			}
		}
	}
}

// again says whether to try a command again.
func again(ctx context.Context, command ledger.Command, p *Patience, err error, log *slog.Logger) Verdict {
	if err == nil {
		// Nobody else has our IDs: somebody must look at this.
		log.Error("the ledger has another command under an ID of ours", "id", command.ID.String(), "kind", command.Body.Kind().String())
		return Expired
	}
	if errors.Is(err, ledger.ErrClosed) {
		return LaidDown
	}
	if !errors.Is(err, ledger.ErrBusy) {
		log.Warn("the ledger did not answer", "id", command.ID.String(), "kind", command.Body.Kind().String(), "error", err)
	}
	return p.Wait(ctx, 0)
}

// Find returns what the ledger has of a command, if it is this one.
func Find(ctx context.Context, l Ledger, command ledger.Command) (ledger.Entry, bool) {
	entry, err := l.Find(ctx, command.ID)
	return entry, err == nil && entry.Transfer.Digest == command.Digest()
}
