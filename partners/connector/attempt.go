package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

// busyPause is when to come back if we ourselves are full, or a partner that is
// busy does not say.
const busyPause = time.Second

// attempt makes one attempt of a call, within bulkhead and circuit breaker.
func (c *Client) attempt(ctx context.Context, r *call) error {
	began := c.o.Clock()
	outcome, err := c.guarded(ctx, r)
	c.o.Observe(Observation{
		Partner: c.o.Partner, Verb: r.verb, Result: resultOf(err, outcome), Duration: c.o.Clock().Sub(began),
	})
	return err
}

func (c *Client) guarded(ctx context.Context, r *call) (Outcome, error) {
	if err := c.bulkhead.acquire(ctx); err != nil {
		e := c.fail(r.verb, ErrNotSent, err)
		if errors.Is(err, errFull) {
			e.Class, e.After = ErrBusy, busyPause
		}
		return "", e
	}
	defer c.bulkhead.release()
	done, err := c.breaker.Allow()
	if err != nil {
		e := c.fail(r.verb, ErrNotSent, fmt.Errorf("%w: %w", errOpen, err))
		e.After = c.o.Breaker.OpenFor
		return "", e
	}
	outcome, err := c.send(ctx, r)
	done(err)
	return outcome, err
}

// send sends the request and reads the answer.
func (c *Client) send(ctx context.Context, r *call) (Outcome, error) {
	attempt, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	answer, failed := c.roundTrip(attempt, r)
	if failed != nil {
		return "", c.lost(ctx, failed)
	}
	body, err := readBounded(answer.Body)
	if err != nil {
		return "", c.lost(ctx, c.fail(r.verb, ErrUnknown, err))
	}
	return c.read(r, answer, body)
}

// lost marks an error for the circuit breaker if it was the caller who left.
func (c *Client) lost(ctx context.Context, e *Error) error {
	if callerLeft(ctx) {
		e.Err = errors.Join(errLeft, e.Err)
	}
	return e
}

// roundTrip signs and sends. Its error is ErrNotSent only if no connection was
// ever handed out for the request: from then on a byte may have left.
func (c *Client) roundTrip(ctx context.Context, r *call) (*http.Response, *Error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	request := c.request(httptrace.WithClientTrace(ctx, trace), r)
	if err := c.o.Signer.Sign(request, r.body); err != nil {
		return nil, c.fail(r.verb, ErrNotSent, err)
	}
	answer, err := c.transport.RoundTrip(request)
	switch {
	case err == nil:
		return answer, nil
	case connected.Load() || !c.tracesConnections():
		return nil, c.fail(r.verb, ErrUnknown, err)
	}
	return nil, c.fail(r.verb, ErrNotSent, err)
}

// tracesConnections is false for a transport that was put in from outside: it
// may not report connections, so silence proves nothing.
func (c *Client) tracesConnections() bool {
	_, ok := c.transport.(*http.Transport)
	return ok
}

func (c *Client) request(ctx context.Context, r *call) *http.Request {
	request := (&http.Request{
		Method: r.method, URL: r.url, Host: r.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 8),
	}).WithContext(ctx)
	if r.body != nil {
		request.Body = io.NopCloser(bytes.NewReader(r.body))
		request.ContentLength = int64(len(r.body))
		request.Header["Content-Type"] = []string{MediaJSON}
	}
	request.Header["User-Agent"] = []string{"PointGrid"}
	return request
}

// readBounded reads a body of at most BodyBytesMax bytes and closes it.
func readBounded(r io.ReadCloser) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, BodyBytesMax+1))
	if err == nil && len(body) > BodyBytesMax {
		err = fmt.Errorf("the answer has more than %d bytes", BodyBytesMax)
	}
	return body, errors.Join(err, r.Close())
}

// read makes an outcome or an error of an answer that arrived whole.
func (c *Client) read(r *call, answer *http.Response, body []byte) (Outcome, error) {
	contentType := answer.Header.Get("Content-Type")
	if answer.StatusCode != http.StatusOK {
		return c.readFailure(r, answer, body)
	}
	if !isMedia(contentType, MediaJSON) {
		return "", c.nonsense(r, answer.StatusCode, fmt.Errorf("the answer is %q, must be %s", clip(contentType), MediaJSON))
	}
	outcome, err := r.read(body)
	if err != nil {
		return "", c.nonsense(r, answer.StatusCode, err)
	}
	return outcome, nil
}

// readFailure reads an answer whose status is not 200.
func (c *Client) readFailure(r *call, answer *http.Response, body []byte) (Outcome, error) {
	status := answer.StatusCode
	p, ok := readProblem(status, answer.Header.Get("Content-Type"), body)
	if ok && r.absent != "" && p.Code == r.absent {
		return r.read(nil)
	}
	e := c.nonsense(r, status, fmt.Errorf("status %d", status))
	if ok {
		e.Code, e.Err = p.Code, errors.New(clip(p.Detail))
	}
	after, given := c.retryAfter(answer.Header.Get("Retry-After"))
	switch {
	case status == http.StatusTooManyRequests && (ok || given), status == http.StatusServiceUnavailable && given:
		e.Class, e.After = ErrBusy, after
	case ok && status < 500 && !e.conflict() && status != http.StatusTooManyRequests:
		e.Class = ErrRefused
	}
	return "", e
}

func (c *Client) nonsense(r *call, status int, cause error) *Error {
	e := c.fail(r.verb, ErrUnknown, cause)
	e.Status = status
	return e
}

// retryAfter reads the header in seconds, as the contract has it. A date, which
// a proxy may send, counts as given too.
func (c *Client) retryAfter(value string) (after time.Duration, given bool) {
	seconds, err := strconv.ParseUint(value, 10, 17) // up to a day and a half
	if err == nil {
		return max(time.Duration(seconds)*time.Second, time.Millisecond), true
	}
	_, err = http.ParseTime(value)
	return busyPause, err == nil
}
