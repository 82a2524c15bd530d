package fabric

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// companies are those of the channel, with their peers. None is ever taken away.
type companies struct {
	mu   sync.RWMutex
	list []*company // in the order of the profile, those that joined later at the end
	byID map[string]*company
}

// company is one of the channel.
type company struct {
	msp   string
	peers []*peer
}

func (l *link) newCompanies() (*companies, error) {
	cs := &companies{byID: map[string]*company{}}
	for _, c := range l.profile.Companies {
		own, err := l.newCompany(c)
		if err != nil {
			return nil, err
		}
		cs.add(own)
	}
	return cs, nil
}

func (l *link) newCompany(c profile.Company) (*company, error) {
	own := &company{msp: c.MSP}
	for _, n := range c.Peers {
		p, err := l.newPeer(c.MSP, n)
		if err != nil {
			return nil, err
		}
		own.peers = append(own.peers, p)
	}
	return own, nil
}

func (cs *companies) add(c *company) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.list = append(slices.Clone(cs.list), c) // whoever goes through it keeps what there was
	cs.byID[c.msp] = c
}

func (cs *companies) all() []*company {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return cs.list
}

// get returns a company, or nil when there is none.
func (cs *companies) get(msp string) *company {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	return cs.byID[msp]
}

func (cs *companies) peers() (all []*peer) {
	for _, c := range cs.all() {
		all = append(all, c.peers...)
	}
	return all
}

// pick returns a peer of the company that is up and has a number of blocks, or
// nil and what to wait for: a change of any of them.
func (c *company) pick(height uint64) (*peer, []<-chan struct{}) {
	var changes []<-chan struct{}
	for _, p := range c.peers {
		ok, changed := p.follower.current(height)
		if ok {
			return p, nil
		}
		changes = append(changes, changed)
	}
	return nil, changes
}

// await returns a peer of the company that is up and has a number of blocks,
// waiting for one. It returns an *[EndorseError] when there is none in time.
func (c *company) await(ctx context.Context, height uint64, patience time.Duration) (*peer, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		p, changes := c.pick(height)
		switch {
		case p != nil:
			return p, nil
		case len(changes) == 0:
			return nil, &EndorseError{Company: c.msp, Err: errNoPeer}
		}
		select {
		case <-ctx.Done():
			return nil, &EndorseError{Company: c.msp, Err: ctx.Err()}
		case <-late.C:
			return nil, &EndorseError{Company: c.msp, Err: c.lag(height)}
		case <-anyOf(changes):
		}
	}
}

// there reports whether the company has a peer that is up, and has a number of
// blocks or is worth waiting for.
func (c *company) there(height uint64) bool {
	for _, p := range c.peers {
		if ok, _ := p.follower.current(height); ok || p.follower.awaited(height) {
			return true
		}
	}
	return false
}

// lag says why no peer of the company can be used.
func (c *company) lag(height uint64) error {
	for _, p := range c.peers {
		if up, at := p.follower.state(); up {
			return fmt.Errorf("%w: has %d of %d blocks", errBehind, at, height)
		}
	}
	return errDown
}

// anyOf returns a channel that closes when one of several does. Nearly always
// there is one.
func anyOf(changes []<-chan struct{}) <-chan struct{} {
	if len(changes) == 1 {
		return changes[0]
	}
	first := make(chan struct{}, len(changes))
	for _, c := range changes {
		go func() {
			<-c // followers tell of a change at the latest when they end
			first <- struct{}{}
		}()
	}
	return first
}

// ready returns the companies that have a peer which is up, without waiting.
func (cs *companies) ready(height uint64) (msps []string) {
	for _, c := range cs.all() {
		if p, _ := c.pick(height); p != nil {
			msps = append(msps, c.msp)
		}
	}
	return msps
}

// union returns the members of both sets, ascending.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
