package bonus

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// Tiers tells which tier members held; [rewards.Service] does.
type Tiers interface {
	// TiersAt answers each question: the tier that the account's member held.
	TiersAt(ctx context.Context, asked []rewards.TierAsked) ([]rewards.Tier, error)
}

// Options configure a [Follower]. Without a default a field is required.
type Options struct {
	Ledger   ledger.Ledger
	Blocks   ledger.Blocks
	Identity ledger.Identity // the utility's gateway
	Store    Store
	Tiers    Tiers
	// LotMonths is how long a bonus is good for, from the window of the conversion;
	// default 24, as the rules of events have it.
	LotMonths int
	// GroupMax is the number of conversions and reversals from which on a group is
	// not added to; default 256. Linger is how long one waits for more; default 50 ms.
	GroupMax int
	Linger   time.Duration
	// LedgerPatience is how long the ledger is waited for; default 20 s. What is due
	// then is asked for again every RetryEvery; default 5 s.
	LedgerPatience time.Duration
	RetryEvery     time.Duration

	Logger *slog.Logger
	// Observe, if set, is told of moves that ended. It must be quick.
	Observe func(Sample)
}

// Sample is moves that the ledger answered together.
type Sample struct {
	// Issued and Taken are points, Filled the part of the first that filled debts, Debt
	// what could not be taken because it was spent.
	Issued, Filled, Taken, Debt int64
	// Refused counts moves that the ledger will not have.
	Refused int64
}

func (o *Options) setDefaults() error {
	if o.Ledger == nil || o.Blocks == nil || o.Store == nil || o.Tiers == nil || o.Logger == nil {
		return errors.New("bonus: ledger, blocks, store, tiers and logger are required")
	}
	o.LotMonths, o.GroupMax = cmp.Or(o.LotMonths, 24), cmp.Or(o.GroupMax, 256)
	o.Linger = cmp.Or(o.Linger, 50*time.Millisecond)
	o.LedgerPatience, o.RetryEvery = cmp.Or(o.LedgerPatience, 20*time.Second), cmp.Or(o.RetryEvery, 5*time.Second)
	if o.Observe == nil {
		o.Observe = func(Sample) {}
	}
	return nil
}
