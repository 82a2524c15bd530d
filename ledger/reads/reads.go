// Package reads has the reads of [ledger.Ledger] that the contract answers from
// one state, for the homes of the ledger to embed: they differ only in how they
// reach it.
package reads

import (
	"context"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// State runs a reading function of the contract over the state as it is now. It
// returns the function's error, or its own when the state cannot be reached.
type State func(ctx context.Context, use func(chaincode.Reader) error) error

// Reads answers from a state. Make it with [Of].
type Reads struct{ state State }

// Of returns the reads of a state.
func Of(s State) Reads { return Reads{s} }

func read[T any](ctx context.Context, r Reads, f func(chaincode.Reader) (T, error)) (result T, err error) {
	err = r.state(ctx, func(s chaincode.Reader) (err error) {
		result, err = f(s)
		return err
	})
	return result, err
}

// Alliance implements [ledger.Ledger].
func (r Reads) Alliance(ctx context.Context) (ledger.Alliance, error) {
	return read(ctx, r, chaincode.Alliance)
}

// Partners implements [ledger.Ledger].
func (r Reads) Partners(ctx context.Context) ([]ledger.Partner, error) {
	return read(ctx, r, chaincode.Partners)
}

// Agreements implements [ledger.Ledger].
func (r Reads) Agreements(ctx context.Context) ([]ledger.Agreement, error) {
	return read(ctx, r, chaincode.Agreements)
}

// Account implements [ledger.Ledger].
func (r Reads) Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error) {
	return read(ctx, r, func(s chaincode.Reader) (ledger.AccountState, error) { return chaincode.Account(s, account) })
}

// Position implements [ledger.Ledger].
func (r Reads) Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error) {
	return read(ctx, r, func(s chaincode.Reader) (ledger.Position, error) { return chaincode.Position(s, partner, window) })
}

// Window implements [ledger.Ledger].
func (r Reads) Window(ctx context.Context, window ledger.Date) (ledger.Window, error) {
	return read(ctx, r, func(s chaincode.Reader) (ledger.Window, error) { return chaincode.Window(s, window) })
}

// Settlement implements [ledger.Ledger].
func (r Reads) Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error) {
	return read(ctx, r, func(s chaincode.Reader) (ledger.Settlement, error) { return chaincode.Settlement(s, partner, window) })
}

// Due implements [ledger.Ledger].
func (r Reads) Due(ctx context.Context, partner string) (ledger.SettlementDue, error) {
	return read(ctx, r, func(s chaincode.Reader) (ledger.SettlementDue, error) { return chaincode.Due(s, partner) })
}

// Adjustments implements [ledger.Ledger].
func (r Reads) Adjustments(ctx context.Context) ([]ledger.Adjustment, error) {
	return read(ctx, r, chaincode.Adjustments)
}
