package support

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Limits are in electricity points what one person may decide alone.
type Limits struct {
	// Case and Day bound goodwill: for one case, and by one person in a business day.
	Case, Day int64
	// Remedy bounds what a reversal, cancellation or return is worth.
	Remedy int64
}

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Ledger   Ledger
	Identity ledger.Identity // the utility's gateway
	Store    Store
	Members  Members
	Subjects Subjects
	Reviews  Reviews

	Limits Limits // 0 of a limit lets nobody decide alone
	// Within is how long after a conversion or order it can be disputed; default 90
	// days.
	Within time.Duration
	// LotMonths is for how many months goodwill can be used; default 24.
	LotMonths int
	// Day is the business day of an instant, and Due by which one a dispute of a day
	// should be answered.
	Day func(time.Time) ledger.Date
	Due func(ledger.Date) ledger.Date
	// Patience is how long somebody waits for the ledger's answer before it is asked
	// for by [Service.Follow]; default 5 s.
	Patience time.Duration

	Now    func() time.Time // the alliance's clock
	Random io.Reader        // safe for concurrent use
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Within = cmp.Or(o.Within, 90*24*time.Hour)
	o.LotMonths = cmp.Or(o.LotMonths, 24)
	o.Patience = cmp.Or(o.Patience, 5*time.Second)
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Ledger == nil || o.Store == nil || o.Members == nil || o.Subjects == nil || o.Reviews == nil:
		return errors.New("support: ledger, store, members, subjects and reviews are required")
	case o.Day == nil || o.Due == nil || o.Now == nil || o.Random == nil || o.Logger == nil:
		return errors.New("support: calendar, clock, randomness and logger are required")
	case o.Identity.MSP == "" || o.Identity.Subject == "":
		return errors.New("support: identity needs a company and a subject")
	case min(o.Within, o.Patience) <= 0 || o.LotMonths < 1 || o.LotMonths > 120:
		return fmt.Errorf("support: durations must be positive and goodwill good for 1 to 120 months, not %d", o.LotMonths)
	case min(o.Limits.Case, o.Limits.Day, o.Limits.Remedy) < 0:
		return errors.New("support: limits must not be negative")
	}
	return nil
}
