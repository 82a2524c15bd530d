package exchange_test

import (
	"context"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

type mortalStore struct {
	exchange.Store
	life *mortal.Life
}

func (s mortalStore) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	return s.life.Write(func() error { return s.Store.UpdateConversion(ctx, c) })
}

func (s mortalStore) CreateConversions(ctx context.Context, all []*exchange.Conversion) (made []exchange.Creation, err error) {
	err = s.life.Write(func() (err error) { made, err = s.Store.CreateConversions(ctx, all); return err })
	return made, err
}

func (s mortalStore) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	return s.life.Write(func() error { return s.Store.UpdateConversions(ctx, all) })
}

func (s mortalStore) DecideReview(ctx context.Context, c *exchange.Conversion) error {
	return s.life.Write(func() error { return s.Store.DecideReview(ctx, c) })
}

func (s mortalStore) CreateReversal(ctx context.Context, r *exchange.Reversal) (existing *exchange.Reversal, err error) {
	err = s.life.Write(func() (err error) { existing, err = s.Store.CreateReversal(ctx, r); return err })
	return existing, err
}

func (s mortalStore) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	return s.life.Write(func() error { return s.Store.UpdateReversal(ctx, r) })
}

// mortalLedger ends with its life, and plays tricks.
type mortalLedger struct {
	ledger.Ledger
	line mortal.Line
}

func (l mortalLedger) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	return l.line.Submit(ctx, l.Ledger, who, commands)
}

// mortalHost ends with its life.
type mortalHost struct {
	connector.Host
	life *mortal.Life
}

func (h mortalHost) alive() error {
	if h.life.Alive() != nil {
		return &connector.Error{Class: connector.ErrNotSent, Err: mortal.ErrDead}
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
func (w *world) reborn(l *mortal.Life, script func() mortal.Trick) {
	w.t.Helper()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	w.Service.Close(ended) // interrupted, as a dead process is
	o := w.options
	o.Store = mortalStore{w.store, l}
	o.Ledger = mortalLedger{w.ledger, mortal.Line{Life: l, Script: script}}
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
