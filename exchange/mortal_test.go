package exchange_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// life is that of one process in a test: from its n-th write of the store on it
// is dead, and nothing that it still does has any effect.
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

type mortalStore struct {
	exchange.Store
	life *life
}

func (s mortalStore) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	return s.life.write(func() error { return s.Store.UpdateConversion(ctx, c) })
}

func (s mortalStore) CreateConversions(ctx context.Context, all []*exchange.Conversion) (made []exchange.Creation, err error) {
	err = s.life.write(func() (err error) { made, err = s.Store.CreateConversions(ctx, all); return err })
	return made, err
}

func (s mortalStore) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	return s.life.write(func() error { return s.Store.UpdateConversions(ctx, all) })
}

func (s mortalStore) DecideReview(ctx context.Context, c *exchange.Conversion) error {
	return s.life.write(func() error { return s.Store.DecideReview(ctx, c) })
}

func (s mortalStore) CreateReversal(ctx context.Context, r *exchange.Reversal) (existing *exchange.Reversal, err error) {
	err = s.life.write(func() (err error) { existing, err = s.Store.CreateReversal(ctx, r); return err })
	return existing, err
}

func (s mortalStore) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	return s.life.write(func() error { return s.Store.UpdateReversal(ctx, r) })
}

// mortalLedger ends with its life, and misbehaves as its script says.
type mortalLedger struct {
	ledger.Ledger
	life   *life
	script func() ledgerTrick
}

type ledgerTrick uint8

const (
	ledgerBehaves ledgerTrick = iota
	ledgerBusy
	ledgerLoses      // does nothing, and does not know
	ledgerLosesEntry // does it, and does not know
)

func (l mortalLedger) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if l.life != nil && l.life.dead.Load() {
		return nil, errDead
	}
	trick := ledgerBehaves
	if l.script != nil {
		trick = l.script()
	}
	switch trick {
	case ledgerBusy:
		return nil, ledger.ErrBusy
	case ledgerLoses:
		return nil, ledger.ErrOutcomeUnknown
	}
	results, err := l.Ledger.Submit(ctx, who, commands...)
	if trick == ledgerLosesEntry {
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}

// mortalHost ends with its life.
type mortalHost struct {
	connector.Host
	life *life
}

func (h mortalHost) alive() error {
	if h.life.dead.Load() {
		return &connector.Error{Class: connector.ErrNotSent, Err: errDead}
	}
	return nil
}

func (h mortalHost) Debit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	if err := h.alive(); err != nil {
		return connector.Answer{}, err
	}
	return h.Host.Debit(ctx, t)
}

func (h mortalHost) Credit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	if err := h.alive(); err != nil {
		return connector.Answer{}, err
	}
	return h.Host.Credit(ctx, t)
}

func (h mortalHost) Reverse(ctx context.Context, r connector.Reversal) (connector.Answer, error) {
	if err := h.alive(); err != nil {
		return connector.Answer{}, err
	}
	return h.Host.Reverse(ctx, r)
}

// reborn ends the world's process and begins another, which lives as said.
func (w *world) reborn(l *life, script func() ledgerTrick) {
	w.t.Helper()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	w.Service.Close(ended) // interrupted, as a dead process is
	o := w.options
	o.Store = mortalStore{w.store, l}
	o.Ledger = mortalLedger{w.ledger, l, script}
	hosts := w.options.Hosts
	o.Hosts = func(code string) connector.Host {
		if h := hosts(code); h != nil {
			return mortalHost{h, l}
		}
		return nil
	}
	var err error
	w.Service, err = exchange.New(o)
	must(w.t, err)
	service := w.Service
	w.t.Cleanup(func() { service.Close(ended) })
}
