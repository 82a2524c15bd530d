package chaincode

import "github.com/pointgrid/pointgrid/ledger"

// Find returns the transfer with an ID, or [ledger.ErrNotFound].
func Find(r Reader, id ledger.ID) (ledger.Entry, error) { return ledger.Entry{}, errSkeleton }

// Batch returns one batch: its header and the canonical bytes of its records,
// the leaves of its Merkle tree. It returns [ledger.ErrNotFound].
func Batch(r Reader, lane uint32, number uint64) (ledger.BatchHeader, [][]byte, error) {
	return ledger.BatchHeader{}, nil, errSkeleton
}

// Covering returns the checkpoint that covers a batch, or [ledger.ErrNotFound]
// while there is none yet.
func Covering(r Reader, lane uint32, batch uint64) (ledger.CheckpointRecord, error) {
	return ledger.CheckpointRecord{}, errSkeleton
}

// Pending returns the number of a lane's batches since its last checkpoint.
func Pending(r Reader, lane uint32) (batches uint64, err error) { return 0, errSkeleton }

// Transfers calls visit for every transfer of a window, lane by lane in the
// order of the ledger, and stops at the first error, which it returns.
func Transfers(r Reader, window ledger.Date, visit func(ledger.Entry) error) error {
	return errSkeleton
}

// Alliance returns what Initialise set and the open window, or
// [ledger.ErrNotFound] before it.
func Alliance(r Reader) (ledger.Alliance, error) { return ledger.Alliance{}, errSkeleton }

// Partners returns all partners in ascending order of code.
func Partners(r Reader) ([]ledger.Partner, error) { return nil, errSkeleton }

// Agreements returns all agreements in ascending order of ID.
func Agreements(r Reader) ([]ledger.Agreement, error) { return nil, errSkeleton }

// Account returns a member's account, or [ledger.ErrNotFound].
func Account(r Reader, account ledger.Account) (ledger.AccountState, error) {
	return ledger.AccountState{}, errSkeleton
}

// Position returns what a partner owes for a window, or [ledger.ErrNotFound].
func Position(r Reader, partner string, window ledger.Date) (ledger.Position, error) {
	return ledger.Position{}, errSkeleton
}

// Window returns a window, or [ledger.ErrNotFound].
func Window(r Reader, date ledger.Date) (ledger.Window, error) { return ledger.Window{}, errSkeleton }

// Balances calls visit for every account of a programme in ascending order of
// account and stops at the first error, which it returns. It returns
// [ledger.ErrNotFound] for an unknown programme.
func Balances(r Reader, programme string, visit func(ledger.Balance) error) error {
	return errSkeleton
}
