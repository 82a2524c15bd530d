package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/observe"
	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/problem"
)

// request is a request whose caller is known and may make it.
type request struct {
	a      *API
	c      *gin.Context
	op     *operation
	began  time.Time
	from   netip.Addr
	caller oauth.Caller
	party  exchange.Party
	body   []byte // as it came
	key    string // Idempotency-Key, or empty
}

func (r *request) context() context.Context { return r.c.Request.Context() }

// serve is the way of every request to its operation and back.
func (a *API) serve(op operation) gin.HandlerFunc {
	if op.open {
		return op.plain
	}
	op.route = asDescribed(op.path)
	needed := oauth.Only(op.scope)
	return func(c *gin.Context) {
		r := request{a: a, c: c, op: &op, began: a.o.Now(), from: a.o.Origin.Address(c.Request)}
		if err := a.authenticate(&r); err != nil {
			a.turnAway(&r, err)
			return
		}
		answer, err := r.answer(needed)
		if err != nil {
			a.note(&r, a.refuse(c, err))
			return
		}
		answer.send(c)
		a.note(&r, "")
	}
}

// answer does what the request asks for, if its caller may.
func (r *request) answer(needed oauth.Scopes) (reply, error) {
	if !r.caller.Scopes.Allows(needed) {
		return reply{}, &scopeMissing{string(r.op.scope)}
	}
	if err := r.charge(1); err != nil {
		return reply{}, err
	}
	if r.op.limit == converting { // before the body is read, so that refusing costs little
		if err := r.a.o.Exchange.Room(r.party); err != nil {
			return reply{}, err
		}
	}
	return r.op.handle(r)
}

// authenticate finds out who asks.
func (a *API) authenticate(r *request) error {
	token, err := oauth.Bearer(r.c.Request.Header)
	if err != nil {
		return err
	}
	if r.caller, err = a.tokens.Verify(token); err != nil {
		return err
	}
	r.party = exchange.Party{Client: r.caller.Client, Partner: r.caller.Partner}
	if record := observe.FromContext(r.context()); record != nil {
		record.Client = r.caller.Client
	}
	var shown origin.Certificate
	if r.caller.Certificate != "" {
		shown = a.o.Origin.Certificate(r.c.Request)
	}
	return r.caller.CheckPlace(r.from, shown)
}

// turnAway answers somebody who is not known. An address from which such come
// too often is told so, and not written down each time.
func (a *API) turnAway(r *request, err error) {
	if d := a.limits.strangers.Take(network(r.from), 1); !d.Allowed {
		a.limits.strangers.Tell(r.c.Writer.Header(), d)
		limited(d).Write(r.c.Writer)
		return
	}
	a.refuse(r.c, err)
	a.noteDenied(r, err)
}

// scopeMissing says that the token lacks a scope.
type scopeMissing struct{ scope string }

// Error implements error.
func (s *scopeMissing) Error() string { return "api: the token lacks the scope " + s.scope }

// withBody reads and checks the body before an operation does its work.
func withBody[T any](form *jsonbody.Form[T], work func(r *request, body T) (reply, error)) func(*request) (reply, error) {
	return func(r *request) (reply, error) {
		if _, err := r.query(); err != nil {
			return reply{}, err
		}
		var p *problem.Problem
		if r.body, p = jsonbody.Read(r.c.Writer, r.c.Request, jsonType); p != nil {
			return reply{}, p
		}
		if r.key, p = idempotency.Key(r.c.Request.Header); p != nil {
			return reply{}, p
		}
		body, wrong := form.Decode(r.body)
		if wrong != nil {
			return reply{}, problem.Invalid(wrong...)
		}
		return work(r, body)
	}
}

// hash identifies what was asked.
func (r *request) hash() ledger.Hash {
	return idempotency.Hash(r.c.Request.Method, r.c.Request.URL.Path, r.body)
}

// idempotency returns the key of an operation that needs one.
func (r *request) idempotency() (exchange.Idempotency, error) {
	if r.key == "" {
		return exchange.Idempotency{}, idempotency.Missing()
	}
	return exchange.Idempotency{Key: r.key, Hash: r.hash()}, nil
}

// saved does the work of an operation once per idempotency key, for those whose
// work does not see to that itself. Without a key it just does it.
func saved[T any](a *API, work func(r *request, body T) (reply, error)) func(*request, T) (reply, error) {
	return func(r *request, body T) (reply, error) {
		if r.key == "" {
			return work(r, body)
		}
		asked := idempotency.Request{Client: r.party.Client, Route: r.c.Request.Method + " " + r.c.FullPath(), Key: r.key, Hash: r.hash()}
		var refused error
		answer, replayed, err := a.once.Do(r.context(), asked, func() idempotency.Answer {
			done, err := work(r, body)
			if err != nil {
				refused = err
				return idempotency.Answer{}
			}
			return done.answer()
		})
		if err := errors.Join(err, refused); err != nil {
			return reply{}, err
		}
		return reply{status: answer.Status, raw: answer.Body, location: answer.Location, replayed: replayed}, nil
	}
}

// id returns the ID that stands in the path. What cannot be an ID is not there.
func (r *request) id(name string) (ledger.ID, error) {
	id, err := ledger.ParseID(r.c.Param(name))
	if err != nil {
		return ledger.ID{}, exchange.ErrNotFound
	}
	return id, nil
}

// query returns the query's parameters, each of which must be among those
// allowed, and there once.
func (r *request) query(allowed ...string) (url.Values, error) {
	if r.c.Request.URL.RawQuery == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(r.c.Request.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, problem.CodeInvalidRequest, "the query is not well-formed")
	}
	var wrong []problem.Field
	for name, v := range values {
		switch {
		case !slices.Contains(allowed, name):
			wrong = append(wrong, problem.Parameter(name[:min(len(name), 64)], "unknown_parameter", "there is no such parameter here"))
		case len(v) > 1:
			wrong = append(wrong, problem.Parameter(name, "duplicate_parameter", "the parameter is there twice"))
		}
	}
	if wrong != nil {
		slices.SortFunc(wrong, func(a, b problem.Field) int { return strings.Compare(a.Parameter, b.Parameter) })
		return nil, problem.Invalid(wrong...)
	}
	return values, nil
}
