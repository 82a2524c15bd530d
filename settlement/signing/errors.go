package signing

import (
	"github.com/pointgrid/pointgrid/settlement"
)

// Errors. What the ledger refuses is a [*settlement.Refusal], which is one of them
// as well.
var (
	// ErrNotFound: no such settlement, or none that the person may see.
	ErrNotFound = settlement.ErrNotFound
	// ErrState: the step does not follow the one at which the settlement stands, or
	// somebody else has taken it.
	ErrState = settlement.ErrState
	// ErrSamePerson: the checker is the maker.
	ErrSamePerson = settlement.ErrSamePerson
	// ErrDigest: the digest is not that of our records, or these are not what stands
	// on the ledger.
	ErrDigest = settlement.ErrDigest
	// ErrUnresolved: breaks above tolerance are not resolved.
	ErrUnresolved = settlement.ErrUnresolved
	// ErrNotPermitted: not for this company.
	ErrNotPermitted = settlement.ErrNotPermitted
	// ErrInvalid: a reason is missing or too long.
	ErrInvalid = settlement.ErrInvalid
)
