package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// order is a conversion that somebody wants, and what they know of it.
type order struct {
	name   string // the idempotency key
	way    way
	member int
	amount int64

	id        ledger.ID
	heard     exchange.Status // the end that was acknowledged; empty while there is none
	refused   bool
	partly    int64 // how much of it is to be reversed then, 0 for nothing
	reversed  exchange.Status
	reversing ledger.ID
}

// model is what the world outside of the gateways knows.
type model struct {
	mu     *sync.Mutex
	orders []*order
	pushed map[string]int64 // what tele moved for an order by itself: debits and credits
	spent  map[string]int64 // by membership
	gave   map[string]int   // commands that a process gave before, for a bug
	busy   int              // clients
}

func newModel() model {
	return model{mu: &sync.Mutex{}, pushed: map[string]int64{}, spent: map[string]int64{}, gave: map[string]int{}}
}

// given counts how often a process gave a command.
func (m *model) given(process string, id ledger.ID) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := process + id.String()
	m.gave[key]++
	return m.gave[key] - 1
}

// client asks for one conversion after another, and for each until it knows its end.
func (w *world) client(n int) {
	for i := range w.odds.orders {
		o := w.newOrder(fmt.Sprintf("c%d.%d", n, i))
		w.sleep(w.dice(o.name+" begins").between(0, 12*time.Second), o.name+" begins")
		if w.prepare(o); o.refused {
			continue
		}
		if w.convert(o); o.heard == exchange.Completed && o.partly > 0 {
			w.reverse(o)
		}
	}
	w.after(0, fmt.Sprintf("client %d ends", n), func() { w.model.busy-- })
}

func (w *world) newOrder(name string) *order {
	d := w.dice(name)
	o := &order{name: name, way: ways[d.IntN(len(ways))], member: d.IntN(len(w.members)), amount: 10 * (1 + d.Int64N(300))}
	if d.one(2) {
		o.partly = 1 + d.Int64N(o.amount)
	}
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	w.model.orders = append(w.model.orders, o)
	return o
}

// pick chooses a gateway that runs, nil if none does.
func (w *world) pick(name string) *process {
	d := w.dice(name + " picks")
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.gateways[d.IntN(len(w.gateways))]; p != nil && !p.dead {
		return p
	}
	return nil
}

// hears blocks until a process's answer arrives, and reports whether it does.
func (w *world) hears(p *process, name string) bool {
	on := make(chan bool, 1)
	var arrive func()
	d := w.dice(name + " hears")
	lost := w.faults("client") && d.one(w.odds.loss)
	arrive = func() {
		if rest := p.paused - w.elapsed(); rest > 0 && !p.dead {
			w.after(rest, name+" hears", arrive)
			return
		}
		on <- !p.dead && !lost
	}
	w.after(d.between(time.Millisecond, 20*time.Millisecond), name+" hears", arrive)
	return await(w.schedule, on)
}

// ask gives a request to some gateway again and again, until try says that its answer
// is the last.
func (w *world) ask(name string, try func(p *process) (answered func() (last bool))) {
	for {
		if p := w.pick(name); p != nil {
			answered := try(p)
			if w.hears(p, name) && answered() {
				return
			}
		}
		w.sleep(w.dice(name+" waits").between(100*time.Millisecond, 3*time.Second), name+" waits")
	}
}

// prepare moves what a partner that pushes moves before it asks.
func (w *world) prepare(o *order) {
	member := membership("tele", w.members[o.member].number)
	books := w.books["tele"]
	switch "TELE" {
	case o.way.source:
		if books.move(false, member, o.amount) != "" {
			o.refused = true
			return
		}
		w.push(o, -o.amount)
	case o.way.destination:
		to, ok := w.estimate(o)
		if !ok {
			o.refused = true
			return
		}
		books.move(true, member, to)
		w.push(o, to)
	}
}

func (w *world) push(o *order, amount int64) {
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	w.model.pushed[o.name] += amount
}

