package mall

import (
	"context"
	"errors"
	"net/url"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/identity"
)

// Ledger is what the pages read of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
	Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error)
}

// Identity is who says who somebody is; [identity.Provider] does.
type Identity interface {
	Begin(ctx context.Context, a identity.Attempt, language string) (string, error)
	Finish(ctx context.Context, a identity.Attempt, answer url.Values) (identity.Person, error)
	SignOut(idToken, back string) string
}

// ErrNotAMember is what registering answers for somebody who cannot take part.
var ErrNotAMember = errors.New("member pages: not a member")
