package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// SignedMax bounds a signed request, in bytes.
const SignedMax = 4 << 20

// SignedRequests keeps the requests that companies signed, byte for byte, under
// their hashes, which are on the ledger. A request may name a link or a reference
// of a member, so it stays with the utility.
type SignedRequests interface {
	// KeepSigned keeps a request and returns after that is durable. One that is kept
	// already stays as it is. At is in milliseconds since 1970.
	KeepSigned(ctx context.Context, hash ledger.Hash, body []byte, at int64) error
	// SignedRequest returns a request, or [ErrNotFound].
	SignedRequest(ctx context.Context, hash ledger.Hash) ([]byte, error)
}
