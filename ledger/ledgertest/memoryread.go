package ledgertest

import (
	"context"
	"crypto/ed25519"
	"errors"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// look reads while nobody writes. It is exclusive because a store sorts its keys
// when they are asked for.
func look[T any](ctx context.Context, m *Memory, read func(*Store) (T, error)) (none T, err error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return none, ledger.ErrClosed
	}
	return read(m.store)
}

// collect reads a list, so that a visitor may call the ledger.
func collect[T any](ctx context.Context, m *Memory, read func(*Store, func(T) error) error, visit func(T) error) error {
	all, err := look(ctx, m, func(s *Store) (all []T, err error) {
		err = read(s, func(v T) error { all = append(all, v); return nil })
		return all, err
	})
	for i := 0; i < len(all) && err == nil; i++ {
		err = errors.Join(ctx.Err(), visit(all[i]))
	}
	return err
}

// Find implements [ledger.Ledger].
func (m *Memory) Find(ctx context.Context, id ledger.ID) (ledger.Entry, error) {
	return look(ctx, m, func(s *Store) (ledger.Entry, error) { return chaincode.Find(s, id) })
}

// Transfers implements [ledger.Ledger].
func (m *Memory) Transfers(ctx context.Context, window ledger.Date, visit func(ledger.Entry) error) error {
	return collect(ctx, m, func(s *Store, v func(ledger.Entry) error) error { return chaincode.Transfers(s, window, v) }, visit)
}

// Alliance implements [ledger.Ledger].
func (m *Memory) Alliance(ctx context.Context) (ledger.Alliance, error) {
	return look(ctx, m, func(s *Store) (ledger.Alliance, error) { return chaincode.Alliance(s) })
}

// Partners implements [ledger.Ledger].
func (m *Memory) Partners(ctx context.Context) ([]ledger.Partner, error) {
	return look(ctx, m, func(s *Store) ([]ledger.Partner, error) { return chaincode.Partners(s) })
}

// Agreements implements [ledger.Ledger].
func (m *Memory) Agreements(ctx context.Context) ([]ledger.Agreement, error) {
	return look(ctx, m, func(s *Store) ([]ledger.Agreement, error) { return chaincode.Agreements(s) })
}

// Account implements [ledger.Ledger].
func (m *Memory) Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error) {
	return look(ctx, m, func(s *Store) (ledger.AccountState, error) { return chaincode.Account(s, account) })
}

// Position implements [ledger.Ledger].
func (m *Memory) Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error) {
	return look(ctx, m, func(s *Store) (ledger.Position, error) { return chaincode.Position(s, partner, window) })
}

// Window implements [ledger.Ledger].
func (m *Memory) Window(ctx context.Context, window ledger.Date) (ledger.Window, error) {
	return look(ctx, m, func(s *Store) (ledger.Window, error) { return chaincode.Window(s, window) })
}

// Balances implements [ledger.Ledger].
func (m *Memory) Balances(ctx context.Context, programme string, visit func(ledger.Balance) error) error {
	return collect(ctx, m, func(s *Store, v func(ledger.Balance) error) error { return chaincode.Balances(s, programme, v) }, visit)
}

// Receipt implements [ledger.Ledger].
func (m *Memory) Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error) {
	return look(ctx, m, func(s *Store) (ledger.Receipt, error) { return m.receipt(s, id) })
}

func (m *Memory) receipt(s *Store, id ledger.ID) (ledger.Receipt, error) {
	e, err := chaincode.Find(s, id)
	if err != nil {
		return ledger.Receipt{}, err
	}
	header, records, err := chaincode.Batch(s, e.Locator.Lane, e.Locator.Batch)
	if err != nil {
		return ledger.Receipt{}, err
	}
	r := ledger.Receipt{
		Version: ledger.ReceiptVersion, Ledger: "embedded", Transfer: e.Transfer,
		Record: records[e.Locator.Index], Index: e.Locator.Index, Block: m.blocks[header.Tx], Batch: header,
	}
	leaves := make([]ledger.Hash, len(records))
	for i, b := range records {
		leaves[i] = ledger.LeafHash(b)
	}
	r.BatchPath = ledger.MerklePath(leaves, int(e.Locator.Index))
	r.Checkpoint, err = m.proof(s, e.Locator)
	r.Provisional = r.Checkpoint == nil
	return r, err
}

// proof leads from a batch to its checkpoint; nil when there is none yet.
func (m *Memory) proof(s *Store, at ledger.Locator) (*ledger.CheckpointProof, error) {
	record, err := chaincode.Covering(s, at.Lane, at.Batch)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var leaves []ledger.Hash
	for n := record.First; n <= record.Last; n++ {
		h, _, err := chaincode.Batch(s, at.Lane, n)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, h.Leaf())
	}
	return &ledger.CheckpointProof{
		Record: record, Path: ledger.MerklePath(leaves, int(at.Batch-record.First)),
		Signature: &ledger.Signature{KeyID: m.keyID(), Value: ed25519.Sign(m.key, record.Statement())},
	}, nil
}

// Settlement implements [ledger.Ledger].
func (m *Memory) Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error) {
	return look(ctx, m, func(s *Store) (ledger.Settlement, error) { return chaincode.Settlement(s, partner, window) })
}

// Due implements [ledger.Ledger].
func (m *Memory) Due(ctx context.Context, partner string) (ledger.SettlementDue, error) {
	return look(ctx, m, func(s *Store) (ledger.SettlementDue, error) { return chaincode.Due(s, partner) })
}

// Adjustments implements [ledger.Ledger].
func (m *Memory) Adjustments(ctx context.Context) ([]ledger.Adjustment, error) {
	return look(ctx, m, func(s *Store) ([]ledger.Adjustment, error) { return chaincode.Adjustments(s) })
}
