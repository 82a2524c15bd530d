package settlementtest

import (
	"context"
	"errors"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/settlement"
)

// ErrKilled is what everything answers after the kill.
var ErrKilled = errors.New("settlementtest: killed")

// Kill ends a process at one of its writes: with number At, counted from 0, before
// it is done or, when After, before its answer comes. Everything that the process
// writes later fails too. An At below 0 never kills.
type Kill struct {
	At    int
	After bool
	mu    sync.Mutex
	count int
	dead  bool
}

// Reached reports whether it was killed.
func (k *Kill) Reached() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

// Write does a write, unless the process is dead.
func (k *Kill) Write(write func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return ErrKilled
	}
	now := k.count == k.At
	k.count++
	if now {
		k.dead = true
	}
	if now && !k.After {
		return ErrKilled
	}
	if err := write(); err != nil || !now {
		return err
	}
	return ErrKilled
}

// Ledger is a ledger that is written to until the kill.
type Ledger struct {
	*ledgertest.Memory
	Kill *Kill
}

// Submit implements the ledger's Submit.
func (l Ledger) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) (results []ledger.Result, err error) {
	err = l.Kill.Write(func() error {
		results, err = l.Memory.Submit(ctx, who, commands...)
		return err
	})
	return results, err
}

// Store is a store that is written to until the kill.
type Store struct {
	*Memory
	Kill *Kill
}

// SaveSettlements implements [settlement.Store].
func (s Store) SaveSettlements(ctx context.Context, all []settlement.Settlement) error {
	return s.Kill.Write(func() error { return s.Memory.SaveSettlements(ctx, all) })
}
