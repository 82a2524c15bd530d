package papers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// Ledger is what papers need of the ledger.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
	Transfers(ctx context.Context, window ledger.Date, visit func(ledger.Entry) error) error
}

// Payments finds what was paid; [payment.Store] does.
type Payments interface {
	PaymentsOf(ctx context.Context, settlement string) ([]*payment.Payment, error)
}

// Options are the parts of a [Service]; all are needed.
type Options struct {
	Ledger    Ledger
	Payments  Payments
	Liability settlement.LiabilityStore
	Dir       string // folder of the statements, where the night writes them
	Zone      *time.Location
	Accounts  paper.Accounts
	// Names are the companies' names for pages, by partner code; "" is the utility.
	Names map[string]string
}

// Service makes papers. It may be used by many goroutines.
type Service struct {
	o  Options
	mu sync.Mutex // one spreadsheet is made at a time
}

// New returns a service. It touches nothing yet.
func New(o Options) *Service { return &Service{o: o} }

// Errors.
var (
	// ErrNotNetted: there is nothing to write yet.
	ErrNotNetted = errors.New("papers: the settlement is not netted yet")
	// ErrNotCounted: a window of the report is not counted yet.
	ErrNotCounted = errors.New("papers: the window is not counted yet")
	// ErrInvalid: the windows are in the wrong order, or too many.
	ErrInvalid = errors.New("papers: invalid")
)

// heading says whose statement it is.
func (s *Service) heading(ctx context.Context, one *settlement.Settlement) (paper.Heading, error) {
	alliance, err := s.o.Ledger.Alliance(ctx)
	if err != nil {
		return paper.Heading{}, err
	}
	all, err := s.o.Ledger.Partners(ctx)
	if err != nil {
		return paper.Heading{}, err
	}
	for _, p := range all {
		if p.Code == one.Partner {
			return paper.Heading{Partner: p, Hub: alliance.Hub, Window: one.Window, Zone: s.o.Zone}, nil
		}
	}
	return paper.Heading{}, settlement.ErrNotFound
}
