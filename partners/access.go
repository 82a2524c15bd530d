package partners

import (
	"context"
	"net/netip"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// AccessKind says what an [Access] is about.
type AccessKind string

// The kinds of entries of the access log.
const (
	AccessRequest        AccessKind = "request"        // a caller that was known
	AccessAuthentication AccessKind = "authentication" // a token asked for, or one that was refused
	AccessCredential     AccessKind = "credential"     // a change of a client or a key
)

// Access is one use of a credential: an entry of the access log. It has neither
// tokens nor bodies nor anything about a member.
type Access struct {
	ID      ledger.ID // ascending with time; the store's key
	At      time.Time
	Kind    AccessKind
	Partner string // empty for the utility, and for callers that are unknown
	Client  string // empty when it is unknown
	Key     string // ID of the key by which the token was got
	TokenID string // jti of the token
	Method  string
	Route   string // as the document has it, without identifiers
	Status  int    // HTTP
	Code    string // of the problem; empty when it went well
	// Detail says what was changed, for people.
	Detail    string
	Took      time.Duration
	From      netip.Addr
	RequestID string
}

// AccessFilter selects entries. Results come newest first.
type AccessFilter struct {
	// Partner selects those of one company; All those of everybody.
	Partner string
	All     bool
	Client  string     // empty is any
	Kind    AccessKind // empty is any
	// Problems selects only those with a status of 400 or above.
	Problems bool
	// Before is the ID of the last one of the page before; zero is the first page.
	Before ledger.ID
	Limit  int // 1 to 200
}

// AccessStore keeps the access log.
type AccessStore interface {
	// AppendAccess stores entries and returns after they are durable.
	AppendAccess(ctx context.Context, entries []Access) error
	// Accesses returns what the filter selects.
	Accesses(ctx context.Context, f AccessFilter) ([]*Access, error)
	// ForgetAccess drops entries from before an instant, and the oldest of those
	// that are more than keep. It returns how many.
	ForgetAccess(ctx context.Context, before time.Time, keep int) (int, error)
}
