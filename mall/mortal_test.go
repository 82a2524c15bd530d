package mall_test

import (
	"context"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

type mortalStore struct {
	mall.Store
	life *mortal.Life
}

func (s mortalStore) CreateMallOrder(ctx context.Context, o *mall.Order) (existing *mall.Order, err error) {
	err = s.life.Write(func() (err error) { existing, err = s.Store.CreateMallOrder(ctx, o); return err })
	return existing, err
}

func (s mortalStore) UpdateMallOrder(ctx context.Context, o *mall.Order) error {
	return s.life.Write(func() error { return s.Store.UpdateMallOrder(ctx, o) })
}

func (s mortalStore) GiveCodes(ctx context.Context, order ledger.ID, product string, n int64) error {
	return s.life.Write(func() error { return s.Store.GiveCodes(ctx, order, product, n) })
}

func (s mortalStore) CreateReturn(ctx context.Context, r *mall.Return) (existing *mall.Return, err error) {
	err = s.life.Write(func() (err error) { existing, err = s.Store.CreateReturn(ctx, r); return err })
	return existing, err
}

func (s mortalStore) UpdateReturn(ctx context.Context, r *mall.Return) error {
	return s.life.Write(func() error { return s.Store.UpdateReturn(ctx, r) })
}

// mortalLedger ends with its life, and plays tricks.
type mortalLedger struct {
	mall.Ledger
	line mortal.Line
}

func (l mortalLedger) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	return l.line.Submit(ctx, l.Ledger, who, commands)
}

// mortalBack ends with its life.
type mortalBack struct {
	mall.Billing
	mall.Payments
	life *mortal.Life
}

func (b mortalBack) Apply(ctx context.Context, c mall.Credit) (mall.Answer, error) {
	if err := b.life.Alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Billing.Apply(ctx, c)
}

func (b mortalBack) Withdraw(ctx context.Context, id ledger.ID) (mall.Answer, error) {
	if err := b.life.Alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Billing.Withdraw(ctx, id)
}

func (b mortalBack) Authorise(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	if err := b.life.Alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Authorise(ctx, c)
}

func (b mortalBack) Capture(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	if err := b.life.Alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Capture(ctx, c)
}

func (b mortalBack) Repay(ctx context.Context, r mall.Repayment) (mall.Answer, error) {
	if err := b.life.Alive(); err != nil {
		return mall.Answer{}, err
	}
	return b.Payments.Repay(ctx, r)
}

// reborn ends the world's process and begins another, which lives as said.
func (w *world) reborn(l *mortal.Life, script func() mortal.Trick) {
	w.t.Helper()
	w.shut()
	w.life = l
	o := w.options
	o.Store = mortalStore{w.store, l}
	o.Ledger = mortalLedger{w.ledger, mortal.Line{Life: l, Script: script}}
	back := mortalBack{w.back, w.back, l}
	o.Billing, o.Payments = back, back
	w.open(o)
}
