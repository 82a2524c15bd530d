package ledger

import "context"

// Block is what one block of the ledger wrote.
type Block struct {
	Number uint64 // from 0, without gaps
	// Batches are those of the block in order; most blocks have one. A block that
	// holds a checkpoint, or nothing of the contract, has none.
	Batches []Batch
}

// Batch is the transfers that one transaction wrote.
type Batch struct {
	Header    BatchHeader
	Transfers []Transfer // as many as the header says, with At and Window
}

// Blocks is the port by which what is written is followed. Every home of the
// ledger that keeps blocks has it besides [Ledger]. Its methods may be called
// from many goroutines.
type Blocks interface {
	// Height returns the number of blocks. It does not fall.
	Height(ctx context.Context) (uint64, error)

	// FollowBlocks calls visit for every block from a number on, in order and
	// without gaps, and then for each that is written, soon after it was. It
	// returns the context's error, that of visit, [ErrClosed], or [ErrDamaged] for
	// blocks that cannot be read; it waits out what passes. While visit takes its
	// time the ledger goes on, and little more than the block visited is held in
	// memory.
	FollowBlocks(ctx context.Context, from uint64, visit func(Block) error) error
}
