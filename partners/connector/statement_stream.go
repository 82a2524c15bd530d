package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// openStatement asks for a statement and hands its body over as a stream. It
// goes around the bulkhead, since it lasts long and does no work, and around the
// circuit breaker, since it is asked for once a night.
func (c *Client) openStatement(ctx context.Context, from *url.URL) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stall := time.AfterFunc(c.o.StatementStall, func() { cancel(errStalled) })
	stream := &statementStream{left: c.o.StatementBytesMax, patience: c.o.StatementStall, stall: stall, cancel: cancel, ctx: ctx}
	r := &call{verb: VerbStatement, method: http.MethodGet, url: from}
	began := c.o.Clock()
	err := c.openStream(ctx, r, stream)
	c.o.Observe(Observation{Partner: c.o.Partner, Verb: r.verb, Result: resultOf(err, Done), Duration: c.o.Clock().Sub(began)})
	stall.Stop()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return stream, nil
}

func (c *Client) openStream(ctx context.Context, r *call, stream *statementStream) error {
	got, failed := c.roundTrip(ctx, r)
	if failed != nil {
		return failed
	}
	contentType := got.Header.Get("Content-Type")
	if got.StatusCode == http.StatusOK && isMedia(contentType, MediaCSV) {
		stream.body = got.Body
		return nil
	}
	body, err := readBounded(got.Body)
	if err != nil {
		return c.fail(r.verb, ErrUnknown, err)
	}
	if got.StatusCode == http.StatusOK {
		return c.nonsense(r, got.StatusCode, fmt.Errorf("the answer is %q, must be %s", clip(contentType), MediaCSV))
	}
	_, err = c.readFailure(r, got, body)
	return err
}

var (
	errStalled  = errors.New("connector: the statement stopped coming")
	errTooLarge = errors.New("connector: the statement is larger than allowed")
)

// statementStream bounds the size of a statement and the silence within it.
type statementStream struct {
	body     io.ReadCloser
	left     int64
	patience time.Duration
	stall    *time.Timer
	cancel   context.CancelCauseFunc
	ctx      context.Context
}

// Read implements io.Reader.
func (s *statementStream) Read(p []byte) (int, error) {
	if s.left < 0 {
		return 0, errTooLarge
	}
	s.stall.Reset(s.patience)
	defer s.stall.Stop()
	n, err := s.body.Read(p[:min(int64(len(p)), s.left+1)])
	if s.left -= int64(n); s.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && err != io.EOF && context.Cause(s.ctx) == errStalled {
		err = errStalled
	}
	return n, err
}

// Close implements io.Closer.
func (s *statementStream) Close() error {
	s.stall.Stop()
	err := s.body.Close()
	s.cancel(nil)
	return err
}
