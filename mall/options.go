package mall

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options configure a [Mall]. Without a default a field is required.
type Options struct {
	Ledger   Ledger
	Identity ledger.Identity // the utility's gateway
	Store    Store
	// Billing, Payments and Exchange may be nil: what needs them is refused then.
	// Without Tiers nobody has one.
	Billing  Billing
	Payments Payments
	Exchange Exchange
	Tiers    Tiers

	Members Members
	CodeKey []byte // seals voucher codes; 32 bytes

	// FourEyes lets nobody make a product, or change a price, alone.
	FourEyes bool
	// OfferTTL is how long a price that was shown can be ordered at; default 30 min.
	OfferTTL time.Duration
	// Deadline is how long an unknown outcome is asked for before what was done is
	// taken back; default 2 min.
	Deadline time.Duration
	// DispatchWithin is how long an order may wait to be sent off; default 14 days.
	DispatchWithin time.Duration
	// RescanEvery is how often unfinished work that nobody is at is taken up again;
	// default 15 s.
	RescanEvery time.Duration
	// RetryFirst and RetryMax bound the pause between two questions, which doubles;
	// defaults 100 ms and 5 s.
	RetryFirst, RetryMax time.Duration
	// TotalMax bounds the orders under way; default 4,096. RecoveryMax bounds those
	// that are taken up again at a time; default 64.
	TotalMax, RecoveryMax int

	// Observe, if set, is told of orders and returns that ended, went to the operator's
	// list, or were not made because too little was on stock. It must be quick.
	Observe func(Observation)

	Zone   *time.Location   // of the months in reports; default UTC
	Now    func() time.Time // the alliance's clock
	Random io.Reader        // safe for concurrent use
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.OfferTTL = cmp.Or(o.OfferTTL, 30*time.Minute)
	o.Deadline = cmp.Or(o.Deadline, 2*time.Minute)
	o.DispatchWithin = cmp.Or(o.DispatchWithin, 14*24*time.Hour)
	o.RescanEvery = cmp.Or(o.RescanEvery, 15*time.Second)
	o.RetryFirst = cmp.Or(o.RetryFirst, 100*time.Millisecond)
	o.RetryMax = cmp.Or(o.RetryMax, 5*time.Second)
	o.TotalMax = cmp.Or(o.TotalMax, 4096)
	o.RecoveryMax = cmp.Or(o.RecoveryMax, 64)
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Ledger == nil, o.Store == nil, o.Members == nil:
		return errors.New("mall: ledger, store and members are required")
	case o.Now == nil, o.Random == nil, o.Logger == nil:
		return errors.New("mall: clock, randomness and logger are required")
	case o.Identity.MSP == "" || o.Identity.Subject == "":
		return errors.New("mall: identity needs a company and a subject")
	case min(o.OfferTTL, o.Deadline, o.DispatchWithin, o.RescanEvery, o.RetryFirst, o.RetryMax) <= 0:
		return errors.New("mall: durations must be positive")
	case min(o.TotalMax, o.RecoveryMax) < 1:
		return errors.New("mall: bounds must be at least 1")
	}
	return nil
}
