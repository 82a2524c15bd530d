package connector

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Client is a [Host] over HTTP: one partner, its connections, its circuit
// breaker and its bounds. It is safe for concurrent use.
type Client struct {
	o         Options
	transport http.RoundTripper
	bulkhead  *bulkhead
	breaker   *gobreaker.TwoStepCircuitBreaker[struct{}]
	routes    routes
	prefix    string // of request IDs, the client's own
	requests  atomic.Uint64
}

var _ Host = (*Client)(nil)

// routes are the addresses, made once; requests share them and do not change them.
type routes struct {
	base                                 *url.URL
	validate, debits, credits, reversals *url.URL
}

// New returns a client, or an error that says which option is missing or wrong.
// It makes no connection yet.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{o: o, transport: o.transport(), bulkhead: newBulkhead(o.MaxInFlight, o.MaxQueue)}
	c.breaker = newBreaker(o)
	c.prefix = strconv.FormatInt(o.Rand(math.MaxInt64), 36) + "-"
	c.routes = routes{
		base: base, validate: base.JoinPath("members", "validate"),
		debits: base.JoinPath("debits"), credits: base.JoinPath("credits"), reversals: base.JoinPath("reversals"),
	}
	return c, nil
}

// Close closes the connections that are idle. Calls under way are not disturbed.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// RequestIDHeader carries the identifier of each attempt. The answer repeats it.
const RequestIDHeader = "PointGrid-Request-Id"

// requestIDKey is the header as package http spells it in its maps.
const requestIDKey = "Pointgrid-Request-Id"

func (c *Client) nextRequestID() string {
	return c.prefix + strconv.FormatUint(c.requests.Add(1), 36)
}

// Validate implements [Host].
func (c *Client) Validate(ctx context.Context, membership, programme string) (MemberStatus, error) {
	body := EncodeMember(membership, programme)
	if _, _, err := DecodeMember(body); err != nil {
		return "", c.invalid(VerbValidate, err)
	}
	r := call{verb: VerbValidate, method: http.MethodPost, url: c.routes.validate, body: body, timeout: c.o.StatusTimeout}
	return ask(ctx, c, r, func(body []byte) (MemberStatus, error) { return decodeMemberStatus(body, membership) })
}

// Debit implements [Host].
func (c *Client) Debit(ctx context.Context, t Transfer) (Answer, error) {
	return c.transfer(ctx, VerbDebit, c.routes.debits, t)
}

// Credit implements [Host].
func (c *Client) Credit(ctx context.Context, t Transfer) (Answer, error) {
	return c.transfer(ctx, VerbCredit, c.routes.credits, t)
}

func (c *Client) transfer(ctx context.Context, verb Verb, to *url.URL, t Transfer) (Answer, error) {
	if err := t.Validate(); err != nil {
		return Answer{}, c.invalid(verb, err)
	}
	r := call{verb: verb, method: http.MethodPost, url: to, body: EncodeTransfer(t), timeout: c.o.Timeout}
	return ask(ctx, c, r, func(body []byte) (Answer, error) { return decodeTransferAnswer(body, t.ID) })
}

// Reverse implements [Host].
func (c *Client) Reverse(ctx context.Context, rev Reversal) (Answer, error) {
	if err := rev.Validate(); err != nil {
		return Answer{}, c.invalid(VerbReverse, err)
	}
	r := call{verb: VerbReverse, method: http.MethodPost, url: c.routes.reversals, body: EncodeReversal(rev), timeout: c.o.Timeout}
	return ask(ctx, c, r, func(body []byte) (Answer, error) { return decodeReversalAnswer(body, rev) })
}

// Status implements [Host].
func (c *Client) Status(ctx context.Context, id ID) (TransferStatus, error) {
	if err := checkID("transfer_id", id); err != nil {
		return TransferStatus{}, c.invalid(VerbStatus, err)
	}
	r := c.question(VerbStatus, TransferUnknown, "transfers", id)
	return ask(ctx, c, r, func(body []byte) (TransferStatus, error) { return decodeTransferStatus(body, id) })
}

// ReversalStatus implements [Host].
func (c *Client) ReversalStatus(ctx context.Context, id ID) (ReversalStatus, error) {
	if err := checkID("reversal_id", id); err != nil {
		return ReversalStatus{}, c.invalid(VerbReversalStatus, err)
	}
	r := c.question(VerbReversalStatus, ReversalUnknown, "reversals", id)
	return ask(ctx, c, r, func(body []byte) (ReversalStatus, error) { return decodeReversalStatus(body, id) })
}

func (c *Client) question(verb Verb, absent ProblemCode, route string, id ID) call {
	return call{
		verb: verb, method: http.MethodGet, url: c.routes.base.JoinPath(route, id.String()),
		timeout: c.o.StatusTimeout, absent: absent,
	}
}

// Statement implements [Host]. The stream ends with an error after
// Options.StatementBytesMax bytes, or when the partner is silent for longer than
// Options.StatementStall. It does not count against MaxInFlight.
func (c *Client) Statement(ctx context.Context, date time.Time) (io.ReadCloser, error) {
	return c.openStatement(ctx, c.routes.base.JoinPath("statements", date.Format(time.DateOnly)))
}
