package projection

import (
	"context"
	"iter"

	"github.com/pointgrid/pointgrid/ledger"
)

// balance is what an account has, held or not.
type balance struct {
	account ledger.Account
	amount  int64
}

// pullBalances returns a function that returns one account after the other.
func (v *verification) pullBalances(ctx context.Context) (next func() (balance, bool, error), stop func()) {
	pull, stop := iter.Pull2(func(yield func(balance, error) bool) {
		ended := false
		err := v.eachAccount(ctx, func(a ledger.Account, lots []Lot) error {
			b := balance{account: a}
			for _, l := range lots {
				if err := plusAll([]*int64{&b.amount, &b.amount}, l.Amount, l.Held); err != nil {
					return err
				}
			}
			if ended = !yield(b, nil); ended {
				return context.Canceled
			}
			return nil
		})
		if err != nil && !ended {
			yield(balance{}, err)
		}
	})
	return func() (balance, bool, error) {
		b, err, ok := pull()
		return b, ok && err == nil, err
	}, stop
}
