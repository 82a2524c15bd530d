package clustertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/internal/suite"
)

// TTL is how long the leases of the suite last.
const TTL = 30 * time.Second

// Port is what the suite needs: leases, and the clock by which they go.
type Port struct {
	cluster.Leases
	Advance func(time.Duration)
}

// Run holds leases to their promises.
func Run(t *testing.T, open func(t *testing.T) Port) {
	suite.Run(t, open, suite.Promises[Port]{
		{Name: "each gateway that joins has a slot of its own", Keep: slotsOfTheirOwn},
		{Name: "gateways that join at once have different slots", Keep: joinAtOnce},
		{Name: "a lease lasts as long as it is renewed", Keep: renewed},
		{Name: "a lease that ran out can be renewed until it is fenced", Keep: renewedLate},
		{Name: "who is alive is not fenced", Keep: aliveIsNotFenced},
		{Name: "only who has held its own lease for a while calls another dead", Keep: earlyFence},
		{Name: "a duty has one owner", Keep: oneOwner},
		{Name: "a duty that is given back or left goes to the next with a higher epoch", Keep: givenBack},
		{Name: "a duty of a dead gateway is taken with its slot", Keep: takenFromDead},
		{Name: "who takes one duty at once is one", Keep: takeAtOnce},
		{Name: "a slot is leased again once it is free, with a higher token", Keep: leasedAgain},
		{Name: "a slot that nobody has can be fenced, and is not leased until it is freed", Keep: fencedFree},
		{Name: "a slot that was fenced again is not freed", Keep: freedWithOldToken},
		{Name: "when all are dead and none is free, who joins takes over", Keep: allDead},
		{Name: "what cannot be is refused", Keep: refused},
	})
}

func join(t *testing.T, p Port, address string) cluster.Slot {
	t.Helper()
	s, err := p.Join(t.Context(), address, TTL)
	suite.Must(t, err)
	return s
}

// settled returns a gateway that has held its lease long enough to fence others,
// whose leases have run out.
func settled(t *testing.T, p Port, address string) cluster.Slot {
	t.Helper()
	s := join(t, p, address)
	for range 3 {
		p.Advance(TTL * 2 / 3)
		suite.Must(t, p.Renew(t.Context(), s, TTL))
	}
	return s
}

func wantGateways(t *testing.T, p Port, want ...cluster.Gateway) {
	t.Helper()
	got, err := p.Gateways(t.Context())
	suite.Must(t, err)
	suite.WantEqual(t, "gateways", got, want)
}

func slotsOfTheirOwn(t *testing.T, p Port) {
	a, b := join(t, p, "10.0.0.1:7000"), join(t, p, "10.0.0.2:7000")
	if a.Number == b.Number || a.IsZero() || b.IsZero() {
		t.Fatalf("slots are %s and %s", a, b)
	}
	if a.Number > b.Number {
		t.Errorf("slot %s was given before %s, want the lowest that is free", a, b)
	}
	wantGateways(t, p, cluster.Gateway{Slot: a, Address: "10.0.0.1:7000", Alive: true}, cluster.Gateway{Slot: b, Address: "10.0.0.2:7000", Alive: true})
}

func joinAtOnce(t *testing.T, p Port) {
	var all sync.Map
	var together sync.WaitGroup
	for i := range 16 {
		together.Go(func() {
			s, err := p.Join(context.Background(), fmt.Sprint("gateway ", i), TTL)
			if err != nil {
				t.Error(err)
			}
			if _, twice := all.LoadOrStore(s.Number, true); twice {
				t.Errorf("two gateways have slot %d", s.Number)
			}
		})
	}
	together.Wait()
}

func renewed(t *testing.T, p Port) {
	a := settled(t, p, "a")
	wantGateways(t, p, cluster.Gateway{Slot: a, Address: "a", Alive: true})
	p.Advance(TTL - time.Second)
	wantGateways(t, p, cluster.Gateway{Slot: a, Address: "a", Alive: true})
	p.Advance(2 * time.Second)
	wantGateways(t, p, cluster.Gateway{Slot: a, Address: "a"})
}

func renewedLate(t *testing.T, p Port) {
	a := join(t, p, "a")
	b := settled(t, p, "b")
	suite.Must(t, p.Renew(t.Context(), a, TTL))
	wantGateways(t, p, cluster.Gateway{Slot: a, Address: "a", Alive: true}, cluster.Gateway{Slot: b, Address: "b", Alive: true})
	p.Advance(2 * TTL)
	suite.Must(t, p.Renew(t.Context(), b, TTL))
	p.Advance(TTL - time.Second)
	suite.Must(t, p.Renew(t.Context(), b, TTL))
	p.Advance(2 * time.Second)
	token, err := p.Fence(t.Context(), b, a.Number)
	if err != nil || token <= a.Token {
		t.Fatalf("fenced with token %d, %v, want one above %d", token, err, a.Token)
	}
	suite.WantErr(t, "renew after the fence", p.Renew(t.Context(), a, TTL), cluster.ErrLost)
}

