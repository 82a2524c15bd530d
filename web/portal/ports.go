package portal

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
)

// Exchange is what the portal reads of conversions and agreements;
// [exchange.Service] is one. It returns [exchange.ErrNotFound] also for what is
// another company's.
type Exchange interface {
	Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error)
	Conversion(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Conversion, error)
	Reversals(ctx context.Context, p exchange.Party, conversion ledger.ID) ([]*exchange.Reversal, error)
	Receipt(ctx context.Context, p exchange.Party, conversion ledger.ID) (ledger.Receipt, error)
	Agreements(ctx context.Context, p exchange.Party) ([]ledger.Agreement, error)
	Links(ctx context.Context, p exchange.Party, after ledger.ID, limit int) ([]*exchange.Link, error)
	Positions(ctx context.Context, p exchange.Party, window *ledger.Date) ([]ledger.Position, error)
}

// Ledger is what the portal reads of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
}

// Registry finds companies; [partners.Registry] is one.
type Registry interface {
	Partner(code string) (*partners.Partner, bool)
}

// Settlements finds the nights of a company; [settlement.Store] is one.
type Settlements interface {
	Settlements(ctx context.Context, partner, before string, limit int) ([]*settlement.Settlement, error)
}

// Clock is the clock that a sandbox lives by.
type Clock interface {
	Now() time.Time
	Window(ctx context.Context) (ledger.Date, error)
	AdvanceTo(ctx context.Context, to time.Time) ([]settlement.Settlement, error)
}

// Program is one API client of a company, as far as examples show it.
type Program struct {
	ID    string
	KeyID string // of the key that it signs with; may be empty
	// KeyFile is where the private key lies. Only a sandbox knows; otherwise it is
	// empty and the examples say where to put the name.
	KeyFile string
}
