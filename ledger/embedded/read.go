package embedded

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// view runs f over the state as it is now, unless the ledger is closed.
func (l *Ledger) view(ctx context.Context, f func(*snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return ledger.ErrClosed
	}
	l.readers.Add(1)
	l.mu.RUnlock()
	defer l.readers.Done()
	s := l.store.snapshot()
	return errors.Join(f(s), s.close())
}

// read is a view with a result.
func read[T any](ctx context.Context, l *Ledger, f func(chaincode.Reader) (T, error)) (result T, err error) {
	err = l.view(ctx, func(s *snapshot) (err error) {
		result, err = f(s)
		return err
	})
	return result, err
}

// attentive is visit, ending with the context.
func attentive[T any](ctx context.Context, visit func(T) error) func(T) error {
	return func(v T) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return visit(v)
	}
}

// Check implements [ledger.Ledger].
func (l *Ledger) Check(ctx context.Context, caller ledger.Identity, command ledger.Command) (ledger.Result, error) {
	return read(ctx, l, func(r chaincode.Reader) (ledger.Result, error) {
		epoch, err := chaincode.Epoch(r, laneNumber)
		if err != nil {
			return ledger.Result{}, err
		}
		tx := chaincode.Tx{ID: "check", At: l.now(), Caller: caller, Lane: laneNumber, Epoch: epoch}
		results, err := chaincode.Apply(tx, &transaction{Reader: r}, []ledger.Command{command})
		if err != nil {
			return ledger.Result{}, err
		}
		return results[0], nil
	})
}

// Find implements [ledger.Ledger].
func (l *Ledger) Find(ctx context.Context, id ledger.ID) (ledger.Entry, error) {
	return read(ctx, l, func(r chaincode.Reader) (ledger.Entry, error) { return chaincode.Find(r, id) })
}

// Transfers implements [ledger.Ledger]. What is written meanwhile is not among
// them.
func (l *Ledger) Transfers(ctx context.Context, window ledger.Date, visit func(ledger.Entry) error) error {
	return l.view(ctx, func(s *snapshot) error { return chaincode.Transfers(s, window, attentive(ctx, visit)) })
}

// Balances implements [ledger.Ledger]. They are all of one instant.
func (l *Ledger) Balances(ctx context.Context, programme string, visit func(ledger.Balance) error) error {
	return l.view(ctx, func(s *snapshot) error { return chaincode.Balances(s, programme, attentive(ctx, visit)) })
}

// State calls visit for every key of the contract, in ascending order and all of
// one instant, and stops at the first error, which it returns.
func (l *Ledger) State(ctx context.Context, visit func(key string, value []byte) error) error {
	return l.view(ctx, func(s *snapshot) (err error) {
		const first = " " // keys of the home itself lie before
		fault := s.Range("", first, func(key string, value []byte) bool {
			if err = ctx.Err(); err == nil {
				err = visit(key, value)
			}
			return err == nil
		})
		return errors.Join(err, fault)
	})
}

// Blocks calls visit for every block from a number on, in order, and stops at
// the first error, which it returns. What is written meanwhile may not be among
// them. A block that cannot be read is a *[DamageError].
func (l *Ledger) Blocks(ctx context.Context, from uint64, visit func(Block) error) error {
	return l.view(ctx, func(*snapshot) error {
		return l.chain.read(from, func(h header) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := h.Decode(); err != nil {
				return err
			}
			return visit(h.Block)
		})
	})
}
