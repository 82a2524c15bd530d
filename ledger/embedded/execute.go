package embedded

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// execute carries out a batch of the lane.
func (l *Ledger) execute(_ context.Context, of lane.Tenure, b lane.Batch) ([]ledger.Result, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	results, err := l.transact(of, b)
	if err == nil {
		err = fenced(results)
	}
	return results, err
}

// transact carries out a batch as one transaction: execute, make the block
// durable, make the writes visible. A batch that changes nothing leaves nothing.
func (l *Ledger) transact(of lane.Tenure, batch lane.Batch) ([]ledger.Result, error) {
	if err := l.failed(); err != nil {
		return nil, err
	}
	sample := Sample{Commands: len(batch.Commands), Queued: batch.Queued}
	begun := l.opts.Timer()
	block := &Block{Lane: of.Lane, Epoch: of.Epoch, Tx: ledger.EmbeddedTx(l.chain.end.height), At: l.now(), Caller: batch.Caller}
	results, err := l.machine.run(block, batch.Commands)
	if err != nil {
		return nil, fmt.Errorf("embedded: executing a batch: %w", err)
	}
	sample.CarriedOut = len(block.Commands)
	executed := l.opts.Timer()
	sample.Execute = executed.Sub(begun)
	if sample.CarriedOut > 0 {
		if err := l.write(block, &sample); err != nil {
			l.fail(err)
			return nil, fmt.Errorf("%w: %v", ledger.ErrOutcomeUnknown, err)
		}
	}
	if place, ok := ledger.PlaceOf(results); ok {
		sample.Batch = place.Batch
	}
	l.opts.Observe(sample)
	return results, nil
}

// write makes a transaction durable and then visible.
func (l *Ledger) write(b *Block, sample *Sample) error {
	begun := l.opts.Timer()
	record, err := l.machine.record(b)
	if err != nil {
		return err
	}
	if record != nil {
		b.Signature = &ledger.Signature{KeyID: l.opts.Signer.KeyID, Value: ed25519.Sign(l.opts.Signer.Key, record.Statement())}
	}
	if sample.Bytes, err = l.chain.append(b); err != nil {
		return err
	}
	if err := l.chain.sync(b); err != nil {
		return err
	}
	synced := l.opts.Timer()
	if err := l.machine.commit(b, record); err != nil {
		return err
	}
	l.chain.publish()
	l.at.Store(b.At)
	sample.Sync, sample.Commit = synced.Sub(begun), l.opts.Timer().Sub(synced)
	return nil
}

// now is the time for the next transaction, in milliseconds since 1970.
func (l *Ledger) now() int64 { return max(l.opts.Clock().UnixMilli(), l.at.Load()) }
