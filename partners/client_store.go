package partners

import (
	"context"
	"errors"
)

// ErrRevision is returned by [ClientStore.SaveClient].
var ErrRevision = errors.New("partners: the client was changed meanwhile")

// ClientStore keeps clients with their keys. What it hands out is the caller's.
type ClientStore interface {
	// Clients returns all clients in ascending order of ID, disabled ones too.
	Clients(ctx context.Context) ([]*Client, error)
	// ClientsStamp returns a number that is another one after every change.
	ClientsStamp(ctx context.Context) (int64, error)
	// SaveClient stores a client together with the note of who changed it, and
	// returns after both are durable. The stored one must have the revision before
	// the client's; revision 1 is a client that is not there yet. Otherwise nothing
	// is stored and it returns [ErrRevision].
	SaveClient(ctx context.Context, c *Client, note Access) error
}
