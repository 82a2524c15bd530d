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
	got, failed := c.roundTrip(attempt, r)
	if failed != nil {
		return "", c.lost(ctx, failed)
	}
	body, err := readBounded(got.Body)
	if err != nil {
		return "", c.lost(ctx, c.fail(r.verb, ErrUnknown, err))
	}
	return c.read(r, got, body)
}

// lost marks an error for the circuit breaker if it was the caller who left.
func (c *Client) lost(ctx context.Context, e *Error) error {
	if callerLeft(ctx) {
		e.Err = errors.Join(errLeft, e.Err)
	}
	return e
}

// answer is an HTTP answer, and whether it is certain to be that of our request.
// If it is not, a body that repeats our identifiers can still prove it.
type answer struct {
	*http.Response
	ours bool
}

// connection is what became of a request on its way out. It is set by the
// transport, which may still run when we have given up.
type connection struct{ given, reused atomic.Bool }

// roundTrip signs and sends. Its error is ErrNotSent only if no connection was
// ever handed out for the request: from then on a byte may have left.
func (c *Client) roundTrip(ctx context.Context, r *call) (answer, *Error) {
	var way connection
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		way.given.Store(true)
		way.reused.Store(info.Reused)
	}}
	request := c.request(httptrace.WithClientTrace(ctx, trace), r)
	if err := c.o.Signer.Sign(request, r.body); err != nil {
		return answer{}, c.fail(r.verb, ErrNotSent, err)
	}
	got, err := c.transport.RoundTrip(request)
	if err != nil && (way.given.Load() || !c.tracesConnections()) {
		return answer{}, c.fail(r.verb, ErrUnknown, err)
	}
	if err != nil {
		return answer{}, c.fail(r.verb, ErrNotSent, err)
	}
	fresh := c.tracesConnections() && !way.reused.Load()
	ours, err := checkRequestID(request.Header[requestIDKey], got.Header[requestIDKey], fresh)
	if err != nil {
		return answer{}, c.nonsense(r, got.StatusCode, errors.Join(err, got.Body.Close()))
	}
	return answer{got, ours}, nil
}

// checkRequestID tells whose answer it is. An answer that does not say is ours
// if nobody else's can be on a fresh connection.
func checkRequestID(sent, got []string, fresh bool) (ours bool, err error) {
	switch {
	case len(got) == 0:
		return fresh, nil
	case len(got) == 1 && got[0] == sent[0]:
		return true, nil
	}
	return false, errors.New("the answer belongs to another request")
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
		// For the transport to send it on another connection if it finds the first
		// one closed before a byte was written.
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		request.Header["Content-Type"] = []string{MediaJSON}
	}
	request.Header["User-Agent"] = []string{"PointGrid"}
	request.Header[requestIDKey] = []string{c.nextRequestID()}
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
func (c *Client) read(r *call, got answer, body []byte) (Outcome, error) {
	if got.StatusCode != http.StatusOK {
		return c.readFailure(r, got, body)
	}
	if contentType := got.Header.Get("Content-Type"); !isMedia(contentType, MediaJSON) {
		return "", c.nonsense(r, got.StatusCode, fmt.Errorf("the answer is %q, must be %s", clip(contentType), MediaJSON))
	}
	outcome, err := r.read(body)
	if err != nil {
		return "", c.nonsense(r, got.StatusCode, err)
	}
	return outcome, nil
}

// readFailure reads an answer whose status is not 200. It concludes that nothing
// was done only if the answer is ours for certain.
func (c *Client) readFailure(r *call, got answer, body []byte) (Outcome, error) {
	e := c.nonsense(r, got.StatusCode, fmt.Errorf("status %d", got.StatusCode))
	p, isProblem := readProblem(got.StatusCode, got.Header.Get("Content-Type"), body)
	if isProblem {
		e.Code, e.Err = p.Code, errors.New(clip(p.Detail))
	}
	if !got.ours {
		e.Err = errors.Join(e.Err, errors.New("the answer does not say whose it is"))
		return "", e
	}
	if isProblem && p.Code == r.absent {
		return r.read(nil)
	}
	after, given := c.retryAfter(got.Header.Get("Retry-After"))
	switch {
	case e.Status == http.StatusTooManyRequests && (isProblem || given), e.Status == http.StatusServiceUnavailable && given:
		e.Class, e.After = ErrBusy, after
	case isProblem && e.Status < 500 && !e.conflict() && !saysNeverSeen(p.Code):
		e.Class = ErrRefused
	}
	return "", e
}

// saysNeverSeen is an answer to questions only; to any other call it is nonsense.
func saysNeverSeen(code ProblemCode) bool { return code == TransferUnknown || code == ReversalUnknown }

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
