package lane

import (
	"fmt"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// call is one Submit on its way through the lane. Whoever waits for it and the
// runner share it; everything but done is guarded by the lane's lock, or
// belongs to the waiter once the state is finished.
type call struct {
	caller   ledger.Identity
	commands []ledger.Command
	taken    int // commands handed to batches so far
	results  []ledger.Result
	err      error
	state    state
	// abandoned: the waiter has left; what was not taken is dropped.
	abandoned bool
	done      chan struct{} // one signal when finished and not abandoned

	stream     *stream // while waiting
	prev, next *call   // in the stream
	order      uint64  // of arrival
}

type state uint8

const (
	waiting  state = iota // in a stream
	running               // in the batch under way
	finished              // results or err are set
)

// A call, its channel included, costs an allocation each time otherwise, at
// tens of thousands per second.
var calls = sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }}

func newCall(caller ledger.Identity, commands []ledger.Command) *call {
	c := calls.Get().(*call)
	c.caller, c.commands = caller, commands
	return c
}

// free gives the call back; nobody else may know it any more.
func (c *call) free() {
	*c = call{done: c.done}
	calls.Put(c)
}

// finish takes the outcome out of a finished call and frees it.
func (c *call) finish() ([]ledger.Result, error) {
	results, err := c.results, c.err
	c.free()
	return results, err
}

func (c *call) rest() []ledger.Command { return c.commands[c.taken:] }

// settle notes the outcome of the last n commands taken. A later failure after
// an earlier success leaves the whole call's outcome unknown.
func (c *call) settle(n int, results []ledger.Result, err error) {
	switch first := c.taken == n; {
	case err != nil && first:
		c.err = err
	case err != nil:
		c.err = fmt.Errorf("%w: %d of %d commands were executed, then: %v",
			ledger.ErrOutcomeUnknown, c.taken-n, len(c.commands), err)
	case first && n == len(c.commands):
		c.results = results
	default:
		c.results = append(c.results, results...)
	}
}
