package partners

import (
	"context"
	"time"
)

// AssertionStore remembers which client assertions were used, so that one taken
// from the wire is of no use to anybody.
type AssertionStore interface {
	// UseAssertion records the assertion's ID for the client until it expires, and
	// reports false when it was recorded before. It may forget what has expired
	// by now. It returns after the record is durable.
	UseAssertion(ctx context.Context, client, id string, expires, now time.Time) (fresh bool, err error)
}
