package mall

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// Mall is the service. Its methods may be called from many goroutines. One
// service works on a store at a time.
type Mall struct {
	o       Options
	vault   *vault
	shift   *workflow.Shift
	room    chan struct{} // one place for each order or return under way
	orders  *crew[Order]
	returns *crew[Return]
}

// New returns a mall that has not begun yet, or an error that says which option is
// missing or wrong.
func New(o Options) (*Mall, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	v, err := newVault(o.CodeKey, o.Random)
	if err != nil {
		return nil, err
	}
	m := &Mall{o: o, vault: v, shift: workflow.NewShift(), room: make(chan struct{}, o.TotalMax)}
	m.orders = newCrew(m.shift, &o, craft[Order]{what: "order", step: m.stepOrder,
		done: func(x *Order) bool { return x.Step == StepDone }, load: o.Store.MallOrder, save: o.Store.UpdateMallOrder, kept: m.keptOrder})
	m.returns = newCrew(m.shift, &o, craft[Return]{what: "return", step: m.stepReturn,
		done: func(x *Return) bool { return x.Step == StepDone }, load: o.Store.Return, save: o.Store.UpdateReturn, kept: m.keptReturn})
	return m, nil
}

// Start takes up what an earlier process left unfinished, and goes on doing so
// from time to time until [Mall.Close].
func (m *Mall) Start(ctx context.Context) error {
	if _, err := m.o.Store.UnfinishedMallOrders(ctx, m.now(), ledger.ID{}, 1); err != nil {
		return fmt.Errorf("mall: unfinished orders: %w", err)
	}
	if !m.shift.Enter() {
		return errors.New("mall: closed")
	}
	go func() {
		defer m.shift.Leave()
		m.recoverAll()
	}()
	return nil
}

// Close takes no more requests and waits until everything under way has ended or
// stands at a step that is on disk. When ctx ends first it interrupts what is under
// way, which is then taken up again after the next Start.
func (m *Mall) Close(ctx context.Context) error {
	if err := m.shift.End(ctx); err != nil {
		return fmt.Errorf("mall: %w", err)
	}
	return nil
}

// UnderWay returns how many orders and returns are being worked on.
func (m *Mall) UnderWay() int { return len(m.room) }

// newID returns a new ID whose last bits are free for the steps of a workflow.
func (m *Mall) newID() (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(m.o.Random, random[:]); err != nil {
		return ledger.ID{}, fmt.Errorf("mall: randomness: %w", err)
	}
	return ledger.NewID(m.o.Now(), random).Root(), nil
}

func (m *Mall) now() int64 { return m.o.Now().UnixMilli() }
