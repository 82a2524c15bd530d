package members

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Store keeps members and erasures. Every method that writes returns after the write is
// durable, and does all it says or nothing. What is not there is [ErrNotFound].
type Store interface {
	// AddMembers stores those whose number is not there yet, and leaves the others as
	// they are.
	AddMembers(ctx context.Context, all []Member) error
	// SetAccount stores the account of a member who has none yet.
	SetAccount(ctx context.Context, number string, account ledger.Account) error
	// Members returns those of the numbers that are there, in no order.
	Members(ctx context.Context, numbers []string) ([]*Member, error)
	// MemberWith returns the member who has an account.
	MemberWith(ctx context.Context, account ledger.Account) (*Member, error)
	// MembersWith returns those who have one of the accounts, in no order.
	MembersWith(ctx context.Context, accounts []ledger.Account) ([]*Member, error)
	// Everybody returns members in ascending order of number, after a number.
	Everybody(ctx context.Context, after string, limit int) ([]*Member, error)
	// Unknown returns members without an account in ascending order of number.
	Unknown(ctx context.Context, limit int) ([]*Member, error)

	// BeginErasure stores a new erasure. When one of the account is there that was not
	// withdrawn, it returns that instead.
	BeginErasure(ctx context.Context, e *Erasure) (existing *Erasure, err error)
	// SaveErasure stores what can change: Step and all that follows. The revision must
	// be one more than the stored one; otherwise it returns [ErrChanged].
	SaveErasure(ctx context.Context, e *Erasure) error
	// EndErasure is SaveErasure, and deletes the member with the erasure's account, in
	// one transaction.
	EndErasure(ctx context.Context, e *Erasure) error
	// ErasureOf returns the latest erasure of an account.
	ErasureOf(ctx context.Context, account ledger.Account) (*Erasure, error)
	// UnfinishedErasures returns those that have not ended, ascending by ID.
	UnfinishedErasures(ctx context.Context) ([]*Erasure, error)
}
