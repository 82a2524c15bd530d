package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// Receipt implements [ledger.Ledger].
func (l *Ledger) Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error) {
	var r ledger.Receipt
	err := l.view(ctx, func(s *snapshot) (err error) {
		r, err = s.receipt(id)
		return err
	})
	return r, err
}

func (s *snapshot) receipt(id ledger.ID) (ledger.Receipt, error) {
	entry, err := chaincode.Find(s, id)
	if err != nil {
		return ledger.Receipt{}, err
	}
	at := entry.Locator
	batch, records, err := chaincode.Batch(s, at.Lane, at.Batch)
	if err != nil {
		return ledger.Receipt{}, fmt.Errorf("batch %d of a transfer: %w", at.Batch, err)
	}
	r := ledger.Receipt{
		Version: ledger.ReceiptVersion, Ledger: "embedded", Transfer: entry.Transfer,
		Record: records[at.Index], Index: at.Index, Batch: batch,
	}
	if _, err := fmt.Sscanf(batch.Tx, "embedded-%d", &r.Block); err != nil {
		return ledger.Receipt{}, damagedFile(stateDir, "batch %d has transaction %q", at.Batch, batch.Tx)
	}
	leaves := make([]ledger.Hash, len(records))
	for i, record := range records {
		leaves[i] = ledger.LeafHash(record)
	}
	r.BatchPath = ledger.MerklePath(leaves, int(at.Index))
	r.Checkpoint, err = s.checkpointProof(at.Lane, at.Batch)
	r.Provisional = r.Checkpoint == nil
	return r, err
}

// checkpointProof leads from a batch to its checkpoint; nil when there is none yet.
func (s *snapshot) checkpointProof(lane uint32, batch uint64) (*ledger.CheckpointProof, error) {
	record, err := chaincode.Covering(s, lane, batch)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	leaves, err := s.leaves(lane, record.First, record.Last)
	if err != nil {
		return nil, err
	}
	signature, err := s.signature(lane, record.Number)
	if err != nil {
		return nil, err
	}
	return &ledger.CheckpointProof{
		Record: record, Path: ledger.MerklePath(leaves, int(batch-record.First)), Signature: signature,
	}, nil
}

// leaves returns the header hashes of batches.
func (s *snapshot) leaves(lane uint32, first, last uint64) ([]ledger.Hash, error) {
	leaves := make([]ledger.Hash, 0, last-first+1)
	err := s.Range(prefixLeaf, keyNumbered(prefixLeaf, lane, first), func(_ string, value []byte) bool {
		var leaf ledger.Hash
		copy(leaf[:], value)
		leaves = append(leaves, leaf)
		return uint64(len(leaves)) <= last-first
	})
	if err == nil && uint64(len(leaves)) != last-first+1 {
		err = damagedFile(stateDir, "has %d of the %d header hashes from batch %d on; %s", len(leaves), last-first+1, first, rebuildHint)
	}
	return leaves, err
}

func (s *snapshot) signature(lane uint32, number uint64) (*ledger.Signature, error) {
	values, err := s.Get(keyNumbered(prefixSignature, lane, number))
	if err != nil {
		return nil, err
	}
	signature, err := decodeSignature(values[0])
	if err != nil {
		return nil, damagedFile(stateDir, "signature of checkpoint %d: %v; %s", number, err, rebuildHint)
	}
	return signature, nil
}
