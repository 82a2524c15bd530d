package webhooks

import "time"

// breaker says how much an endpoint is asked for. After failures in a row it is
// probed with one message at a time, with longer and longer pauses; a success
// sets everything right.
type breaker struct {
	o        *DelivererOptions
	failures int
	pause    time.Duration
	until    time.Time // nothing is sent before
}

// state reports whether the endpoint is only probed, and how long nothing is to
// be sent at all.
func (b *breaker) state(now time.Time) (probing bool, wait time.Duration) {
	return b.failures >= b.o.BreakAfter, b.until.Sub(now)
}

func (b *breaker) succeeded() { *b = breaker{o: b.o} }

// failed counts a failure. asked is what the receiver wants us to wait.
func (b *breaker) failed(now time.Time, asked time.Duration) {
	b.failures++
	if b.failures >= b.o.BreakAfter {
		b.pause = min(max(2*b.pause, b.o.PauseFirst), b.o.PauseMax)
		b.until = now.Add(b.o.jitter(b.pause))
	}
	if until := now.Add(asked); until.After(b.until) {
		b.until = until
	}
}
