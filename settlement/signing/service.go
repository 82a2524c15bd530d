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
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
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
	mu sync.Mutex // one step at a time, so that the store does not fall back
}

// New returns a service. It touches nothing yet.
func New(o Options) *Service { return &Service{o: o} }

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

// Propose puts the breaks on the ledger as they stand, and the settlement forward
// to be signed. By the utility's maker. It returns the settlement as it stands
// then, [ErrNotFound], [ErrNotPermitted], [ErrUnresolved], [ErrState] or
// [ErrDigest].
func (s *Service) Propose(ctx context.Context, maker desk.Person, id string) (*settlement.Settlement, error) {
	return nil, ErrState
}

// Sign signs for the utility, by another person than the maker, the digest that
// the person saw. It returns what [Service.Propose] does and [ErrSamePerson].
func (s *Service) Sign(ctx context.Context, checker desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error) {
	return nil, ErrState
}

// Acknowledge signs for the partner the digest that it computed. It returns
// [ErrNotFound], [ErrNotPermitted], [ErrState] or [ErrDigest], and
// [ledger.ErrNoIdentity] where only the partner itself has its key.
func (s *Service) Acknowledge(ctx context.Context, by desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error) {
	return nil, ErrState
}

// Dispute refuses to sign, for the partner, with a reason of at most
// [ledger.ReasonMax] bytes, which everybody on the ledger can read. It returns what
// [Service.Acknowledge] does and [ErrInvalid].
func (s *Service) Dispute(ctx context.Context, by desk.Person, id, reason string) (*settlement.Settlement, error) {
	return nil, ErrState
}

// Follow brings all settlements that are not settled up to what stands on the
// ledger, and settles those that are signed and have nothing to pay. It is run
// often. One whose company does not answer keeps none of the others waiting.
func (s *Service) Follow(ctx context.Context) error { return nil }
