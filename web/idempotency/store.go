// Package idempotency keeps the answers to requests that carry an
// Idempotency-Key, for the routes whose work does not keep them itself.
package idempotency

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Errors of [Store.Begin].
var (
	// ErrRunning: a request with this key has begun and not finished.
	ErrRunning = errors.New("idempotency: a request with this key is still running")
	// ErrMismatch: the key was used for a request with another hash.
	ErrMismatch = errors.New("idempotency: the key was used for another request")
)

// Request identifies a request: the same key of two clients, or on two routes,
// is two requests.
type Request struct {
	Client string
	Route  string // method and path pattern, for example "POST /v1/quotes"
	Key    string
	Hash   ledger.Hash // of what was asked
}

// Answer is what was answered, to be sent again as it was.
type Answer struct {
	Status      int
	ContentType string
	Location    string
	Body        []byte
}

// Store keeps requests and answers. Writes are durable when a method returns.
type Store interface {
	// Begin reserves the key and returns nil when the work is the caller's to do.
	// It returns the saved answer of a finished request with the same hash,
	// [ErrRunning] while one is under way, [ErrMismatch] for another hash. A
	// reservation older than lease is that of a program that died, and is taken
	// over.
	Begin(ctx context.Context, r Request, now time.Time, lease time.Duration) (*Answer, error)
	// Finish saves the answer.
	Finish(ctx context.Context, r Request, a Answer, now time.Time) error
	// Abandon gives the reservation up, so that the request can be made again.
	Abandon(ctx context.Context, r Request) error
	// Forget removes what is older than before, in portions; it returns how many.
	Forget(ctx context.Context, before time.Time) (int, error)
}
