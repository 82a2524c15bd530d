package carry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Adopter is a ledger with a history that can be adopted.
type Adopter interface {
	Adopt(ctx context.Context, by ledger.Identity, hash ledger.Hash) (ledger.HistoryResult, error)
}

// patience is how long a busy network is asked again; pause the time between.
const (
	patience = 20 * time.Second
	pause    = 200 * time.Millisecond
)

// Adopt has a company adopt a history. Given again it does no harm, so it is
// while the network is busy or does not say what became of it.
func Adopt(ctx context.Context, l Adopter, by ledger.Identity, hash ledger.Hash) (ledger.History, error) {
	late := time.After(patience)
	for {
		r, err := l.Adopt(ctx, by, hash)
		switch {
		case err == nil && r.Code != ledger.CodeOK:
			return r.History, fmt.Errorf("carry: the ledger refused: %s (%s)", r.Message, r.Code)
		case err == nil, !passing(err):
			return r.History, err
		}
		select {
		case <-ctx.Done():
			return r.History, errors.Join(ctx.Err(), err)
		case <-late:
			return r.History, err
		case <-time.After(pause):
		}
	}
}
