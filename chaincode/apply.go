package chaincode

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

var errSkeleton = errors.New("chaincode: no rules yet")

// Apply executes a batch of commands, in order, as one transaction, and writes
// what they changed. There is one result per command. An error says that state
// failed or is damaged; nothing of the transaction may then be kept.
func Apply(tx Tx, state State, batch []ledger.Command) ([]ledger.Result, error) {
	return nil, errSkeleton
}
