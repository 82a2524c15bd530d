package rewards

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Ledger   ledger.Ledger
	Identity ledger.Identity // the utility's gateway
	Store    Store
	Members  Members
	// Day is the business day of an instant in the alliance's calendar.
	Day func(time.Time) ledger.Date

	Ladder    Ladder    // default [DefaultLadder]
	GraceDays int       // for which a tier is kept; default 60
	Channels  []Channel // default [DefaultChannels]

	// QueueMax bounds the events that wait; default 32,768.
	QueueMax int
	// RoundMax bounds the events of one round, which is two transactions of the
	// store and one call of the ledger; default 1,024.
	RoundMax int
	// LedgerPatience is how long a round waits for the ledger; default 20 s. What is
	// unknown then is asked for again every RetryEvery, default 2 s.
	LedgerPatience time.Duration
	RetryEvery     time.Duration

	// Besides, if set, returns the totals of points that members were given for other
	// things than events; they are among [Service.Totals].
	Besides func(ctx context.Context, from, to ledger.Date) ([]Totals, error)

	Now    func() time.Time
	Logger *slog.Logger
	// Timer is the machine's clock, by which is measured how long things take; default
	// Now, which a sandbox may move.
	Timer func() time.Time
	// Answered, if set, is told how many events of a call came to an [Ending], and how
	// long the call took. Rounded is told of every round. Both must be quick and safe for
	// concurrent use.
	Answered func(e Ending, events int, took time.Duration)
	Rounded  func(Round)
}

func (o *Options) setDefaults() error {
	if o.Ledger == nil || o.Store == nil || o.Members == nil || o.Day == nil || o.Now == nil || o.Logger == nil {
		return errors.New("rewards: ledger, store, members, calendar, clock and logger are required")
	}
	if o.Ladder == nil {
		o.Ladder = DefaultLadder()
	}
	if o.Channels == nil {
		o.Channels = DefaultChannels()
	}
	o.GraceDays = cmp.Or(o.GraceDays, 60)
	o.QueueMax, o.RoundMax = cmp.Or(o.QueueMax, 32_768), cmp.Or(o.RoundMax, 1024)
	o.LedgerPatience, o.RetryEvery = cmp.Or(o.LedgerPatience, 20*time.Second), cmp.Or(o.RetryEvery, 2*time.Second)
	if o.Timer == nil {
		o.Timer = o.Now
	}
	if o.Answered == nil {
		o.Answered = func(Ending, int, time.Duration) {}
	}
	if o.Rounded == nil {
		o.Rounded = func(Round) {}
	}
	return o.Ladder.Validate()
}
