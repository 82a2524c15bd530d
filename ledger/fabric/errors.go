package fabric

import (
	"errors"
	"fmt"

	pb "github.com/hyperledger/fabric-protos-go/peer"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrNoIdentity: the caller's company is one for which this process has no key.
// Nothing was done.
var ErrNoIdentity = ledger.ErrNoIdentity

// Reasons for which a company's peers are not asked.
var (
	errNoPeer = errors.New("the profile names no peer of the company")
	errDown   = errors.New("its peer does not answer")
	errBehind = errors.New("its peer lags behind")
)

func notFound(what string, name fmt.Stringer) error {
	return fmt.Errorf("fabric: %w: %s %s", ledger.ErrNotFound, what, name)
}

// EndorseError says that a company's peer did not endorse. Nothing was done.
type EndorseError struct {
	Company string // MSP ID
	// Code is the status with which the peer or the chaincode answered, 0 if there
	// was no answer.
	Code int32
	Err  error
}

// Error names the company and the reason.
func (e *EndorseError) Error() string {
	return fmt.Sprintf("fabric: %s did not endorse: %v", e.Company, e.Err)
}

// Unwrap returns the reason.
func (e *EndorseError) Unwrap() error { return e.Err }

// MismatchError says that companies' peers endorsed different outcomes, because
// one of them had not yet committed what another had, or because one cheats.
// Nothing was done.
type MismatchError struct{ Companies [2]string }

// Error names the companies.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("fabric: %s and %s endorsed different outcomes", e.Companies[0], e.Companies[1])
}

// SubmitError says that no orderer took a transaction. Nothing was done if
// Refused, otherwise that cannot be said.
type SubmitError struct {
	Tx      string
	Refused bool // by every orderer, or none could be reached
	Err     error
}

// Error names the transaction and the reason.
func (e *SubmitError) Error() string {
	return fmt.Sprintf("fabric: transaction %s could not be submitted: %v", e.Tx, e.Err)
}

// Unwrap returns the reason.
func (e *SubmitError) Unwrap() error { return e.Err }

// CommitStatusError says that a transaction was submitted and what became of it
// is not known.
type CommitStatusError struct {
	Tx  string
	Err error
}

// Error names the transaction and the reason.
func (e *CommitStatusError) Error() string {
	return fmt.Sprintf("fabric: it is not known what became of transaction %s: %v", e.Tx, e.Err)
}

// Unwrap returns the reason.
func (e *CommitStatusError) Unwrap() error { return e.Err }

// CommitError says that a transaction was put in order and found invalid. It
// changed nothing.
type CommitError struct {
	Tx    string
	Block uint64
	Code  Validation
}

// Error names the transaction and why it is invalid.
func (e *CommitError) Error() string {
	return fmt.Sprintf("fabric: transaction %s in block %d is invalid: %s", e.Tx, e.Block, e.Code)
}

// Validation is the code with which peers marked a transaction in its block, as
// in Fabric's TxValidationCode.
type Validation int32

// Codes that matter here.
const (
	Valid              Validation = 0
	EndorsementFailure Validation = 10
	MVCCConflict       Validation = 11
	PhantomConflict    Validation = 12
)

// transient reports whether the same commands may be valid when given again.
func (v Validation) transient() bool { return v == MVCCConflict || v == PhantomConflict }

// String returns Fabric's name of the code.
func (v Validation) String() string {
	if s, ok := pb.TxValidationCode_name[int32(v)]; ok {
		return s
	}
	return fmt.Sprintf("code %d", int32(v))
}
