package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/ledger/reads"
)

// errFenced is what a process gets whose slot was taken from it.
var errFenced = errors.New("simulation: the slot has another owner")

// chain is the ledger: the real contract over a state in memory, in batches, each of
// which is there as a whole or not at all.
type chain struct {
	w *world
	reads.Reads

	mu    sync.Mutex // guards the store, which is read by many
	store *ledgertest.Store

	// The rest belongs to the schedule.
	queue   []*submission
	running bool
	at      int64
	height  uint64
	answers uint64         // batches that were executed, whatever they wrote
	fences  map[int]uint64 // tokens by slot, below which nobody writes
	entries []ledger.Entry // as they were written, whatever can be read later
	windows []ledger.Date  // the one that was open when each was written
	open    ledger.Date
}

// submission is a call that waits to be executed.
type submission struct {
	who      ledger.Identity
	commands []ledger.Command
	slot     int // -1 for who is no gateway
	token    uint64
	epoch    uint64 // under which the lane's owner gives it
	done     func([]ledger.Result, error)
}

func newChain(w *world) *chain {
	c := &chain{w: w, store: ledgertest.NewStore(), fences: map[int]uint64{}}
	c.Reads = reads.Of(func(ctx context.Context, use func(chaincode.Reader) error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return use(c.store)
	})
	return c
}

func (c *chain) give(s *submission) {
	c.queue = append(c.queue, s)
	if !c.running {
		c.start()
	}
}

// start begins a batch, of which the last word is said when it is durable.
func (c *chain) start() {
	c.running = true
	c.w.after(c.w.dice("ledger batch").between(2*time.Millisecond, 40*time.Millisecond), "ledger batch", c.commit)
}

func (c *chain) commit() {
	c.running = false
	batch := c.take()
	if len(c.queue) > 0 {
		defer c.start()
	}
	if len(batch) == 0 {
		return
	}
	var commands []ledger.Command
	for _, s := range batch {
		commands = append(commands, s.commands...)
	}
	d := c.w.dice("ledger disk")
	broken := c.w.faults("ledger") && d.one(c.w.odds.disk)
	if broken && d.one(2) {
		c.w.note("ledger: disk error, %d commands are lost", len(commands))
		c.answer(batch, nil, ledger.ErrOutcomeUnknown)
		return
	}
	results, err := c.apply(batch[0].who, batch[0].epoch, commands)
	if err == nil && broken {
		c.w.note("ledger: disk error after %d commands were written", len(commands))
		err = ledger.ErrOutcomeUnknown
	}
	c.answer(batch, results, err)
}

// take takes calls of one caller that may be executed together, in their order.
func (c *chain) take() (batch []*submission) {
	rest := c.queue[:0]
	for _, s := range c.queue {
		switch {
		case s.slot >= 0 && c.stale(s):
			c.w.note("ledger: refuses slot %d with token %d", s.slot, s.token)
			s.done(nil, errFenced)
		case len(batch) == 0, batch[0].who == s.who && batch[0].epoch == s.epoch && !solitary(batch[0]) && !solitary(s):
			batch = append(batch, s)
		default:
			rest = append(rest, s)
		}
	}
	c.queue = rest
	return batch
}

func (c *chain) stale(s *submission) bool {
	return c.w.o.plant != LeaseWithoutFence && c.fences[s.slot] > s.token
}

func solitary(s *submission) bool {
	return slices.ContainsFunc(s.commands, func(c ledger.Command) bool { return c.Body.Kind().Alone() })
}

func (c *chain) answer(batch []*submission, results []ledger.Result, err error) {
	for _, s := range batch {
		if err != nil {
			s.done(nil, err)
			continue
		}
		s.done(results[:len(s.commands):len(s.commands)], nil)
		results = results[len(s.commands):]
	}
}

// apply executes commands as one transaction, and checks the laws of the ledger.
func (c *chain) apply(who ledger.Identity, epoch uint64, commands []ledger.Command) ([]ledger.Result, error) {
	c.at = max(c.at, c.w.now().UnixMilli())
	tx := chaincode.Tx{ID: ledger.EmbeddedTx(c.height), At: c.at, Caller: who, Epoch: epoch}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers++
	t := c.store.Begin()
	results, err := chaincode.Apply(tx, t, commands)
	if err != nil {
		c.w.violate("the contract failed: %v", err)
		return nil, err
	}
	if results[0].Code == ledger.CodeFenced {
		c.w.note("ledger: refuses %d commands under epoch %d", len(commands), epoch)
		return nil, errFenced
	}
	c.w.o.plant.spoilWrites(t)
	if len(t.Writes) > 0 {
		c.height++
	}
	t.Commit()
	for i := range results {
		c.record(&commands[i], &results[i])
	}
	c.w.checkLedger(c.store)
	return results, nil
}

func (c *chain) record(command *ledger.Command, r *ledger.Result) {
	if r.Code != ledger.CodeOK {
		c.w.note("ledger: %s %s refused, %s", command.Body.Kind(), command.ID, r.Code)
		return
	}
	c.w.note("ledger: %s %s, replayed %t", command.Body.Kind(), command.ID, r.Replayed)
	if r.Replayed || !command.Body.Kind().Recorded() {
		return
	}
	if i, ok := command.Body.(*ledger.Initialise); ok {
		c.open = i.Window
	}
	c.entries = append(c.entries, r.Entry)
	c.windows = append(c.windows, c.open)
	if w, ok := command.Body.(*ledger.CloseWindow); ok {
		c.open = w.Next
	}
}

// check says how a command would end now.
func (c *chain) check(who ledger.Identity, command ledger.Command) (ledger.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	epoch, err := chaincode.Epoch(c.store, 0)
	if err != nil {
		return ledger.Result{}, err
	}
	tx := chaincode.Tx{ID: ledger.EmbeddedTx(c.height), At: max(c.at, c.w.now().UnixMilli()), Caller: who, Epoch: epoch}
	results, err := chaincode.Apply(tx, c.store.Begin(), []ledger.Command{command})
	if err != nil {
		return ledger.Result{}, err
	}
	return results[0], nil
}

func (c *chain) find(id ledger.ID) (ledger.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return chaincode.Find(c.store, id)
}

// transfers are those of a window, as the contract says.
func (c *chain) transfers(window ledger.Date) (all []ledger.Entry, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err = chaincode.Transfers(c.store, window, func(e ledger.Entry) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

func (c *chain) balances(programme string) (all []ledger.Balance, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err = chaincode.Balances(c.store, programme, func(b ledger.Balance) error {
		all = append(all, b)
		return nil
	})
	return all, err
}

// epoch is that under which the lane is owned.
func (c *chain) epoch() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	epoch, err := chaincode.Epoch(c.store, 0)
	if err != nil {
		c.w.violate("the lane's epoch cannot be read: %v", err)
	}
	return epoch
}

// found gives a command before anything can go wrong.
func (c *chain) found(who ledger.Identity, id ledger.ID, body ledger.Body) ledger.ID {
	results, err := c.apply(who, 0, []ledger.Command{{ID: id, Body: body}})
	if err == nil && results[0].Code != ledger.CodeOK {
		err = fmt.Errorf("%s: %s", results[0].Code, results[0].Message)
	}
	if err != nil {
		c.w.violate("the alliance cannot be founded: %s: %v", body.Kind(), err)
	}
	return id
}
