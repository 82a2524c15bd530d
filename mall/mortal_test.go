package mall_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// life is that of one process in a test: from its n-th write of the store on it is
// dead, and nothing that it still does has any effect.
type life struct {
	writes atomic.Int64
	end    int64 // the write at which it ends; 0 is never
	after  bool  // just after the write, or just before
	dead   atomic.Bool
}

var errDead = errors.New("the process is dead")

func (l *life) write(do func() error) error {
	if l.dead.Load() {
		return errDead
	}
	due := l.end > 0 && l.writes.Add(1) == l.end
	if due && !l.after {
		l.dead.Store(true)
		return errDead
	}
	err := do()
	if due {
		l.dead.Store(true)
		return errDead
	}
	return err
}

func (l *life) alive() error {
	if l.dead.Load() {
		return errDead
	}
	return nil
}

type mortalStore struct {
	mall.Store
	life *life
}

func (s mortalStore) CreateMallOrder(ctx context.Context, o *mall.Order) (existing *mall.Order, err error) {
	err = s.life.write(func() (err error) { existing, err = s.Store.CreateMallOrder(ctx, o); return err })
	return existing, err
}

func (s mortalStore) UpdateMallOrder(ctx context.Context, o *mall.Order) error {
	return s.life.write(func() error { return s.Store.UpdateMallOrder(ctx, o) })
}

func (s mortalStore) GiveCodes(ctx context.Context, order ledger.ID, product string, n int64) error {
	return s.life.write(func() error { return s.Store.GiveCodes(ctx, order, product, n) })
}

func (s mortalStore) CreateReturn(ctx context.Context, r *mall.Return) (existing *mall.Return, err error) {
	err = s.life.write(func() (err error) { existing, err = s.Store.CreateReturn(ctx, r); return err })
	return existing, err
}

func (s mortalStore) UpdateReturn(ctx context.Context, r *mall.Return) error {
	return s.life.write(func() error { return s.Store.UpdateReturn(ctx, r) })
}

// mortalLedger ends with its life, and loses answers as its script says.
type mortalLedger struct {
	mall.Ledger
	life   *life
	script func() trick
}

type trick uint8

const (
	behaves trick = iota
	busy
	losesCall
	losesAnswer
)

func (l mortalLedger) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if err := l.life.alive(); err != nil {
		return nil, err
	}
	does := behaves
	if l.script != nil {
		does = l.script()
	}
	switch does {
	case busy:
		return nil, ledger.ErrBusy
	case losesCall:
		return nil, ledger.ErrOutcomeUnknown
	}
	results, err := l.Ledger.Submit(ctx, who, commands...)
	if does == losesAnswer {
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}

// mortalBack ends with its life.
type mortalBack struct {
	mall.Billing
	mall.Payments
	life *life
}

func (b mortalBack) Apply(ctx context.Context, c mall.Credit) (mall.Answer, error) {
	if err := b.life.alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Billing.Apply(ctx, c)
}

func (b mortalBack) Withdraw(ctx context.Context, id ledger.ID) (mall.Answer, error) {
	if err := b.life.alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Billing.Withdraw(ctx, id)
}

func (b mortalBack) Authorise(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	if err := b.life.alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Authorise(ctx, c)
}

func (b mortalBack) Capture(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	if err := b.life.alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Capture(ctx, c)
}

func (b mortalBack) Repay(ctx context.Context, r mall.Repayment) (mall.Answer, error) {
	if err := b.life.alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Repay(ctx, r)
}

// reborn ends the world's process and begins another, which lives as said.
func (w *world) reborn(l *life, script func() trick) {
	w.t.Helper()
	w.shut()
	w.life = l
	o := w.options
	o.Store = mortalStore{w.store, l}
	o.Ledger = mortalLedger{w.ledger, l, script}
	back := mortalBack{w.back, w.back, l}
	o.Billing, o.Payments = back, back
	w.open(o)
}
