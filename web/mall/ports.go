package mall

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/identity"
)

// Ledger is what the pages read of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
	Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error)
}

// Exchange converts points; [exchange.Service] does.
type Exchange interface {
	Programmes(ctx context.Context) ([]exchange.Programme, error)
	Agreements(ctx context.Context, p exchange.Party) ([]ledger.Agreement, error)
	Estimate(ctx context.Context, p exchange.Party, r exchange.QuoteRequest) (*exchange.Quote, error)
	Quote(ctx context.Context, p exchange.Party, r exchange.QuoteRequest) (*exchange.Quote, error)
	Convert(ctx context.Context, p exchange.Party, r exchange.ConvertRequest, wait time.Duration) (*exchange.Conversion, bool, error)
	Conversion(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Conversion, error)
	Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error)
	Receipt(ctx context.Context, p exchange.Party, id ledger.ID) (ledger.Receipt, error)
	Link(ctx context.Context, p exchange.Party, r exchange.LinkRequest) (*exchange.Link, error)
	Unlink(ctx context.Context, p exchange.Party, id ledger.ID) error
}

// Book is what the exchange has written down; [exchange.Store] is one.
type Book interface {
	Quote(ctx context.Context, id ledger.ID) (*exchange.Quote, error)
	LinkOf(ctx context.Context, partner, member string) (*exchange.Link, error)
}

// History is a copy of the ledger by account; [projection.Store] is one.
type History interface {
	History(ctx context.Context, account ledger.Account, before *ledger.Locator, limit int) ([]projection.Row, error)
	Account(ctx context.Context, account ledger.Account) ([]projection.Lot, error)
}

// Rewards is how members earn; [rewards.Service] is one.
type Rewards interface {
	Way(ctx context.Context, member string) (rewards.Way, error)
	Record(ctx context.Context, id string) (*rewards.Record, error)
}

// Identity is who says who somebody is; [identity.Provider] does.
type Identity interface {
	Begin(ctx context.Context, a identity.Attempt, language string) (string, error)
	Finish(ctx context.Context, a identity.Attempt, answer url.Values) (identity.Person, error)
	SignOut(idToken, back string) string
}

// ErrNotAMember is what registering answers for somebody who cannot take part.
var ErrNotAMember = errors.New("member pages: not a member")
