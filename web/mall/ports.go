package mall

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what the pages read of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error)
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
	Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error)
}