// estimate is what an order gives, as the agreements say.
func (w *world) estimate(o *order) (to int64, ok bool) {
	all, err := w.chain.Agreements(context.Background())
	to = o.amount
	for _, leg := range []struct {
		programme string
		direction ledger.Direction
	}{{o.way.source, ledger.In}, {o.way.destination, ledger.Out}} {
		for i := range all {
			if p, _ := w.registry.ByProgramme(leg.programme); p != nil && all[i].Terms.Partner == p.Code && all[i].Terms.Direction == leg.direction {
				a, code := all[i].Terms.Convert(to, p.Scale)
				if code != ledger.CodeOK {
					return 0, false
				}
				to = a.To
			}
		}
	}
	return to, err == nil
}

func (w *world) convert(o *order) {
	r := exchange.ConvertRequest{Source: o.way.source, Destination: o.way.destination, From: o.amount, LinkID: w.members[o.member].links[o.way.via],
		Idempotency: exchange.Idempotency{Key: o.name, Hash: ledger.Hash{1}}}
	if o.way.party == tele {
		r.Reference = "T-" + o.name
	}
	w.ask(o.name, func(p *process) func() bool {
		c, _, err := p.service.Convert(p.ctx, o.way.party, r, w.dice(o.name+" patience").between(0, 15*time.Second))
		return func() bool {
			w.after(0, o.name+" is told", func() { w.note("%s is told %s by %s", o.name, told(c, err), p.name) })
			var refusal *exchange.Refusal
			switch {
			case errors.As(err, &refusal):
				o.refused = true
			case err == nil && c.Step == exchange.StepDone:
				o.id, o.heard = c.ID, c.Outcome
			default:
				return false
			}
			return true
		}
	})
	if o.heard != exchange.Completed {
		w.pushBack(o)
	}
}

// pushBack undoes what a partner that pushes moved for nothing.
func (w *world) pushBack(o *order) {
	w.model.mu.Lock()
	moved := w.model.pushed[o.name]
	w.model.mu.Unlock()
	if moved != 0 {
		w.books["tele"].balances[membership("tele", w.members[o.member].number)] -= moved
		w.push(o, -moved)
	}
}

func told(c *exchange.Conversion, err error) string {
	if err != nil {
		return err.Error()
	}
	if c.Failure != nil {
		return fmt.Sprintf("%s is %s, %s", c.ID, c.Status, c.Failure.Code)
	}
	return fmt.Sprintf("%s is %s at %s", c.ID, c.Status, c.Step)
}

func (w *world) reverse(o *order) {
	r := exchange.ReverseRequest{Conversion: o.id, Amount: o.partly, Idempotency: exchange.Idempotency{Key: "r-" + o.name, Hash: ledger.Hash{2}}}
	if o.way.party == tele {
		r.Reference = "R-" + o.name
	}
	w.ask("r-"+o.name, func(p *process) func() bool {
		rev, _, err := p.service.Reverse(p.ctx, o.way.party, r, w.dice(o.name+" patience").between(0, 15*time.Second))
		return func() bool {
			w.after(0, o.name+" is told", func() { w.note("%s is told of its reversal by %s: %s", o.name, p.name, toldReversal(rev, err)) })
			var refusal *exchange.Refusal
			switch {
			case errors.As(err, &refusal):
				o.reversed = exchange.Failed
			case err == nil && rev != nil && rev.Step == exchange.StepDone:
				o.reversing, o.reversed = rev.ID, rev.Status
				w.pushReversal(o, rev)
			default:
				return false
			}
			return true
		}
	})
}

func toldReversal(r *exchange.Reversal, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s is %s at %s", r.ID, r.Status, r.Step)
}

// pushReversal moves what a partner that pushes has to move for a reversal.
func (w *world) pushReversal(o *order, r *exchange.Reversal) {
	if r.Status != exchange.Completed {
		return
	}
	member := membership("tele", w.members[o.member].number)
	switch "TELE" {
	case o.way.source:
		w.books["tele"].balances[member] += r.Amount
		w.push(o, r.Amount)
	case o.way.destination:
		w.books["tele"].balances[member] -= r.OutTo
		w.push(o, -r.OutTo)
	}
}
