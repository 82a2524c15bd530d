package signing

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// Errors. Those of the ledger are a [*Refusal], which is one of them as well.
var (
	// ErrNotFound: no such settlement, or none that the person may see.
	ErrNotFound = settlement.ErrNotFound
	// ErrState: the step does not follow the one at which the settlement stands, or
	// somebody else has taken it.
	ErrState = errors.New("signing: not possible in this state")
	// ErrSamePerson: the checker is the maker.
	ErrSamePerson = errors.New("signing: maker and checker are the same person")
	// ErrDigest: the digest is not that of our records, or these are not what stands
	// on the ledger.
	ErrDigest = errors.New("signing: the digest is another")
	// ErrUnresolved: breaks above tolerance are not resolved.
	ErrUnresolved = errors.New("signing: breaks are not resolved")
	// ErrNotPermitted: not for this company.
	ErrNotPermitted = errors.New("signing: not permitted")
	// ErrInvalid: a reason is missing or too long.
	ErrInvalid = errors.New("signing: invalid")
)

// Refusal is a code of the ledger and what it said. Nothing was done.
type Refusal struct {
	Code    ledger.Code
	Message string
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("signing: the ledger refused: %s (%s)", r.Message, r.Code) }

// refusals are the ledger's codes that have an error here.
var refusals = map[ledger.Code]error{
	ledger.CodeSettlementStep: ErrState, ledger.CodeSameIdentity: ErrSamePerson, ledger.CodeSettlementDigest: ErrDigest,
	ledger.CodeNotPermitted: ErrNotPermitted, ledger.CodeInvalid: ErrInvalid,
}

// Is lets a refusal be the error that its code stands for.
func (r *Refusal) Is(target error) bool {
	err, known := refusals[r.Code]
	return known && err == target
}