func aliveIsNotFenced(t *testing.T, p Port) {
	b := settled(t, p, "b")
	a := join(t, p, "a")
	_, err := p.Fence(t.Context(), b, a.Number)
	suite.WantErr(t, "fence", err, cluster.ErrAlive)
	p.Advance(TTL + time.Second)
	_, err = p.Fence(t.Context(), b, a.Number)
	suite.WantErr(t, "fence by a gateway whose lease ran out", err, cluster.ErrLapsed)
	_, err = p.Fence(t.Context(), cluster.Slot{Number: b.Number, Token: b.Token + 1}, a.Number)
	suite.WantErr(t, "fence by a gateway with another token", err, cluster.ErrLost)
}

func earlyFence(t *testing.T, p Port) {
	a, b := join(t, p, "a"), settled(t, p, "b")
	suite.Must(t, p.Renew(t.Context(), a, TTL))
	p.Advance(10 * TTL) // the database was away
	suite.Must(t, p.Renew(t.Context(), b, TTL))
	_, err := p.Fence(t.Context(), b, a.Number)
	suite.WantErr(t, "fence just after coming back", err, cluster.ErrEarly)
	for range 2 {
		p.Advance(TTL/2 + time.Millisecond)
		suite.Must(t, p.Renew(t.Context(), b, TTL))
	}
	_, err = p.Fence(t.Context(), b, a.Number)
	suite.Must(t, err)
}

func wantEpoch(t *testing.T, p Port, s cluster.Slot, duty string, want uint64) {
	t.Helper()
	if got, err := p.Take(t.Context(), s, duty); err != nil || got != want {
		t.Fatalf("slot %s took %s with epoch %d, %v, want epoch %d", s, duty, got, err, want)
	}
}

func oneOwner(t *testing.T, p Port) {
	a, b := join(t, p, "a"), join(t, p, "b")
	wantEpoch(t, p, a, "lane/0", 1)
	wantEpoch(t, p, a, "lane/0", 1)
	_, err := p.Take(t.Context(), b, "lane/0")
	suite.WantErr(t, "take what another has", err, cluster.ErrTaken)
	suite.Must(t, p.Give(t.Context(), b, "lane/0"))
	_, err = p.Take(t.Context(), b, "lane/0")
	suite.WantErr(t, "take what another has, after giving back what one has not", err, cluster.ErrTaken)
	wantEpoch(t, p, b, "lead", 1)
	got, err := p.Duties(t.Context())
	suite.Must(t, err)
	suite.WantEqual(t, "duties", got, []cluster.Duty{{Name: "lane/0", Owner: a, Held: true, Epoch: 1}, {Name: "lead", Owner: b, Held: true, Epoch: 1}})
	p.Advance(TTL + time.Second)
	_, err = p.Take(t.Context(), a, "lane/1")
	suite.WantErr(t, "take with a lease that ran out", err, cluster.ErrLapsed)
}

func givenBack(t *testing.T, p Port) {
	a, b := join(t, p, "a"), join(t, p, "b")
	wantEpoch(t, p, a, "lead", 1)
	wantEpoch(t, p, a, "lane/0", 1)
	suite.Must(t, p.Give(t.Context(), a, "lead"))
	wantEpoch(t, p, b, "lead", 2)
	for range 2 {
		suite.Must(t, p.Leave(t.Context(), a))
	}
	wantEpoch(t, p, b, "lane/0", 2)
	suite.WantErr(t, "renew after leaving", p.Renew(t.Context(), a, TTL), cluster.ErrLost)
	_, err := p.Take(t.Context(), a, "lane/1")
	suite.WantErr(t, "take after leaving", err, cluster.ErrLost)
}

func takenFromDead(t *testing.T, p Port) {
	a := join(t, p, "a")
	wantEpoch(t, p, a, "lead", 1)
	b := settled(t, p, "b")
	wantEpoch(t, p, b, "lead", 2)
	suite.WantErr(t, "renew of who was thought dead", p.Renew(t.Context(), a, TTL), cluster.ErrLost)
	suite.Must(t, p.Give(t.Context(), a, "lead"))
	wantEpoch(t, p, b, "lead", 2)
}

