package fabric_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

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
	s := &scene{ctx: ctx, network: n, ledger: l, mirror: mirrored(ctx, t, l), home: home, away: away,
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
		t.Run(c.name, func(t *testing.T) {
			c.run(s, t)
			s.settled()
		})
		if t.Failed() {
			break
		}
		s.withSky.begin(ctx)
		s.withMart.begin(ctx)
	}
	s.withSky.end()
	s.withMart.end()
}

// settled ends the load and looks at what it has led to.
func (s *scene) settled() {
	s.withSky.end()
	s.withMart.end()
	s.mirror.settled(s.ctx, s.withSky, s.withMart)
}

// scene is a ledger under load with two partners.
type scene struct {
	ctx               context.Context
	network           *network.Network
	ledger            *fabric.Ledger
	mirror            *mirror
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
	start(s.ctx, t, s.network, name)
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
	m := mirrored(ctx, t, l)
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
	m.settled(ctx, w)
}

// TestAPeerThatMissedAThousandBlocks kills a partner's peer and starts it again
// when it is far behind.
func TestAPeerThatMissedAThousandBlocks(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	l := open(ctx, t, n, func(o *fabric.Options) { o.BatchMax = 1 })
	m := mirrored(ctx, t, l)
	with, without := found(ctx, t, l, "sky", sky), found(ctx, t, l, "mart", mart)
	own := with.load(ctx, t, l, 1)
	own.goesOn(ctx, 20)
	if err := n.Kill(ctx, "peer.sky"); err != nil {
		t.Fatal(err)
	}
	others := without.load(ctx, t, l, 8)
	others.goesOn(ctx, 1000) // each is a transaction and a block
	if err := n.Start(ctx, "peer.sky"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	own.goesOn(ctx, 20)
	t.Logf("it took part again after %s", time.Since(begun))
	own.end()
	others.end()
	m.settled(ctx, own, others)
}

func stop(ctx context.Context, t testing.TB, n *network.Network, name string) {
	t.Helper()
	if err := n.Stop(ctx, name); err != nil {
		t.Fatal(err)
	}
}

func start(ctx context.Context, t testing.TB, n *network.Network, name string) {
	t.Helper()
	if err := n.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
}

func runs(ctx context.Context, t testing.TB, n *network.Network, name string) bool {
	t.Helper()
	all, err := n.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s.PID != 0
		}
	}
	return false
}

// TestACompanyThatJoinsIsSeenByWhoeverIsRunning adds a company to the channel under
// load, and converts with it without opening anything again.
func TestACompanyThatJoinsIsSeenByWhoeverIsRunning(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	l := open(ctx, t, n, func(o *fabric.Options) { o.Reread = n.Profile })
	w := found(ctx, t, l, "sky", sky).load(ctx, t, l, 4)
	w.goesOn(ctx, 20)
	water := ledger.Identity{MSP: "WaterMSP", Subject: "loyalty"}
	must(ctx, t, l, utility, &ledger.RegisterPartner{Partner: "water", Programme: "WTR", MSP: water.MSP})
	terms := ledger.Terms{Partner: "water", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
		Step: 1, Min: 1, Max: ledger.AmountMax, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 3600, LotMonths: 24}
	offer := ledger.Command{ID: newID(), Body: &ledger.ProposeAgreement{Terms: terms}}
	if _, err := l.Submit(ctx, utility, offer); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("before the company is there an offer to it ends with %v", err)
	}
	if err := n.AddCompany(ctx, network.Company{Name: "water", MSP: water.MSP}); err != nil {
		t.Fatal(err)
	}
	must1(ctx, t, l, offer)
	p, err := profile.Read(filepath.Join(n.Dir(), "companies", "water", "profile.json"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := fabric.Open(ctx, fabric.Options{Profile: p, Clock: time.Now, Timer: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	must(ctx, t, theirs, water, &ledger.AcceptAgreement{Agreement: offer.ID, Hash: terms.Hash()})
	joined := (&deal{code: "water", id: offer.ID, hash: terms.Hash(), company: water}).load(ctx, t, l, 4)
	joined.goesOn(ctx, 50)
	w.goesOn(ctx, 20)
	joined.end()
	w.end()
	joined.holds(ctx)
	w.holds(ctx)
}

// TestACompanyActsForItself has a partner propose an agreement from a process of
// its own, with its own key and peer, while the gateway is busy.
func TestACompanyActsForItself(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	l := open(ctx, t, n, func(o *fabric.Options) { o.Identities = []string{utility.MSP} })
	p, err := profile.Read(filepath.Join(n.Dir(), "companies", "sky", "profile.json"))
	if err != nil {
		t.Fatal(err)
	}
	must(ctx, t, l, utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	must(ctx, t, l, utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: sky.MSP})
	must(ctx, t, l, utility, &ledger.RegisterPartner{Partner: "mart", Programme: "MART", MSP: mart.MSP})
	theirs, err := fabric.Open(ctx, fabric.Options{Profile: p, Clock: time.Now, Timer: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
		Step: 1, Min: 1, Max: 1000, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 3600, LotMonths: 24}
	id := must(ctx, t, theirs, sky, &ledger.ProposeAgreement{Terms: terms}).ID
	if _, err := theirs.Submit(ctx, utility, ledger.Command{ID: newID(), Body: &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()}}); !errors.Is(err, fabric.ErrNoIdentity) {
		t.Errorf("accepting for the utility returned %v", err)
	}
	must(ctx, t, l, utility, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	w := (&deal{code: "sky", id: id, hash: terms.Hash(), company: sky}).load(ctx, t, l, 16)
	for range 5 {
		next := terms
		next.Version = 2
		withdrawn := must(ctx, t, theirs, sky, &ledger.ProposeAgreement{Terms: next}).ID
		must(ctx, t, theirs, sky, &ledger.RejectAgreement{Agreement: withdrawn, Reason: "withdrawn"})
	}
	w.goesOn(ctx, 50)
	w.end()
	w.holds(ctx)
	r, err := theirs.Submit(ctx, sky, ledger.Command{ID: newID(), Body: &ledger.Issue{Account: ledger.Account{9}, Amount: 1, Expiry: 1000}})
	if err != nil || r[0].Code != ledger.CodeNotPermitted {
		t.Errorf("issuing points ended with %+v, %v", r, err)
	}
	all, err := theirs.Agreements(ctx)
	if err != nil || len(all) != 6 || all[0].ProposedBy.MSP != sky.MSP || all[0].DecidedBy.MSP != utility.MSP {
		t.Errorf("the partner sees %+v, %v", all, err)
	}
}
