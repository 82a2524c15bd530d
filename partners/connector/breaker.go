package connector

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"
)

// errOpen is returned while the circuit breaker is open.
var errOpen = errors.New("circuit breaker is open")

// errLeft marks an attempt that ended because the caller went away.
var errLeft = errors.New("the caller went away")

func newBreaker(o Options) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: o.Partner, MaxRequests: o.Breaker.Probes, Timeout: o.Breaker.OpenFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= o.Breaker.Failures },
		IsSuccessful: partnerIsThere,
		IsExcluded:   func(err error) bool { return errors.Is(err, errLeft) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			o.ObserveBreaker(o.Partner, to != gobreaker.StateClosed)
			o.Logger.Warn("circuit breaker of partner changed", "partner", o.Partner, "from", from.String(), "to", to.String())
		},
	})
}

// partnerIsThere tells failures of the partner's system from answers that we do
// not like.
func partnerIsThere(err error) bool {
	if err == nil {
		return true
	}
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Class == ErrRefused || e.Status >= 400 && e.Status < 500
}

// callerLeft reports that the context ended because the caller gave up, rather
// than because the partner was too slow.
func callerLeft(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}