func takeAtOnce(t *testing.T, p Port) {
	dead := join(t, p, "dead")
	wantEpoch(t, p, dead, "lead", 1)
	var slots []cluster.Slot
	for i := range 8 {
		slots = append(slots, join(t, p, fmt.Sprint(i)))
	}
	for range 3 {
		p.Advance(TTL * 2 / 3)
		for _, s := range slots {
			suite.Must(t, p.Renew(t.Context(), s, TTL))
		}
	}
	winners := make(chan uint64, len(slots))
	var together sync.WaitGroup
	for _, s := range slots {
		together.Go(func() {
			epoch, err := p.Take(context.Background(), s, "lead")
			if err == nil {
				winners <- epoch
			} else if !errors.Is(err, cluster.ErrTaken) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if len(winners) != 1 {
		t.Fatalf("%d gateways have the duty", len(winners))
	}
	if epoch := <-winners; epoch != 2 {
		t.Errorf("its epoch is %d, want 2", epoch)
	}
}

func leasedAgain(t *testing.T, p Port) {
	a := join(t, p, "a")
	b := settled(t, p, "b")
	if c := join(t, p, "c"); c.Number == a.Number {
		t.Fatal("a slot was leased again while its work was left")
	}
	token, err := p.Fence(t.Context(), b, a.Number)
	suite.Must(t, err)
	suite.Must(t, p.Free(t.Context(), b, cluster.Slot{Number: a.Number, Token: token}))
	d := join(t, p, "d")
	if d.Number != a.Number || d.Token <= token {
		t.Errorf("the slot leased is %s, want %d with a token above %d", d, a.Number, token)
	}
	suite.WantErr(t, "renew of who had it", p.Renew(t.Context(), a, TTL), cluster.ErrLost)
	suite.WantErr(t, "free what is leased again", p.Free(t.Context(), b, cluster.Slot{Number: a.Number, Token: token}), cluster.ErrLost)
}

func fencedFree(t *testing.T, p Port) {
	a := join(t, p, "a")
	token, err := p.Fence(t.Context(), a, a.Number+1)
	suite.Must(t, err)
	if b := join(t, p, "b"); b.Number == a.Number+1 {
		t.Error("a slot was leased that is being cleared")
	}
	suite.Must(t, p.Free(t.Context(), a, cluster.Slot{Number: a.Number + 1, Token: token}))
	if c := join(t, p, "c"); c.Number != a.Number+1 || c.Token <= token {
		t.Errorf("slot is %s, want %d with a token above %d", c, a.Number+1, token)
	}
	suite.Must(t, p.Leave(t.Context(), a))
	b := settled(t, p, "b")
	for range 2 { // once dead, then free
		token, err = p.Fence(t.Context(), b, a.Number)
		suite.Must(t, err)
		suite.Must(t, p.Free(t.Context(), b, cluster.Slot{Number: a.Number, Token: token}))
	}
}

func freedWithOldToken(t *testing.T, p Port) {
	a := join(t, p, "a")
	b := settled(t, p, "b")
	first, err := p.Fence(t.Context(), b, a.Number)
	suite.Must(t, err)
	second, err := p.Fence(t.Context(), b, a.Number)
	suite.Must(t, err)
	suite.WantErr(t, "free with the token of the first fence", p.Free(t.Context(), b, cluster.Slot{Number: a.Number, Token: first}), cluster.ErrLost)
	suite.Must(t, p.Free(t.Context(), b, cluster.Slot{Number: a.Number, Token: second}))
	suite.WantErr(t, "free by who is not there", p.Free(t.Context(), a, cluster.Slot{Number: a.Number, Token: second}), cluster.ErrLost)
	wantGateways(t, p, cluster.Gateway{Slot: b, Address: "b", Alive: true})
}

func allDead(t *testing.T, p Port) {
	first := join(t, p, "first")
	wantEpoch(t, p, first, "lead", 1)
	p.Advance(time.Second)
	for range cluster.SlotsMax - 1 {
		join(t, p, "x")
	}
	_, err := p.Join(t.Context(), "y", TTL)
	suite.WantErr(t, "join when all slots are taken", err, cluster.ErrFull)
	p.Advance(TTL + time.Second)
	s := join(t, p, "z")
	if s.Number != first.Number || s.Token <= first.Token {
		t.Errorf("slot is %s, want that which ran out first, %d", s, first.Number)
	}
	suite.WantErr(t, "renew of one of the others", p.Renew(t.Context(), cluster.Slot{Number: 200, Token: 1}, TTL), cluster.ErrLost)
	wantEpoch(t, p, s, "lead", 2)
}

func refused(t *testing.T, p Port) {
	_, err := p.Join(t.Context(), string(make([]byte, 1000)), TTL)
	suite.WantErr(t, "a long address", err, cluster.ErrInvalid)
	_, err = p.Join(t.Context(), "a", time.Millisecond)
	suite.WantErr(t, "a short lease", err, cluster.ErrInvalid)
	a := join(t, p, "a")
	suite.WantErr(t, "no lease", p.Renew(t.Context(), a, 0), cluster.ErrInvalid)
	_, err = p.Take(t.Context(), a, "")
	suite.WantErr(t, "a duty without name", err, cluster.ErrInvalid)
	_, err = p.Take(t.Context(), cluster.Slot{}, "lead")
	suite.WantErr(t, "take by nobody", err, cluster.ErrLost)
}
