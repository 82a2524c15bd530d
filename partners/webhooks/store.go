package webhooks

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// Errors of a [Store].
var (
	// ErrNotFound: no such endpoint or message, or it is another partner's.
	ErrNotFound = errors.New("webhooks: not found")
	// ErrChanged: somebody else changed the endpoint since it was read.
	ErrChanged = errors.New("webhooks: changed meanwhile")
	// ErrTooMany: the partner has [EndpointsMax] endpoints.
	ErrTooMany = errors.New("webhooks: too many endpoints")
)

// Store keeps endpoints and messages. Writes are durable when a method returns.
// An event that is published becomes a message to each endpoint that is enabled,
// belongs to one of its partners or to the utility, and asked for its type.
type Store interface {
	// CreateEndpoint stores a new one of version 1, or returns [ErrTooMany].
	CreateEndpoint(ctx context.Context, e *Endpoint) error
	// UpdateEndpoint stores everything but ID, Partner and CreatedAt, makes the
	// version one more, and publishes the events in the same transaction, to the
	// endpoint itself also where it is or was disabled. It returns [ErrChanged]
	// when the version in the store is another than e.Version, [ErrNotFound] when
	// there is none.
	UpdateEndpoint(ctx context.Context, e *Endpoint, events ...Event) error
	// DeleteEndpoint removes an endpoint with its messages, or returns
	// [ErrNotFound].
	DeleteEndpoint(ctx context.Context, id ledger.ID) error
	// Endpoint returns one, or [ErrNotFound].
	Endpoint(ctx context.Context, id ledger.ID) (*Endpoint, error)
	// Endpoints returns those with an ID above after, ascending, at most limit. A
	// partner's are its own; "" is everybody's.
	Endpoints(ctx context.Context, partner string, after ledger.ID, limit int) ([]*Endpoint, error)

	// Publish stores events by themselves.
	Publish(ctx context.Context, events ...Event) error
	// PublishTo stores an event for one endpoint, whatever it asked for, and returns
	// the message. It returns [ErrNotFound] when the endpoint is not there or
	// disabled.
	PublishTo(ctx context.Context, endpoint ledger.ID, e Event) (*Message, error)
	// Number makes messages of what gateways of a cluster have published, and returns
	// how many. One gateway does it at a time. Where a single gateway publishes
	// there is never anything to number.
	Number(ctx context.Context) (int64, error)
	// Notify sets what is called with an endpoint that has new messages, after they
	// are durable. It must be quick.
	Notify(func(endpoint ledger.ID))

	// Due returns pending messages of an endpoint whose NextAt is at most now, by
	// NextAt and Sequence, at most limit; and the NextAt of the first that is not
	// due yet, 0 when there is none.
	Due(ctx context.Context, endpoint ledger.ID, now int64, limit int) (due []*Message, next int64, err error)
	// SaveAttempts stores State, Attempts and all that follows. A message that is of
	// another round by now, or is no longer there, is left as it is.
	SaveAttempts(ctx context.Context, all []*Message) error
	// Message returns one, or [ErrNotFound].
	Message(ctx context.Context, endpoint ledger.ID, sequence int64) (*Message, error)
	// Messages returns those that the filter selects, newest first.
	Messages(ctx context.Context, f Filter) ([]*Message, error)
	// Requeue makes messages pending again in a new round, those with a sequence
	// from first to last, both included, and returns how many there are.
	Requeue(ctx context.Context, endpoint ledger.ID, first, last int64) (int64, error)
	// Backlog returns what is pending, for each endpoint that has something pending.
	Backlog(ctx context.Context) ([]Backlog, error)
	// ForgetMessages drops messages that are not pending and were created before a time,
	// but never the last of an endpoint, and at most a thousand of each.
	ForgetMessages(ctx context.Context, before int64) (int64, error)

	// Marks returns what was last seen of the things of a kind, by name.
	Marks(ctx context.Context, kind string) (map[string]string, error)
	// Mark stores what is seen, and publishes the event that goes with it in the
	// same transaction. A mark that stands already is left, and its event not
	// published.
	Mark(ctx context.Context, marks ...Mark) error
}

// Filter selects messages of an endpoint.
type Filter struct {
	Endpoint ledger.ID
	State    State // empty is any
	Before   int64 // sequence of the last of the page before; 0 is the first page
	Limit    int   // 1 to 200
}

// Backlog is what is pending for an endpoint.
type Backlog struct {
	Endpoint ledger.ID
	Pending  int64
	Oldest   int64 // CreatedAt of the oldest
}

// Mark is what was last seen of something that changes outside of the store.
type Mark struct {
	Kind, Name, Value string
	Event             *Event // nil publishes none
}
