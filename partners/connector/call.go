package connector

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// call is one method call on its way to the partner.
type call struct {
	verb    Verb
	method  string
	url     *url.URL
	body    []byte // nil for a question
	timeout time.Duration
	// absent is the problem code that means "never seen"; it is answered by
	// reading a nil body.
	absent ProblemCode
	// read takes the body of an answer; its error makes the outcome unknown.
	read func(body []byte) (Outcome, error)
}

// ask makes a call and returns what decode made of the answer.
func ask[T interface{ outcome() Outcome }](ctx context.Context, c *Client, r call, decode func([]byte) (T, error)) (T, error) {
	var result, none T
	r.read = func(body []byte) (Outcome, error) {
		got, err := decode(body)
		if err != nil {
			return "", err
		}
		result = got
		return got.outcome(), nil
	}
	if err := c.do(ctx, &r); err != nil {
		return none, err
	}
	return result, nil
}

// do attempts a call until it is answered, cannot do better, or has used up its
// attempts or the caller's time. If any attempt ended unknown and none was
// answered, the call is unknown, however certain the last attempt was.
func (c *Client) do(ctx context.Context, r *call) error {
	var last error
	unknown := false
	attempt := func() (struct{}, error) {
		last = c.attempt(ctx, r)
		unknown = unknown || Unknown(last)
		return struct{}{}, c.pace(last)
	}
	// What Retry returns is left aside: it puts the context's error in the place
	// of ours, which knows more.
	_, _ = backoff.Retry(ctx, attempt, backoff.WithMaxTries(uint(c.o.Attempts)),
		backoff.WithMaxElapsedTime(0), backoff.WithBackOff(&jitter{o: &c.o}))
	if last != nil && unknown && !Unknown(last) {
		return c.fail(r.verb, ErrUnknown, last)
	}
	return last
}

// pace tells the retry loop what to make of an error: stop, wait as long as the
// partner asks, or back off.
func (c *Client) pace(err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || e.Class == ErrRefused || e.conflict() || errors.Is(err, errFull) || errors.Is(err, errOpen) {
		return backoff.Permanent(err)
	}
	if e.After > c.o.BackoffMax {
		return backoff.Permanent(err)
	}
	if e.After > 0 {
		return &backoff.RetryAfterError{Duration: e.After}
	}
	return err
}

// jitter is "full jitter": a random wait below a bound that doubles. Calls that
// failed together do not come back together.
type jitter struct {
	o     *Options
	bound time.Duration
}

// NextBackOff implements backoff.BackOff.
func (j *jitter) NextBackOff() time.Duration {
	j.bound = min(max(2*j.bound, j.o.BackoffFirst), j.o.BackoffMax)
	return time.Duration(j.o.Rand(int64(j.bound) + 1))
}

// Reset implements backoff.BackOff.
func (j *jitter) Reset() { j.bound = 0 }

// fail makes an error of this client.
func (c *Client) fail(verb Verb, class, cause error) *Error {
	return &Error{Class: class, Partner: c.o.Partner, Verb: verb, Err: cause}
}

// invalid is the error of a request that would break the contract; it is not
// sent.
func (c *Client) invalid(verb Verb, cause error) error {
	e := c.fail(verb, ErrRefused, cause)
	e.Code = InvalidRequest
	return e
}

// classOf returns the class of an error, [ErrUnknown] if it has none.
func classOf(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ErrUnknown
}
