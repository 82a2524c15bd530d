package signing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Ledger is what signing needs of the ledger.
type Ledger interface {
	settlement.Submitter
	Partners(ctx context.Context) ([]ledger.Partner, error)
	Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error)
}

// Store keeps settlements.
type Store interface {
	settlement.Store
	// Unsettled returns the settlements that are not settled, oldest window first and
	// then by partner, at most limit.
	Unsettled(ctx context.Context, limit int) ([]*settlement.Settlement, error)
}

// Reconciler puts a window's breaks on the ledger as they stand.
type Reconciler interface {
	Conclude(ctx context.Context, settlementID string) (ledger.SettlementBreaks, error)
}

// Desk says what keeps a window from being signed; [desk.Desk] is one.
type Desk interface {
	Blocking(ctx context.Context, partner string, window ledger.Date) (int64, error)
}

// Options are the parts of a [Service]; all are needed.
type Options struct {
	Ledger     Ledger
	Store      Store
	Reconciler Reconciler
	Desk       Desk
	// MSP is the utility's company on the ledger, and Subject as whom the machine
	// itself settles what has nothing to pay.
	MSP, Subject string
	Now          func() time.Time // the alliance's clock
	Logger       *slog.Logger
}

// Service takes the steps. It may be used by many goroutines.
type Service struct {
	o  Options
	mu sync.Mutex // guards turns
	// turns lets one step at a time be taken with each partner, so that an older
	// state is not stored over a newer one, and a partner that does not answer keeps
	// no other waiting.
	turns map[string]*sync.Mutex
}

// New returns a service. It touches nothing yet.
func New(o Options) *Service { return &Service{o: o, turns: map[string]*sync.Mutex{}} }

// turn waits for the partner's turn and returns what ends it.
func (s *Service) turn(partner string) (end func()) {
	s.mu.Lock()
	if s.turns[partner] == nil {
		s.turns[partner] = &sync.Mutex{}
	}
	turn := s.turns[partner]
	s.mu.Unlock()
	turn.Lock()
	return turn.Unlock
}

// Digest is what is signed, computed from our own records.
func Digest(s *settlement.Settlement) ledger.Hash {
	return (&ledger.Settlement{Partner: s.Partner, Window: s.Window, Figures: s.Figures, Breaks: s.Breaks}).Digest()
}

// Settlement returns one that the person may see, or [ErrNotFound]: the utility
// sees all, a partner its own.
func (s *Service) Settlement(ctx context.Context, by desk.Person, id string) (*settlement.Settlement, error) {
	one, err := s.o.Store.Settlement(ctx, id)
	if err == nil && by.Company != "" && one.Partner != by.Company {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return one, nil
}
