package api

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/web/limit"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Limits are how much one client, or one address, may ask for in a minute; 0 is
// the default.
type Limits struct {
	Read    int64 // requests that change nothing; default 600,000
	Write   int64 // requests that change something; default 120,000
	Convert int64 // conversions and reversals, each of a batch; default 2,000,000
	// Tokens are asked for by address, and Strangers are requests of an address that
	// had no good token. Defaults 6,000 and 600.
	Tokens, Strangers int64
}

// class is what a request counts as.
type class uint8

const (
	byMethod class = iota // read for GET, write for all others
	reading
	writing
	converting
	classes
)

// limiters count what is asked for.
type limiters struct {
	by                [classes]*limit.Limiter
	tokens, strangers *limit.Limiter
}

func newLimiters(l Limits, now func() time.Time) (*limiters, error) {
	made := &limiters{}
	var errs []error
	for _, one := range []struct {
		into  **limit.Limiter
		name  string
		quota int64
	}{
		{&made.by[reading], "read", cmp.Or(l.Read, 600_000)}, {&made.by[writing], "write", cmp.Or(l.Write, 120_000)},
		{&made.by[converting], "convert", cmp.Or(l.Convert, 2_000_000)},
		{&made.tokens, "token", cmp.Or(l.Tokens, 6_000)}, {&made.strangers, "stranger", cmp.Or(l.Strangers, 600)},
	} {
		var err error
		*one.into, err = limit.New(limit.Policy{Name: one.name, Quota: one.quota, Window: time.Minute}, 0, now)
		errs = append(errs, err)
	}
	return made, errors.Join(errs...)
}

// Share says how many gateways answer the same callers. What is asked of all of them
// alike, conversions and tokens, is then granted in parts; the rest is asked of one of
// them, which leads.
func (a *API) Share(gateways int) {
	for _, l := range []*limit.Limiter{a.limits.by[converting], a.limits.tokens, a.limits.strangers} {
		l.Share(gateways)
	}
}

func (op *operation) class() class {
	switch {
	case op.limit != byMethod:
		return op.limit
	case op.method == http.MethodGet:
		return reading
	}
	return writing
}

// charge takes n out of the caller's quota, and says so in the answer's header.
func (r *request) charge(n int64) error {
	l := r.a.limits.by[r.op.class()]
	return charge(r.c, l, r.party.Client, n)
}

func charge(c *gin.Context, l *limit.Limiter, caller string, n int64) error {
	d := l.Take(caller, n)
	l.Tell(c.Writer.Header(), d)
	if d.Allowed {
		return nil
	}
	return limited(d)
}

func limited(d limit.Decision) *problem.Problem {
	detail := "more was asked for than is left of the quota; nothing was done, come back after Retry-After"
	if d.RetryAfter == 0 {
		detail = "this costs more than the whole quota; ask for less at a time"
	}
	p := problem.New(http.StatusTooManyRequests, "rate_limited", detail)
	p.RetryAfter = d.RetryAfter
	return p
}

// limitTokens stands before the token endpoint: there is no client yet, so it
// counts addresses.
func (a *API) limitTokens(next gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		var p *problem.Problem
		if err := charge(c, a.limits.tokens, network(a.o.Origin.Address(c.Request)), 1); errors.As(err, &p) {
			p.Write(c.Writer)
			return
		}
		next(c)
	}
}

// network is what is counted as one stranger: an address, or, in version 6, the
// /64 that one subscriber has.
func network(from netip.Addr) string {
	if !from.Is6() {
		return from.String()
	}
	p, err := from.Prefix(64)
	if err != nil {
		return from.String()
	}
	return p.String()
}
