package chaincode

import "github.com/pointgrid/pointgrid/ledger"

// Batches calls visit for every batch of a lane from a number on, in order,
// until it returns false or an error, which it returns.
func Batches(r Reader, lane uint32, from uint64, visit func(ledger.Batch) (bool, error)) error {
	return each(r, prefixBatch(lane), keyBatch(lane, from), func(_ string, b *packed) (bool, error) {
		own := ledger.Batch{Header: b.header, Transfers: make([]ledger.Transfer, b.header.Size)}
		for i := range own.Transfers {
			e, err := b.entry(uint32(i))
			if err != nil {
				return false, err
			}
			own.Transfers[i] = e.Transfer
		}
		return visit(own)
	})
}
