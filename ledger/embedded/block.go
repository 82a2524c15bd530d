package embedded

import "github.com/pointgrid/pointgrid/ledger/journal"

// Block is one transaction as it is written to disk.
type Block = journal.Block

// header is a block of which the commands are not decoded yet.
type header = journal.Header
