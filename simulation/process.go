package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
)

// errDead is what a dead process gets for all that it still tries.
var errDead = errors.New("simulation: the process is dead")

// process is one life of a gateway: from its start to its crash.
type process struct {
	w       *world
	gateway int
	name    string // "g1.3" is the third life of gateway 1
	slot    int
	token   uint64
	skew    time.Duration // of its clock; changes when it jumps
	service *exchange.Service
	nightly bool   // a night is under way
	epoch   uint64 // under which it has taken the lane; 0 before

	ctx    context.Context // ends with it
	cancel context.CancelFunc
	dead   bool
	paused time.Duration // until when it stands still
	calls  map[*call]struct{}
}

// now is what the process believes that the time is.
func (p *process) now() time.Time { return p.w.now().Add(p.skew) }

// call is one call of a process to something outside of it.
type call struct {
	p       *process
	name    string
	on      chan struct{} // closed when the caller goes on
	settled bool
	err     error
	drop    func() // takes a request back that waits at its target
}

// line is how calls to one kind of target go.
type line struct {
	target  string
	there   time.Duration // how long they usually take, at most
	timeout time.Duration
	// strays: a request may arrive after its caller has given up, and more than once.
	strays bool
	// lost is what the caller gets that hears nothing, unsent that whose request
	// certainly did nothing.
	lost, unsent error
	loss, fail   int // one in so many
}

// work is what a request does at its target, which calls done when it is done.
type work func(done func(error))

func instantly(do func() error) work { return func(done func(error)) { done(do()) } }

// over makes a call and blocks until the simulator lets the caller go on.
func (w *world) over(l *line, p *process, what string, do work) error {
	c := &call{p: p, name: p.name + " " + what, on: make(chan struct{})}
	paused, alive := w.begin(c)
	if !alive {
		return errDead
	}
	d := w.dice(c.name)
	there := d.between(l.there/8, l.there)
	if w.faults(l.target) && d.one(12) {
		there = d.between(l.there, 20*l.there)
	}
	there += max(0, paused-w.elapsed())
	switch {
	case w.faults(l.target) && d.one(l.fail) || w.cut(p, l.target):
		w.after(there, c.name, func() { w.settle(c, "not sent", l.unsent) })
	default:
		w.send(l, c, d, there, do)
	}
	<-c.on
	return c.err
}

// begin notes a call, unless the process is dead, and says until when that stands still.
func (w *world) begin(c *call) (paused time.Duration, alive bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.p.dead {
		return 0, false
	}
	c.p.calls[c] = struct{}{}
	return c.p.paused, true
}

// send lets a request arrive, or not, or twice, and bounds how long the caller waits.
func (w *world) send(l *line, c *call, d dice, there time.Duration, do work) {
	lost, mute, twice := false, false, false
	if w.faults(l.target) {
		lost, mute, twice = d.one(l.loss), d.one(l.loss), l.strays && d.one(2*l.loss)
	}
	arrive := func(after time.Duration, name string, mute bool) {
		w.after(after, name, func() { w.arrive(l, c, name, d, mute, do) })
	}
	if l.strays && lost && d.one(2) { // it was only slow
		arrive(there+d.between(l.timeout, 40*l.timeout), c.name+" late", true)
	} else if !lost {
		arrive(there, c.name, mute)
	}
	if twice {
		arrive(there+d.between(0, 10*l.timeout), c.name+" again", true)
	}
	w.after(there+l.timeout, c.name+" timeout", func() {
		if !c.settled && c.drop != nil {
			c.drop()
		}
		w.settle(c, "silence", l.lost)
	})
}

// arrive does the work of a request.
func (w *world) arrive(l *line, c *call, name string, d dice, mute bool, do work) {
	if c.settled && !l.strays {
		return
	}
	if !c.settled && w.crashes(c.p, d) {
		w.crash(c.p, "before "+c.name)
		if !l.strays {
			return
		}
	}
	do(func(err error) {
		w.note("%s: %s", name, outcome(err))
		if c.settled {
			return
		}
		if w.crashes(c.p, d) {
			w.crash(c.p, "after "+c.name)
			return
		}
		if !mute {
			w.after(d.between(0, l.there), c.name+" back", func() { w.settle(c, "", err) })
		}
	})
}

// settle lets a caller go on; one that stands still does later.
func (w *world) settle(c *call, note string, err error) {
	if c.settled {
		return
	}
	if rest := c.p.paused - w.elapsed(); rest > 0 {
		w.after(rest+w.dice(c.name+" resumes").between(0, time.Millisecond), c.name+" resumes", func() { w.settle(c, note, err) })
		return
	}
	if note != "" {
		w.note("%s: %s", c.name, note)
	}
	w.release(c, err)
}

func (w *world) release(c *call, err error) {
	w.mu.Lock()
	delete(c.p.calls, c)
	w.mu.Unlock()
	c.settled, c.err = true, err
	close(c.on)
}

func outcome(err error) string {
	if err == nil {
		return "done"
	}
	return fmt.Sprint(err)
}
