package fabric

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// Check implements [ledger.Ledger].
func (l *Ledger) Check(ctx context.Context, caller ledger.Identity, command ledger.Command) (ledger.Result, error) {
	if err := l.admit(caller); err != nil {
		return ledger.Result{}, err
	}
	sound, results := screen([]ledger.Command{command})
	if len(sound) == 0 {
		return results[0], nil
	}
	if l.closed.Load() {
		return ledger.Result{}, ledger.ErrClosed
	}
	t, err := l.wouldBe(ctx, sound[0])
	if err != nil {
		return ledger.Result{}, err
	}
	r := codec.BatchRequest{Lane: t.Lane, Epoch: t.Epoch, Subject: caller.Subject, SignedAt: l.opts.Timer(), Commands: sound}
	a, err := l.ask(ctx, l.link.signers[caller.MSP], l.home(), codec.FunctionBatch, r.Encode())
	if err != nil {
		return ledger.Result{}, err
	}
	tx := &endorsed{answers: []*answer{a}}
	if err := tx.read(l.opts.Profile.Channel); err != nil {
		return ledger.Result{}, err
	}
	return tx.results[0], nil
}

// Find implements [ledger.Ledger].
func (l *Ledger) Find(ctx context.Context, id ledger.ID) (ledger.Entry, error) {
	entries, err := l.find(ctx, []ledger.ID{id})
	if err != nil {
		return ledger.Entry{}, err
	}
	if entries[0] == nil {
		return ledger.Entry{}, notFound("transfer", id)
	}
	return *entries[0], nil
}

// find looks up many transfers; nil for one that is not there.
func (l *Ledger) find(ctx context.Context, ids []ledger.ID) (entries []*ledger.Entry, err error) {
	for len(ids) > 0 {
		n := min(len(ids), codec.FindMax)
		a, err := l.query(ctx, codec.FunctionFind, codec.FindRequest(ids[:n]).Encode())
		if err != nil {
			return nil, err
		}
		found, err := codec.DecodeFound(a.response, n)
		if err != nil {
			return nil, err
		}
		entries, ids = append(entries, found...), ids[n:]
	}
	return entries, nil
}

// Transfers implements [ledger.Ledger].
func (l *Ledger) Transfers(ctx context.Context, window ledger.Date, visit func(ledger.Entry) error) error {
	return chaincode.Transfers(&remote{ctx: ctx, ledger: l}, window, func(e ledger.Entry) error {
		return errors.Join(ctx.Err(), visit(e))
	})
}

// balanceTries is how often balances are read while others write, before writing
// has to wait.
const balanceTries = 3

// Balances implements [ledger.Ledger]. They are all of one instant: they are
// read, page by page, until nothing was written meanwhile, and in the end while
// the lane waits. All are in memory before the first is visited.
func (l *Ledger) Balances(ctx context.Context, programme string, visit func(ledger.Balance) error) error {
	all, still, err := l.balances(ctx, programme)
	for range balanceTries - 1 {
		if still || err != nil {
			break
		}
		all, still, err = l.balances(ctx, programme)
	}
	if !still && err == nil {
		l.writing.Lock()
		all, still, err = l.balances(ctx, programme)
		l.writing.Unlock()
	}
	if err == nil && !still {
		err = errors.New("fabric: another process writes while balances are read; try again")
	}
	for i := 0; i < len(all) && err == nil; i++ {
		err = errors.Join(ctx.Err(), visit(all[i]))
	}
	return err
}

// balances reads them once, and tells whether the state stood still.
func (l *Ledger) balances(ctx context.Context, programme string) (all []ledger.Balance, still bool, err error) {
	r := &remote{ctx: ctx, ledger: l}
	err = chaincode.Balances(r, programme, func(b ledger.Balance) error {
		all = append(all, b)
		return nil
	})
	return all, !r.moved, err
}
