//go:build unix

package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Options say what to break, and for how long. All fields are needed but Database.
type Options struct {
	Scenarios []string // names of [Scenarios], in the order in which they happen
	Seed      uint64
	Kills     int           // of scenario kills
	Rounds    int           // of the others: how often each fault is repeated
	Fault     time.Duration // how long a fault lasts that is not over at once
	Pause     time.Duration // how long the gateway stands still in scenario pause
	Fabric    bool          // the ledger is on a Fabric network
	Members   int
	Callers   int // who convert at the same time
	Rate      int // conversions begun in a second, at most
	Dir       string
	Out       io.Writer
	Now       func() time.Time
}

// scenario is one kind of fault.
type scenario struct {
	name, title string
	run         func(*world, context.Context) error
	fabric      bool // needs a Fabric network
	smallDisk   bool // needs the database on a small disk
	standby     bool // needs a standby of the database
}

var scenarios = []scenario{
	{name: "kills", title: "SIGKILL of gateway, chaincodes, peers and orderer", run: (*world).kills, fabric: true},
	{name: "gateway", title: "SIGKILL of the gateway", run: (*world).gatewayKills},
	{name: "database", title: "PostgreSQL is killed, restarted at once, restarted", run: (*world).databaseEnds},
	{name: "slow-disk", title: "PostgreSQL's disk answers now and then", run: (*world).slowDisk},
	{name: "full-disk", title: "PostgreSQL's disk is full", run: (*world).fullDisk, smallDisk: true},
	{name: "partners", title: "the network before partners' hosts", run: (*world).badNetwork},
	{name: "pause", title: "SIGSTOP of the gateway", run: (*world).pause},
	{name: "clock", title: "the gateway's clock is wrong, and jumps", run: (*world).wrongClock},
	{name: "failover", title: "PostgreSQL is lost, and its standby promoted", run: (*world).failOver, standby: true},
}

// Scenarios are the names of all scenarios.
func Scenarios() (names []string) {
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// chosen are the scenarios that are asked for.
func (o *Options) chosen() (all []scenario, err error) {
	for _, name := range o.Scenarios {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		switch {
		case i < 0:
			return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(Scenarios(), ", "))
		case scenarios[i].fabric && !o.Fabric:
			return nil, fmt.Errorf("scenario %q needs a Fabric network", name)
		}
		all = append(all, scenarios[i])
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no scenario is given; there are %s", strings.Join(Scenarios(), ", "))
	}
	return all, nil
}

// Run carries the scenarios out, one after the other in one world, and then checks
// every law. It returns an error when one is broken, or when the world did not become
// well again.
func Run(ctx context.Context, o Options) error {
	chosen, err := o.chosen()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "seed %d: %s\n", o.Seed, strings.Join(o.Scenarios, ", "))
	w, err := newWorld(ctx, o, chosen)
	if err != nil {
		return err
	}
	defer w.close()
	err = w.suffer(ctx, chosen)
	if err == nil {
		err = w.judge(ctx)
	}
	if err := errors.Join(err, w.load.failed()); err != nil {
		return fmt.Errorf("seed %d: %w%s", o.Seed, err, w.logs())
	}
	return nil
}

// suffer carries the scenarios out under load, and ends the load when they are over.
func (w *world) suffer(ctx context.Context, chosen []scenario) error {
	load, stop := context.WithCancel(ctx)
	defer stop()
	w.load.start(load)
	err := w.more(ctx, 1)
	for _, s := range chosen {
		if err != nil {
			break
		}
		w.say("%s: %s", s.name, s.title)
		w.random = rand.New(rand.NewPCG(w.o.Seed, uint64(len(s.name))))
		w.load.begin()
		if err = s.run(w, ctx); err == nil {
			err = w.more(ctx, 1)
		}
		if err != nil {
			err = fmt.Errorf("scenario %s: %w", s.name, err)
		}
		w.say("%s: %s", s.name, w.load.span())
	}
	if err != nil {
		stop()
	}
	return errors.Join(err, w.load.end(ctx))
}

// say prints a line with the time since the beginning.
func (w *world) say(format string, args ...any) {
	fmt.Fprintf(w.o.Out, "%7.1fs  %s\n", w.o.Now().Sub(w.began).Seconds(), fmt.Sprintf(format, args...))
}
