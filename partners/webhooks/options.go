package webhooks

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Schedule is when a message is tried again, counted from the attempt before:
// that of the Standard Webhooks specification, over three days.
func Schedule() []time.Duration { return slices.Clone(schedule) }

var schedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// DelivererOptions configure a [Deliverer]. Without a default a field is
// required.
type DelivererOptions struct {
	Store  Store
	Sealer *Sealer
	Guard  Guard

	// NumberEvery is how often what gateways of a cluster have published is numbered,
	// see [Store]; 0 for a gateway that is alone.
	NumberEvery time.Duration
	// Timeout bounds one attempt; default 15 s.
	Timeout time.Duration
	// Concurrency is how many messages are under way to one endpoint; default 16.
	Concurrency int
	// Schedule is when a message is tried again; default [Schedule].
	Schedule []time.Duration
	// DisableAfter is how long an endpoint may fail before it is disabled; default
	// 5 days.
	DisableAfter time.Duration
	// After BreakAfter failures in a row an endpoint is only probed, with a pause
	// that begins at PauseFirst and doubles up to PauseMax. Defaults 5, 5 s, 5 min.
	BreakAfter           int
	PauseFirst, PauseMax time.Duration
	// Grace is how long attempts under way may take when the deliverer ends;
	// default 3 s.
	Grace time.Duration

	Now    func() time.Time    // the machine's clock
	Rand   func(n int64) int64 // a random number from 0 to n-1; need not be secret
	Logger *slog.Logger
	// Observe, if set, is told of each attempt. It must be quick and safe for
	// concurrent use.
	Observe func(Observation)
}

// Outcomes of attempts.
const (
	OutcomeDelivered   = "delivered"
	OutcomeRefused     = "refused"           // answered, but not with 2xx
	OutcomeTimeout     = "timeout"           // not answered in time
	OutcomeUnreachable = "unreachable"       // no connection, no TLS, or no HTTP
	OutcomeForbidden   = "address_forbidden" // see [Guard]
	OutcomeInterrupted = "interrupted"       // the gateway ended; it counts as no attempt
)

// Observation is one attempt.
type Observation struct {
	Endpoint ledger.ID
	Partner  string
	Type     Type
	Outcome  string
	Took     time.Duration
	Lag      time.Duration // from when the message was stored to the end of the attempt
}

func (o DelivererOptions) withDefaults() DelivererOptions {
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	o.Concurrency = cmp.Or(o.Concurrency, 16)
	if o.Schedule == nil {
		o.Schedule = schedule
	}
	o.DisableAfter = cmp.Or(o.DisableAfter, 5*24*time.Hour)
	o.BreakAfter = cmp.Or(o.BreakAfter, 5)
	o.PauseFirst = cmp.Or(o.PauseFirst, 5*time.Second)
	o.PauseMax = cmp.Or(o.PauseMax, 5*time.Minute)
	o.Grace = cmp.Or(o.Grace, 3*time.Second)
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	return o
}

func (o *DelivererOptions) validate() error {
	switch {
	case o.Store == nil, o.Sealer == nil:
		return errors.New("webhooks: store and sealer are required")
	case o.Now == nil, o.Rand == nil, o.Logger == nil:
		return errors.New("webhooks: clock, randomness and logger are required")
	case o.Timeout < 0, o.NumberEvery < 0, o.Concurrency < 0, o.DisableAfter < 0, o.BreakAfter < 0, o.PauseFirst < 0, o.PauseMax < o.PauseFirst, o.Grace < 0:
		return errors.New("webhooks: a time or a number is negative, or the longest pause is shorter than the first")
	}
	return nil
}

// jitter returns a time within a tenth of d, so that what failed together is not
// tried again together.
func (o *DelivererOptions) jitter(d time.Duration) time.Duration {
	spread := int64(d) / 5
	if spread < 1 {
		return d
	}
	return d - time.Duration(spread/2) + time.Duration(o.Rand(spread))
}
