package fabric

import (
	"sync"
	"sync/atomic"
)

// turns are the locks of the lanes: a lane has one transaction under way.
type turns struct {
	mu     sync.Mutex
	byLane map[uint32]*laneTurn
}

// laneTurn is the lock of a lane.
type laneTurn struct {
	sync.Mutex
	// doubt says that a batch may have ended with its outcome unknown, if only one of a
	// process before this one, and nothing has been written in the lane since that would
	// make its transaction invalid.
	doubt atomic.Bool
}

func (t *turns) of(lane uint32) *laneTurn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byLane == nil {
		t.byLane = map[uint32]*laneTurn{}
	}
	m := t.byLane[lane]
	if m == nil {
		m = &laneTurn{}
		m.doubt.Store(true)
		t.byLane[lane] = m
	}
	return m
}

// turn is a transaction's time on the network.
type turn struct {
	ledger *Ledger
	lane   *laneTurn
	only   bool // transaction of this process under way
}

// crowdedAttempts is after how many attempts a batch is carried out with no other
// of this process: what it writes, or reads, batches of other lanes write.
const crowdedAttempts = 3

func (l *Ledger) turn(lane uint32, only bool) *turn {
	t := &turn{ledger: l, lane: l.turns.of(lane), only: only}
	t.lane.Lock()
	if only {
		l.writing.Lock()
	} else {
		l.writing.RLock()
	}
	return t
}

// alone waits until no other transaction of this process is under way.
func (t *turn) alone() {
	if t.only {
		return
	}
	t.ledger.writing.RUnlock()
	t.ledger.writing.Lock()
	t.only = true
}

func (t *turn) end() {
	if t.only {
		t.ledger.writing.Unlock()
	} else {
		t.ledger.writing.RUnlock()
	}
	t.lane.Unlock()
}
