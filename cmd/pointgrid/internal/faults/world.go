//go:build unix

package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// world is what breaks, and the load that goes on all the while.
type world struct {
	o       Options
	began   time.Time
	random  *rand.Rand // of the scenario
	stage   *sandbox.Stage
	keeper  *keeper
	server  *pgtest.Server
	standby *pgtest.Server // nil without one
	disk    string         // of the server, "" for the machine's
	proxies proxies        // before the partners' hosts
	skew    atomic.Int64   // nanoseconds by which the gateway's clock is wrong
	load    *load
	first   ledger.Date // window in which the load begins
	closers []func() error
}

// newWorld starts everything; nothing is broken yet.
func newWorld(ctx context.Context, o Options, chosen []scenario) (*world, error) {
	w := &world{o: o, began: o.Now()}
	for _, part := range []func(context.Context, []scenario) error{w.startDatabase, w.startStage, w.startLoad} {
		if err := part(ctx, chosen); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// smallDiskBytes is room for the database of a run, and little more.
const smallDiskBytes = 512 << 20

func (w *world) startDatabase(_ context.Context, chosen []scenario) (err error) {
	var o pgtest.Options
	standby := false
	for _, s := range chosen {
		standby = standby || s.standby
		if s.smallDisk && w.disk == "" {
			var remove func() error
			if w.disk, remove, err = pgtest.MountDisk(smallDiskBytes); err != nil {
				return err
			}
			w.closers = append(w.closers, remove)
			o.Data = w.disk
			o.Settings = map[string]string{"min_wal_size": "32MB", "max_wal_size": "64MB", "wal_recycle": "off"}
		}
	}
	if w.server, err = pgtest.New(o); err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { return w.server.Close() })
	if standby {
		if w.standby, err = w.server.NewStandby(); err != nil {
			return err
		}
		w.closers = append(w.closers, w.standby.Close)
	}
	return nil
}

// databaseURL names all servers, of which the gateway takes the one that takes
// writes.
func (w *world) databaseURL() string {
	if w.standby == nil {
		return pgtest.URLOf(w.server)
	}
	return pgtest.URLOf(w.server, w.standby)
}

func (w *world) startStage(ctx context.Context, _ []scenario) (err error) {
	site := &sandbox.Site{Dir: w.o.Dir, DatabaseURL: w.databaseURL()}
	if err := w.setSkew(-seededBefore); err != nil {
		return err
	}
	w.stage, err = sandbox.StartStage(ctx, site, sandbox.StageOptions{Members: w.o.Members, Linked: w.o.Members, Fabric: w.o.Fabric,
		Progress: func(line string) { w.say("%s", line) }, Now: w.now, Adjust: w.adjust, Serve: []string{"--skew-file", w.skewFile()}})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { w.stage.Close(); return nil })
	w.keeper = newKeeper(w.stage, w.say)
	watching, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); w.keeper.watch(watching) }()
	w.closers = append(w.closers, func() error { stop(); <-ended; return nil })
	w.say("gateway, partners and PostgreSQL are up")
	return nil
}

// How patient the gateway of the world is: a partner that hangs is found out soon,
// and what it did is taken back while one still waits for it.
const (
	callPatience     = 2 * time.Second
	exchangeDeadline = 20 * time.Second
)

// seededBefore is by how much older agreements and points are than the load, so that
// they are there for a clock that is behind, too. Chaincodes take what is signed within
// a quarter of an hour of their own clock.
const seededBefore = 14 * time.Minute

// adjust puts a proxy before each partner's host. It comes between seeding and the
// gateway's start.
func (w *world) adjust(c *config.Config) {
	if err := w.setSkew(0); err != nil {
		w.say("the clock stays behind: %v", err)
	}
	c.Exchange.Deadline = exchangeDeadline
	for i := range c.Companies {
		p := &c.Companies[i]
		p.Connector.Timeout = callPatience
		url, err := w.proxies.before(p.Code, p.Connector.URL)
		if err != nil {
			w.say("no proxy before %s: %v", p.Code, err)
			continue
		}
		p.Connector.URL = url
	}
	w.closers = append(w.closers, w.proxies.close)
}

func (w *world) startLoad(ctx context.Context, _ []scenario) (err error) {
	w.load = newLoad(w)
	w.first, err = w.window(ctx)
	return err
}

// now is the time on the gateway's clock, by which its callers go.
func (w *world) now() time.Time { return w.o.Now().Add(time.Duration(w.skew.Load())) }

func (w *world) skewFile() string { return filepath.Join(w.o.Dir, "skew") }

// impatience is after how long of waiting it is said what callers are answered.
const impatience = 20 * time.Second

// recovery bounds how long the world may take to convert again after a fault.
const recovery = 2 * time.Minute

// more returns once so many further conversions were completed.
func (w *world) more(ctx context.Context, conversions int64) error {
	from := w.load.completed.Load()
	told := w.o.Now()
	for deadline := told.Add(recovery); w.load.completed.Load() < from+conversions; {
		if now := w.o.Now(); now.Sub(told) > impatience {
			told = now
			w.say("waiting for %d more conversions; %s", from+conversions-w.load.completed.Load(), w.load.trouble())
		}
		if w.o.Now().After(deadline) {
			return fmt.Errorf("only %d further conversions within %s; the last answers: %s", w.load.completed.Load()-from, recovery, w.load.trouble())
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// between returns a time below a bound, which the seed decides.
func (w *world) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.random.Int64N(int64(most-least)+1))
}

func (w *world) logs() string {
	if w.keeper == nil {
		return ""
	}
	return "\nthe gateway's last lines:\n" + w.keeper.logs()
}

// close ends everything, last started first.
func (w *world) close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	w.closers = nil
	return errors.Join(errs...)
}
