package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement"
)

// accountKey is that of the members' accounts.
var accountKey = []byte("an account key of simulations, 32")

// members are known beforehand.
type members struct{}

// Account implements [exchange.Members].
func (members) Account(_ context.Context, number string) (ledger.Account, error) {
	return ledger.MemberAccount(accountKey, number)
}

// boot begins a new life of a gateway, from what is durable.
func (w *world) boot(gateway int) {
	w.lives[gateway]++
	p := &process{w: w, gateway: gateway, name: fmt.Sprintf("g%d.%d", gateway, w.lives[gateway]), calls: map[*call]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if d := w.dice(p.name + " clock"); w.odds.skew > 0 && !w.calming.Load() {
		p.skew = d.between(-w.odds.skew, w.odds.skew)
	}
	w.slots.join(p)
	service, err := exchange.New(w.exchange(p))
	if err != nil {
		w.violate("a gateway cannot be made: %v", err)
		return
	}
	w.mu.Lock()
	p.service, w.gateways[gateway] = service, p
	w.mu.Unlock()
	w.note("%s starts as slot %d, its clock off by %s", p.name, p.slot, p.skew)
	go func() {
		if err := service.Start(p.ctx); err != nil {
			w.after(0, p.name+" cannot start", func() { w.crash(p, "cannot start: "+err.Error()) })
		}
	}()
	go p.lease()
}

// exchange is the configuration of a gateway's exchange.
func (w *world) exchange(p *process) exchange.Options {
	store, slot := storeLine{Store: w.store, w: w, p: p}, uint8(p.slot)
	hosts := map[string]connector.Host{}
	for _, c := range companies {
		if c.Connector.URL != "" {
			hosts[c.Code] = newHostLine(w.books[c.Code], p)
		}
	}
	return exchange.Options{
		Ledger: ledgerLine{w.chain, p}, Identity: utility, Store: store, Registry: w.registry, Members: members{}, Slot: &slot,
		Hosts: func(code string) connector.Host {
			if h, ok := hosts[code]; ok {
				return h
			}
			return nil
		},
		Deadline: 10 * time.Second, QuoteTTL: 10 * time.Second, RescanEvery: 4 * time.Second, RetryFirst: 50 * time.Millisecond, RetryMax: 3 * time.Second,
		RecoveryMax: 64, Now: p.now, Random: w.dice(p.name + " IDs"), Jitter: w.jitter(p.name), Logger: slog.New(slog.DiscardHandler),
	}
}

// jitter draws from one process's own randomness.
func (w *world) jitter(name string) func(int64) int64 {
	return func(n int64) int64 { return w.dice(name + " jitter").Int64N(n) }
}

// lease keeps the process's slot, and does what only the leader does.
func (p *process) lease() {
	w := p.w
	store := storeLine{Store: w.store, w: w, p: p}
	night, adopted := p.night(store), 0
	for {
		w.sleep(w.dice(p.name+" renews").between(renewEvery/2, renewEvery), p.name+" renews")
		leads, lost := false, false
		var fenced []int
		var epoch uint64
		var orphans []uint8
		err := w.over(w.lines.store, p, "store renew", instantly(func() error {
			if lost = !w.slots.renew(p); lost {
				return nil
			}
			if leads = w.slots.lead(p); leads {
				fenced, epoch, orphans = w.slots.fence(), w.slots.epoch, w.slots.orphans()
			}
			return nil
		}))
		switch {
		case errors.Is(err, errDead):
			return
		case err == nil && lost:
			w.after(0, p.name+" lost its lease", func() { w.crash(p, "lost its lease") })
			return
		case err != nil || !leads:
			continue
		}
		if p.epoch != epoch && p.takeLane(epoch) != nil {
			continue // it is tried again
		}
		p.tell(fenced)
		if len(orphans) > adopted { // a slot that is dead stays so
			adopted = len(orphans)
			p.service.Adopt(orphans...)
		}
		if !w.flag(&p.nightly) {
			continue
		}
		go func() {
			_, err := night.RunDue(p.ctx)
			w.after(0, p.name+" night ends", func() {
				w.mu.Lock()
				p.nightly = false
				w.mu.Unlock()
				if err != nil {
					w.note("%s: night: %v", p.name, err)
				}
			})
		}()
	}
}

// flag sets a flag that was not set; it is taken down by an event.
func (w *world) flag(f *bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := *f
	*f = true
	return !was
}

// tell has the ledger refuse what comes from the slots' former owners. Only then are
// their workflows carried on.
func (p *process) tell(fenced []int) {
	w := p.w
	for _, i := range fenced {
		// An answer that is lost is no harm: it is told again.
		_ = w.over(w.lines.ledger, p, fmt.Sprintf("ledger fence %d", i), instantly(func() error {
			w.chain.fences[i] = w.slots.all[i].token
			w.slots.all[i].dead = true
			return nil
		}))
	}
}

func (p *process) night(store storeLine) *settlement.Night {
	w := p.w
	return settlement.New(settlement.Options{Ledger: ledgerLine{w.chain, p}, Identity: utility, Store: settlementLine{w.settlements, store},
		Dir: filepath.Join(w.dir, p.name), Calendar: w.calendar, Policies: policies, Now: p.now, Logger: slog.New(slog.DiscardHandler)})
}

// crashes reports whether this is the moment at which a process dies.
func (w *world) crashes(p *process, d dice) bool {
	return !w.calming.Load() && !p.dead && d.one(w.odds.crash)
}

// crash ends a process: nothing that it still does has any effect. Another begins later.
func (w *world) crash(p *process, why string) {
	w.mu.Lock()
	if p.dead {
		w.mu.Unlock()
		return
	}
	p.dead = true
	open := p.calls
	p.calls = nil
	w.mu.Unlock()
	w.note("%s dies: %s", p.name, why)
	p.cancel()
	for c := range open {
		c.settled, c.err = true, errDead
		close(c.on)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	go p.service.Close(ended) // interrupted, as a dead process is
	if w.stopped {
		return
	}
	down := w.dice(p.name+" is down").between(200*time.Millisecond, 8*time.Second)
	w.after(down, fmt.Sprintf("gateway %d", p.gateway), func() { w.boot(p.gateway) })
}

// pause has a process stand still, as after SIGSTOP: what it sends leaves, and what it
// is sent arrives, only when it goes on.
func (w *world) pause(p *process, d time.Duration) {
	w.note("%s stands still for %s", p.name, d)
	w.mu.Lock()
	defer w.mu.Unlock()
	p.paused = w.elapsed() + d
}

// wakes is from when on a process does something.
func (w *world) wakes(p *process) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(w.elapsed(), p.paused)
}
