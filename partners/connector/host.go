package connector

import (
	"context"
	"io"
	"time"
)

// Host is a partner's system as the gateway sees it. All methods may be called
// side by side, and repeated: the partner answers a repeat as it answered the
// first call.
//
// Errors: every error is [ErrNotSent], [ErrBusy], [ErrRefused] or [ErrUnknown],
// see the package's description. A decline is an answer, not an error.
type Host interface {
	// Validate says whether a membership may take part. It promises nothing about
	// a later debit or credit.
	Validate(ctx context.Context, membership, programme string) (MemberStatus, error)
	// Debit takes points from a member, wholly or not at all.
	Debit(ctx context.Context, t Transfer) (Answer, error)
	// Credit gives points to a member.
	Credit(ctx context.Context, t Transfer) (Answer, error)
	// Reverse gives a debit back or takes a credit back, wholly or in part. For a
	// transfer that the partner never saw, or declined, it is Done with a
	// ReversedAmount of 0, and the transfer can never be executed afterwards.
	Reverse(ctx context.Context, r Reversal) (Answer, error)
	// Status says what became of a debit or credit. Its outcome is NeverSeen if
	// the partner does not know it; that is an answer, not an error.
	Status(ctx context.Context, transfer ID) (TransferStatus, error)
	// ReversalStatus says what became of a reversal, likewise.
	ReversalStatus(ctx context.Context, reversal ID) (ReversalStatus, error)
	// Statement streams the CSV statement of a business day of the partner; of
	// date only year, month and day count. Read it with [NewStatementReader] and
	// close it.
	Statement(ctx context.Context, date time.Time) (io.ReadCloser, error)
}
