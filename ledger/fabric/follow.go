package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

var _ ledger.Blocks = (*Ledger)(nil)

// Height implements [ledger.Blocks]. It is that of the home peer.
func (l *Ledger) Height(ctx context.Context) (uint64, error) {
	if l.closed.Load() {
		return 0, ledger.ErrClosed
	}
	p, err := l.home().await(ctx, 0, l.opts.Patience.Order)
	if err != nil {
		return 0, errors.Join(ctx.Err(), err)
	}
	_, height := p.follower.state()
	return height, nil
}

// FollowBlocks implements [ledger.Blocks].
func (l *Ledger) FollowBlocks(ctx context.Context, from uint64, visit func(ledger.Block) error) error {
	return l.Follow(ctx, from, func(b Block) error {
		own := ledger.Block{Number: b.Number}
		for i := range b.Transactions {
			t := &b.Transactions[i]
			if t.Batch == nil {
				continue
			}
			batch, err := t.batch()
			if err != nil {
				return fmt.Errorf("fabric: block %d: %w", b.Number, err)
			}
			own.Batches = append(own.Batches, batch)
		}
		return visit(own)
	})
}

// batch gathers the transfers that the transaction wrote.
func (t *Transaction) batch() (ledger.Batch, error) {
	b := ledger.Batch{Header: *t.Batch, Transfers: make([]ledger.Transfer, t.Batch.Size)}
	written := 0
	for i := range t.Results {
		r := &t.Results[i]
		if r.Code != ledger.CodeOK || r.Replayed {
			continue
		}
		at := r.Entry.Locator
		if at.Lane != t.Batch.Lane || at.Batch != t.Batch.Number || int(at.Index) >= len(b.Transfers) {
			return b, fmt.Errorf("%w: transaction %s says that a transfer lies in batch %d", ledger.ErrDamaged, t.ID, at.Batch)
		}
		b.Transfers[at.Index] = r.Entry.Transfer
		written++
	}
	if written != len(b.Transfers) {
		return b, fmt.Errorf("%w: transaction %s tells of %d transfers and its batch has %d", ledger.ErrDamaged, t.ID, written, len(b.Transfers))
	}
	return b, nil
}
