package idempotency

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/web/problem"
)

// Once does the work of a request once per key.
type Once struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
	// Lease is after how long a request that has not finished counts as that of a
	// program that died. It must be longer than any request takes.
	Lease time.Duration
}

// Do runs work unless the request was made before, and returns its answer or
// the saved one. Only an answer of status 2xx is saved: any other did nothing,
// so the same request may be made again. The error is a [*problem.Problem]
// (409 while the first is under way, 422 for another request with the key), or
// the store's, in which case work has not run.
func (o *Once) Do(ctx context.Context, r Request, work func() Answer) (a Answer, replayed bool, err error) {
	saved, err := o.Store.Begin(ctx, r, o.Now(), o.Lease)
	switch {
	case errors.Is(err, ErrRunning):
		return Answer{}, false, Running()
	case errors.Is(err, ErrMismatch):
		return Answer{}, false, Reused()
	case err != nil:
		return Answer{}, false, err
	case saved != nil:
		return *saved, true, nil
	}
	done := false
	defer func() { o.end(context.WithoutCancel(ctx), r, a, done) }()
	a = work()
	done = true
	return a, false, nil
}

// end saves the answer, or gives the key back, also when work has panicked.
func (o *Once) end(ctx context.Context, r Request, a Answer, done bool) {
	var err error
	if done && a.Status >= 200 && a.Status < 300 {
		err = o.Store.Finish(ctx, r, a, o.Now())
	} else {
		err = o.Store.Abandon(ctx, r)
	}
	if err != nil {
		// The work stands. A repeat is told to wait until the lease ends.
		o.Logger.ErrorContext(ctx, "answer not saved for its idempotency key", "route", r.Route, "client", r.Client, "error", err)
	}
}

// Running is the problem of a request whose key is being worked on.
func Running() *problem.Problem {
	p := problem.New(http.StatusConflict, "still_running", "a request with this Idempotency-Key is being worked on; send it again in a moment")
	p.RetryAfter = time.Second
	return p
}

// Reused is the problem of a request whose key was used for another one.
func Reused() *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, "idempotency_key_reused",
		"this Idempotency-Key was used for another request; a new piece of work needs a new key")
}
