package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

var _ projection.Store = (*Store)(nil)

const (
	selectCheckpoint = `SELECT height, block, root FROM ledger_checkpoint WHERE name = 'ledger'`
	upsertCheckpoint = `INSERT INTO ledger_checkpoint (name, height, block, root) VALUES ('ledger', $1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET height = excluded.height, block = excluded.block, root = excluded.root`
	addToLot = `INSERT INTO ledger_lots (account, expiry, amount, held) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, expiry) DO UPDATE SET amount = ledger_lots.amount + excluded.amount, held = ledger_lots.held + excluded.held`
	cutTransfers = `DELETE FROM ledger_transfers WHERE block >= $1`
	cutLots      = `DELETE FROM ledger_lots`

	selectLots = `SELECT account, expiry, amount, held FROM ledger_lots
		WHERE account >= $1 AND (account > $2 OR expiry > $3) ORDER BY account, expiry LIMIT $4`
	selectLotsOfAccount = `SELECT account, expiry, amount, held FROM ledger_lots
		WHERE account = $1 AND (amount <> 0 OR held <> 0) ORDER BY expiry`
)

// errNoCheckpoint never leaves this file: an empty copy has none.
var errNoCheckpoint = errors.New("sqlstore: no checkpoint")

// Checkpoint implements [projection.Store].
func (s *Store) Checkpoint(ctx context.Context) (projection.Checkpoint, error) {
	at, err := one(ctx, s.reader, scanCheckpoint, errNoCheckpoint, selectCheckpoint)
	if errors.Is(err, errNoCheckpoint) {
		return projection.Checkpoint{}, nil
	}
	if err != nil {
		return projection.Checkpoint{}, fmt.Errorf("sqlstore: checkpoint: %w", err)
	}
	return *at, nil
}

func scanCheckpoint(row scanner) (*projection.Checkpoint, error) {
	var at projection.Checkpoint
	var height, block natural
	err := row.Scan(&height, &block, (*hashColumn)(&at.Root))
	at.Height, at.Block = uint64(height), uint64(block)
	return &at, err
}

// Apply implements [projection.Store].
func (s *Store) Apply(ctx context.Context, g projection.Group) error {
	statements := make([]statement, 0, len(g.Rows)+len(g.Lots)+1)
	// All arguments have one home: a slice for each row would be most of the cost
	// outside SQL.
	args := make([]any, 0, transferWidth*len(g.Rows))
	for i := range g.Rows {
		begin := len(args)
		args = transferArgs(args, &g.Rows[i])
		statements = append(statements, stmt(insertTransfer, args[begin:len(args):len(args)]...))
	}
	_, err := s.writer.do(ctx, changed(statements, g.Lots, &g.Checkpoint)...)
	return err
}

// Cut implements [projection.Store].
func (s *Store) Cut(ctx context.Context, c projection.Cut) error {
	_, err := s.writer.do(ctx, changed([]statement{stmt(cutTransfers, int64(c.Block))}, c.Lots, &c.Checkpoint)...)
	return err
}

// Reset implements [projection.Store].
func (s *Store) Reset(ctx context.Context) error {
	_, err := s.writer.do(ctx, changed([]statement{stmt(cutTransfers, int64(0)), stmt(cutLots)}, nil, &projection.Checkpoint{})...)
	return err
}

// changed adds what changes lots and checkpoint.
func changed(statements []statement, lots []projection.Lot, at *projection.Checkpoint) []statement {
	for i := range lots {
		l := &lots[i]
		statements = append(statements, stmt(addToLot, l.Account[:], int64(l.Expiry), l.Amount, l.Held))
	}
	return append(statements, stmt(upsertCheckpoint, int64(at.Height), int64(at.Block), at.Root[:]))
}

// Lots implements [projection.Store].
func (s *Store) Lots(ctx context.Context, after *projection.Lot, limit int) ([]projection.Lot, error) {
	var account ledger.Account
	expiry := int64(-1)
	if after != nil {
		account, expiry = after.Account, int64(after.Expiry)
	}
	return values(list(ctx, s.reader, scanLot, selectLots, account[:], account[:], expiry, int64(max(limit, 0))))
}

// Account implements [projection.Store].
func (s *Store) Account(ctx context.Context, account ledger.Account) ([]projection.Lot, error) {
	return values(list(ctx, s.reader, scanLot, selectLotsOfAccount, account[:]))
}

func scanLot(row scanner) (*projection.Lot, error) {
	var l projection.Lot
	var expiry natural
	// Amounts are taken as they are: [projection.Verify] names the wrong ones.
	if err := row.Scan((*accountColumn)(&l.Account), &expiry, &l.Amount, &l.Held); err != nil {
		return nil, fmt.Errorf("sqlstore: lot: %w", err)
	}
	l.Expiry = ledger.Month(expiry)
	if natural(l.Expiry) != expiry {
		return nil, fmt.Errorf("sqlstore: lot: column expiry: %d is not a month", expiry)
	}
	return &l, nil
}

// values returns what a list points to.
func values[T any](all []*T, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	own := make([]T, len(all))
	for i, v := range all {
		own[i] = *v
	}
	return own, nil
}
