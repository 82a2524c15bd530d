package mall

import (
	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// scanPage is how many unfinished workflows are read at a time.
const scanPage = 256

// recoverAll takes up, now and from time to time, what is unfinished and in
// nobody's hands: left by an earlier process, or laid down.
func (m *Mall) recoverAll() {
	for {
		m.recoverOrders()
		m.recoverReturns()
		if !workflow.Sleep(m.shift.Ctx, m.shift.Stopping, m.o.RescanEvery) {
			return
		}
	}
}

func (m *Mall) recoverOrders() {
	room := make(chan struct{}, m.o.RecoveryMax)
	for after := (ledger.ID{}); !m.stopping(); {
		page, err := m.o.Store.UnfinishedMallOrders(m.shift.Ctx, m.now(), after, scanPage)
		if err != nil {
			m.o.Logger.Error("unfinished orders could not be read", "error", err)
		}
		if len(page) == 0 {
			return
		}
		for _, o := range page {
			after = o.ID
			revive(m, m.orders, o.ID, room)
		}
	}
}

func (m *Mall) recoverReturns() {
	room := make(chan struct{}, m.o.RecoveryMax)
	for after := (ledger.ID{}); !m.stopping(); {
		page, err := m.o.Store.UnfinishedReturns(m.shift.Ctx, after, scanPage)
		if err != nil {
			m.o.Logger.Error("unfinished returns could not be read", "error", err)
		}
		if len(page) == 0 {
			return
		}
		for _, r := range page {
			after = r.ID
			revive(m, m.returns, r.ID, room)
		}
	}
}

func (m *Mall) stopping() bool {
	select {
	case <-m.shift.Stopping:
		return true
	default:
		return false
	}
}

// revive takes up a workflow that nobody is at, once there is room for it.
func revive[T any](m *Mall, c *crew[T], id ledger.ID, room chan struct{}) {
	if c.at(id) != nil {
		return
	}
	select {
	case room <- struct{}{}:
	case <-m.shift.Stopping:
		return
	}
	j, mine := c.take(id, func() { <-room })
	if !mine {
		<-room
		return
	}
	j.once = true
	if err := c.resume(m.shift.Ctx, j); err != nil {
		m.o.Logger.Error("an unfinished workflow could not be read", "id", id.String(), "error", err)
	}
}
