package chaincode

import (
	"errors"
	"sort"

	"github.com/pointgrid/pointgrid/ledger"
)

// Find returns the transfer with an ID, or [ledger.ErrNotFound].
func Find(r Reader, id ledger.ID) (ledger.Entry, error) {
	at, err := placeOf(r, id)
	if err != nil {
		return ledger.Entry{}, err
	}
	b, err := batch(r, at.Lane, at.Batch)
	if err != nil {
		return ledger.Entry{}, err
	}
	return b.entry(at.Index)
}

// placeOf returns where the transfer with an ID stands, or [ledger.ErrNotFound].
func placeOf(r Reader, id ledger.ID) (at ledger.Locator, err error) {
	p, _, err := read[page](r, keyPage(0, slice(id)))
	if err != nil {
		return at, err
	}
	if number, index, ok := p.find(id); ok {
		return ledger.Locator{Batch: number, Index: index}, nil
	}
	x, ok, err := read[spot](r, keyPlace(id))
	if err == nil && !ok {
		err = notFound("transfer %s", id)
	}
	return x.Locator, err
}

func batch(r Reader, lane uint32, number uint64) (*packed, error) {
	b, ok, err := read[packed](r, keyBatch(lane, number))
	if err == nil && !ok {
		err = notFound("batch %d of lane %d", number, lane)
	}
	return &b, err
}

// Batch returns one batch: its header and the canonical bytes of its records,
// the leaves of its Merkle tree. It returns [ledger.ErrNotFound].
func Batch(r Reader, lane uint32, number uint64) (ledger.BatchHeader, [][]byte, error) {
	b, err := batch(r, lane, number)
	if err != nil {
		return ledger.BatchHeader{}, nil, err
	}
	records := make([][]byte, b.header.Size)
	for i := range records {
		if records[i], err = b.record(uint32(i)); err != nil {
			return ledger.BatchHeader{}, nil, err
		}
	}
	return b.header, records, nil
}

// Covering returns the checkpoint that covers a batch, or [ledger.ErrNotFound]
// while there is none yet.
func Covering(r Reader, lane uint32, batch uint64) (found ledger.CheckpointRecord, err error) {
	ok := false
	err = each(r, prefixCheckpoint(lane), keyCheckpoint(lane, batch), func(_ string, c *checkpoint) (bool, error) {
		found, ok = c.CheckpointRecord, c.First <= batch
		return false, nil
	})
	if err == nil && !ok {
		err = notFound("checkpoint for batch %d of lane %d", batch, lane)
	}
	return found, err
}

// Pending returns the number of a lane's batches since its last checkpoint.
func Pending(r Reader, lane uint32) (batches uint64, err error) {
	h, _, err := read[head](r, keyHead(lane))
	return h.next - h.first, err
}

// Transfers calls visit for every transfer of a window, lane by lane in the
// order of the ledger, and stops at the first error, which it returns. It
// returns [ledger.ErrNotFound] for a window that was never opened.
func Transfers(r Reader, date ledger.Date, visit func(ledger.Entry) error) error {
	if _, err := Window(r, date); err != nil {
		return err
	}
	numbers, heads, err := lanes(r)
	if err != nil {
		return err
	}
	for i, lane := range numbers {
		first, err := firstOf(r, lane, heads[i].next, date)
		if err != nil {
			return err
		}
		err = each(r, prefixBatch(lane), keyBatch(lane, first), func(_ string, b *packed) (bool, error) {
			if b.header.Window != date {
				return false, nil
			}
			return true, visitBatch(b, visit)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// firstOf returns a lane's first batch that lies in a window or a later one.
// Windows follow each other, so they ascend with the batches.
func firstOf(r Reader, lane uint32, next uint64, date ledger.Date) (uint64, error) {
	var fault error
	n := sort.Search(int(next), func(i int) bool {
		b, err := batch(r, lane, uint64(i))
		fault = errors.Join(fault, err)
		return err != nil || b.header.Window >= date
	})
	return uint64(n), fault
}

func visitBatch(b *packed, visit func(ledger.Entry) error) error {
	for i := range b.header.Size {
		e, err := b.entry(i)
		if err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}
