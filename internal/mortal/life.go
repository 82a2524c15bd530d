package mortal

import (
	"errors"
	"sync/atomic"
)

// ErrDead is what a dead process gets for all that it tries.
var ErrDead = errors.New("the process is dead")

// Life is that of one process in a test: from its End-th write on it is dead, and
// nothing that it still does has any effect. The zero Life never ends.
type Life struct {
	End   int64 // the write at which it ends; 0 is never
	After bool  // just after the write, or just before

	writes atomic.Int64
	dead   atomic.Bool
}

// Write does a write, unless the process is dead or dies just before it.
func (l *Life) Write(do func() error) error {
	if l.dead.Load() {
		return ErrDead
	}
	due := l.End > 0 && l.writes.Add(1) == l.End
	if due && !l.After {
		l.dead.Store(true)
		return ErrDead
	}
	err := do()
	if due {
		l.dead.Store(true)
		return ErrDead
	}
	return err
}

// Alive returns [ErrDead] once the process is dead.
func (l *Life) Alive() error {
	if l.dead.Load() {
		return ErrDead
	}
	return nil
}

// Writes returns how many writes began in a life that has an end.
func (l *Life) Writes() int64 { return l.writes.Load() }
