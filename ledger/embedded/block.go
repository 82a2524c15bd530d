package embedded

import "github.com/pointgrid/pointgrid/ledger/annals"

// Block is one transaction as it is written to disk.
type Block = annals.Block

// header is a block of which the commands are not decoded yet.
type header = annals.Header
