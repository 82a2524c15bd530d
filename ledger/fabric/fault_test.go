package fabric_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// load is callers that each give one conversion after the other, as the exchange
// does: what did not come through is given again, with the same ID, until it
// does.
type load struct {
	t      testing.TB
	ledger ledger.Ledger
	deal   *deal
	stop   chan struct{}
	wg     sync.WaitGroup
	done   atomic.Int64 // acknowledged
	busy   atomic.Int64 // times that a command was turned away
	unsure atomic.Int64 // times that the outcome was unknown

	mu    sync.Mutex
	given map[ledger.ID]int64 // amounts of what was acknowledged
}

func (d *deal) load(ctx context.Context, t testing.TB, l ledger.Ledger, callers int) *load {
	w := &load{t: t, ledger: l, deal: d, stop: make(chan struct{}), given: map[ledger.ID]int64{}}
	for i := range callers {
		w.wg.Go(func() {
			for n := int64(1); ; n++ {
				select {
				case <-w.stop:
					return
				default:
					w.give(ctx, n%100+int64(i)+1)
				}
			}
		})
	}
	return w
}

// give gives one conversion until it is acknowledged.
func (w *load) give(ctx context.Context, amount int64) {
	c := ledger.Command{ID: newID(), Body: w.deal.in(amount)}
	for {
		r, err := w.ledger.Submit(ctx, utility, c)
		switch {
		case err == nil && r[0].Code == ledger.CodeOK:
			w.mu.Lock()
			w.given[c.ID] = amount
			w.mu.Unlock()
			w.done.Add(1)
			return
		case err == nil:
			w.t.Errorf("a conversion ended with %s: %s", r[0].Code, r[0].Message)
			return
		case errors.Is(err, ledger.ErrBusy):
			w.busy.Add(1)
		case errors.Is(err, ledger.ErrOutcomeUnknown):
			w.unsure.Add(1)
		default:
			w.t.Errorf("a conversion failed: %v", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// goesOn waits until so many more conversions are acknowledged.
func (w *load) goesOn(ctx context.Context, n int64) {
	w.t.Helper()
	begun := time.Now()
	for target := w.done.Load() + n; w.done.Load() < target; {
		select {
		case <-ctx.Done():
			w.t.Fatal(ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(begun) > time.Minute {
			w.t.Fatalf("conversions with %s do not go on: %d of %d more in a minute", w.deal.code, w.done.Load()+n-target, n)
		}
	}
}

func (w *load) end() {
	close(w.stop)
	w.wg.Wait()
	w.t.Logf("%s: %d acknowledged, %d turned away, %d of unknown outcome", w.deal.code, w.done.Load(), w.busy.Load(), w.unsure.Load())
}

// holds checks that the ledger has each acknowledged conversion once, nothing
// else of the partner, and the sums that follow from it.
func (w *load) holds(ctx context.Context) {
	t := w.t
	t.Helper()
	a, err := w.ledger.Alliance(ctx)
	if err != nil {
		t.Fatal(err)
	}
	found := map[ledger.ID]int{}
	var sum int64
	if err := w.ledger.Transfers(ctx, a.Window, func(e ledger.Entry) error {
		if s := e.Transfer.Source; s != nil && s.Partner == w.deal.code {
			found[e.Transfer.ID]++
			sum += s.From
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var want int64
	for id, amount := range w.given {
		want += amount
		if found[id] != 1 {
			t.Errorf("an acknowledged conversion is on the ledger %d times", found[id])
		}
	}
	if len(found) != len(w.given) || sum != want {
		t.Errorf("the ledger has %d conversions with %s of %d points, acknowledged were %d of %d", len(found), w.deal.code, sum, len(w.given), want)
	}
	pos, err := w.ledger.Position(ctx, w.deal.code, a.Window)
	if err != nil || pos.In.Count != int64(len(w.given)) || pos.In.From != want {
		t.Errorf("the position is %+v, want %d conversions of %d points (%v)", pos.In, len(w.given), want, err)
	}
	conserved(ctx, t, w.ledger)
}

func conserved(ctx context.Context, t testing.TB, l ledger.Ledger) {
	t.Helper()
	var sum int64
	if err := l.Balances(ctx, "EPT", func(b ledger.Balance) error { sum += b.Amount; return nil }); err != nil || sum != 0 {
		t.Errorf("the accounts add up to %d, %v", sum, err)
	}
}

// TestNothingIsLostOrDoneTwice kills and cuts what there is, one after the other,
// under load.
func TestNothingIsLostOrDoneTwice(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	p := profileOf(t, n)
	home, away := before(t, p, "UtilityMSP"), before(t, p, "SkyMSP")
	l := open(ctx, t, n, func(o *fabric.Options) {
		o.Profile = p
		o.Patience = fabric.Patience{Endorse: 3 * time.Second}
	})
	s := &scene{ctx: ctx, network: n, ledger: l, home: home, away: away,
		sky: found(ctx, t, l, "sky", sky), mart: found(ctx, t, l, "mart", mart)}
	s.withSky, s.withMart = s.sky.load(ctx, t, l, 16), s.mart.load(ctx, t, l, 16)
	for _, c := range []struct {
		name string
		run  func(*scene, *testing.T)
	}{
		{"when the connections to the home peer are cut", (*scene).homeIsCut},
		{"when the utility's chaincode is killed", (*scene).chaincodeIsKilled},
		{"when a partner's chaincode is killed", (*scene).partnersChaincodeIsKilled},
		{"when the orderer is killed", (*scene).ordererIsKilled},
		{"when the home peer is killed", (*scene).homeIsKilled},
		{"when a partner's peer is killed, which holds up nobody else", (*scene).partnerIsKilled},
		{"when a partner's peer hangs, which holds up nobody else", (*scene).partnerHangs},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(s, t) })
		if t.Failed() {
			break
		}
	}
	s.withSky.end()
	s.withMart.end()
	s.withSky.holds(ctx)
	s.withMart.holds(ctx)
}

// scene is a ledger under load with two partners.
type scene struct {
	ctx               context.Context
	network           *network.Network
	ledger            *fabric.Ledger
	home, away        *proxy
	sky, mart         *deal
	withSky, withMart *load
}

// both waits until conversions with both partners go on.
func (s *scene) both(n int64) {
	s.withSky.goesOn(s.ctx, n)
	s.withMart.goesOn(s.ctx, n)
}

func (s *scene) kill(t *testing.T, name string) {
	t.Helper()
	if err := s.network.Kill(s.ctx, name); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) start(t *testing.T, name string) {
	t.Helper()
	if err := s.network.Start(s.ctx, name); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) homeIsCut(*testing.T) {
	for range 5 {
		s.both(50)
		s.home.cut()
	}
	s.both(50)
}

func (s *scene) chaincodeIsKilled(t *testing.T) {
	s.kill(t, "chaincode.utility")
	time.Sleep(300 * time.Millisecond) // of commands that find it gone
	s.start(t, "chaincode.utility")
	s.both(100)
}

func (s *scene) partnersChaincodeIsKilled(t *testing.T) {
	s.kill(t, "chaincode.sky")
	s.withMart.goesOn(s.ctx, 100)
	s.start(t, "chaincode.sky")
	s.both(100)
}

func (s *scene) ordererIsKilled(t *testing.T) {
	s.kill(t, "orderer0")
	time.Sleep(300 * time.Millisecond)
	s.start(t, "orderer0")
	s.both(100)
}

func (s *scene) homeIsKilled(t *testing.T) {
	s.kill(t, "peer.utility")
	time.Sleep(300 * time.Millisecond)
	s.start(t, "peer.utility")
	s.both(100)
}

func (s *scene) partnerIsKilled(t *testing.T) {
	s.kill(t, "peer.sky")
	s.withMart.goesOn(s.ctx, 200)
	busy := s.withSky.busy.Load()
	if busy == 0 {
		t.Error("no conversion with the partner was turned away")
	}
	s.start(t, "peer.sky")
	s.both(100)
}

func (s *scene) partnerHangs(t *testing.T) {
	s.away.hold()
	begun := time.Now()
	s.withMart.goesOn(s.ctx, 300)
	t.Logf("conversions with the other partner went on after %s", time.Since(begun))
	done := s.withSky.done.Load()
	s.withMart.goesOn(s.ctx, 300)
	if got := s.withSky.done.Load(); got != done {
		t.Errorf("%d conversions were acknowledged by a partner that hangs", got-done)
	}
	s.away.resume()
	s.both(100)
}

// TestAnotherOrdererTakesOver kills the leader of three under load.
func TestAnotherOrdererTakesOver(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2], Orderers: 3})
	l := open(ctx, t, n, nil)
	w := found(ctx, t, l, "sky", sky).load(ctx, t, l, 16)
	for _, name := range n.Orderers() {
		w.goesOn(ctx, 100)
		if err := n.Kill(ctx, name); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		w.goesOn(ctx, 100)
		t.Logf("without %s conversions went on after %s", name, time.Since(begun))
		if err := n.Start(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	w.end()
	w.holds(ctx)
}
