package ledgertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Lanes implements [ledger.Laned].
func (m *Memory) Lanes(ctx context.Context) (uint32, error) {
	a, err := m.Alliance(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return 1, nil
	}
	return a.Lanes, err
}

// Route implements [ledger.Laned].
func (m *Memory) Route(ctx context.Context, commands ...ledger.Command) ([]uint32, error) {
	lanes, err := m.Lanes(ctx)
	numbers := make([]uint32, len(commands))
	for i, c := range commands {
		numbers[i] = ledger.RouteOf(c.Body, lanes)
	}
	return numbers, err
}

// TakeLane implements [ledger.Laned].
func (m *Memory) TakeLane(ctx context.Context, lane uint32, epoch uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	caller := ledger.Identity{}
	if a, err := m.Alliance(ctx); err == nil {
		caller.MSP = a.MSP
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var random [10]byte
	rand.Read(random[:])
	tx := m.tx(lane, caller)
	tx.Epoch = epoch
	r, err := m.apply(tx, []ledger.Command{{ID: ledger.NewID(m.clock(), random), Body: &ledger.TakeLane{}}})
	switch {
	case err != nil:
		return err
	case r[0].Code == ledger.CodeFenced:
		return fmt.Errorf("%w: %s", ledger.ErrFenced, r[0].Message)
	case r[0].Code != ledger.CodeOK && r[0].Code != ledger.CodeNotInitialised:
		return fmt.Errorf("ledgertest: lane %d was not taken: %s", lane, r[0].Message)
	}
	m.epochs[lane], m.left[lane] = epoch, nil
	return nil
}

// LeaveLane implements [ledger.Laned].
func (m *Memory) LeaveLane(ctx context.Context, lane uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left[lane] == nil {
		m.left[lane] = fmt.Errorf("%w: lane %d was left", ledger.ErrNotOwner, lane)
	}
	return ctx.Err()
}

// SubmitLane implements [ledger.Laned].
func (m *Memory) SubmitLane(ctx context.Context, lane uint32, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.submit(lane, caller, commands)
}
