package fabric

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// stage is a ledger with agreements of two partners on a network in memory, on
// which a test plays a fault.
type stage struct {
	*testing.T
	ctx     context.Context
	l       *Ledger
	net     *fakeNet
	utility ledger.Identity
	deals   map[string]fakeDeal // by partner code
}

type fakeDeal struct {
	id   ledger.ID
	hash ledger.Hash
}

// impatient makes faults show soon.
func impatient(o *Options) {
	o.Patience = Patience{Endorse: 300 * time.Millisecond, Lag: 30 * time.Millisecond, Order: 300 * time.Millisecond,
		Commit: 100 * time.Millisecond, Resubmit: 20 * time.Millisecond}
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, ctx: t.Context(), utility: ledger.Identity{MSP: fakeCompanies[0], Subject: "gateway"}, deals: map[string]fakeDeal{}}
	s.l, s.net = openFake(t, impatient)
	s.must(s.utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	for i, code := range []string{"sky", "mart"} {
		company := ledger.Identity{MSP: fakeCompanies[i+1], Subject: "loyalty"}
		s.must(s.utility, &ledger.RegisterPartner{Partner: code, Programme: []string{"SKY", "MART"}[i], MSP: company.MSP})
		for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			terms := ledger.Terms{Partner: code, Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
				Step: 1, Min: 1, Max: ledger.AmountMax, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 3600}
			if dir == ledger.In {
				terms.LotMonths = 24
			}
			id := s.must(s.utility, &ledger.ProposeAgreement{Terms: terms}).ID
			s.must(company, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
			s.deals[code+dir.String()] = fakeDeal{id, terms.Hash()}
		}
	}
	return s
}

func command1(body ledger.Body) ledger.Command {
	var random [10]byte
	rand.Read(random[:])
	return ledger.Command{ID: ledger.NewID(time.Now(), random), Body: body}
}

func (s *stage) must(by ledger.Identity, body ledger.Body) ledger.Transfer {
	s.Helper()
	r, err := s.l.Submit(s.ctx, by, command1(body))
	if err != nil || r[0].Code != ledger.CodeOK {
		s.Fatalf("a %s ended with %+v, %v", body.Kind(), r, err)
	}
	return r[0].Entry.Transfer
}

func (s *stage) leg(code string, dir ledger.Direction) ledger.LegTerms {
	d := s.deals[code+dir.String()]
	return ledger.LegTerms{Partner: code, Agreement: d.id, Hash: d.hash, LockedAt: time.Now().UnixMilli(), From: 10, To: 10}
}

// in is a conversion with a partner.
func (s *stage) in(code string) ledger.Command {
	return command1(&ledger.ConvertIn{Account: ledger.Account{1}, Leg: s.leg(code, ledger.In)})
}

func (s *stage) issue() ledger.Command {
	return command1(&ledger.Issue{Account: ledger.Account{1}, Amount: 100, Expiry: 1000})
}

// done gives a command that must be carried out, now and once.
func (s *stage) done(c ledger.Command) {
	s.Helper()
	r, err := s.l.Submit(s.ctx, s.utility, c)
	if err != nil || r[0].Code != ledger.CodeOK || r[0].Replayed {
		s.Fatalf("a %s ended with %+v, %v", c.Body.Kind(), r, err)
	}
	s.once(c)
}

// once checks that the ledger has a command once.
func (s *stage) once(c ledger.Command) {
	s.Helper()
	a, err := s.l.Alliance(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	n := 0
	if err := s.l.Transfers(s.ctx, a.Window, func(e ledger.Entry) error {
		if e.Transfer.ID == c.ID {
			n++
		}
		return nil
	}); err != nil || n != 1 {
		s.Errorf("the ledger has the command %d times, %v", n, err)
	}
}

// fails gives a command that must end with an error.
func (s *stage) fails(c ledger.Command, want error) {
	s.Helper()
	if r, err := s.l.Submit(s.ctx, s.utility, c); !errors.Is(err, want) {
		s.Fatalf("a %s ended with %+v, %v, want %v", c.Body.Kind(), r, err, want)
	}
}

func (s *stage) peer(msp string) *fakePeer {
	return s.net.peers[slices.Index(fakeCompanies, msp)]
}

// order has the orderer do something else with what it is given from now on.
func (s *stage) order(f func(n int) (bool, error)) {
	s.net.with(func() { s.net.given, s.net.order = 0, f })
}

func TestATransactionThatAnOrdererLosesIsGivenAgain(t *testing.T) {
	s := newStage(t)
	s.order(func(n int) (bool, error) { return n >= 2, nil })
	s.done(s.in("sky"))
}

func TestATransactionOfWhichAnOrdererSaysNothingIsHeardOfElsewhere(t *testing.T) {
	s := newStage(t)
	s.order(func(n int) (bool, error) { return n == 0, errors.New("connection lost") })
	s.done(s.in("sky"))
}

func TestATransactionThatIsTakenTwiceIsCarriedOutOnce(t *testing.T) {
	s := newStage(t)
	// Each orderer takes it and is lost before it can say so.
	s.order(func(int) (bool, error) { return true, errors.New("connection lost") })
	c := s.in("sky")
	s.done(c)
	s.order(nil)
	s.done(s.in("sky"))
	s.once(c)
}

func TestWithoutAnOrdererNothingIsDone(t *testing.T) {
	s := newStage(t)
	s.order(func(int) (bool, error) { return false, unreachable() })
	c := s.in("sky")
	s.fails(c, ledger.ErrBusy)
	if _, err := s.l.Find(s.ctx, c.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("finding it returned %v", err)
	}
	s.order(nil)
	s.done(c)
}

func TestWhatBecameOfATransactionIsFoundOut(t *testing.T) {
	s := newStage(t)
	home := s.peer("UtilityMSP")
	away := true
	s.order(func(int) (bool, error) { home.stuck = away; return true, nil })
	const late = 200 * time.Millisecond // longer than it waits for the commit
	begun := time.Now()
	go func() {
		time.Sleep(late)
		s.net.with(func() { away, home.stuck = false, false; home.catchUp() })
	}()
	s.done(s.in("sky")) // and not as one that was given before
	if took := time.Since(begun); took < late {
		t.Errorf("it was done after %s, before the peer could say so", took)
	}
}

// A transaction is on its way when the rate lock of its conversion runs out, and comes
// to the orderer once the conversion was refused: whoever asked has gone back by then.
func TestARefusalIsFinalWhateverIsStillOnItsWay(t *testing.T) {
	s := newStage(t)
	clock := testclock.At(time.Now())
	s.l.opts.Clock = clock.Now
	slow := true
	s.order(func(int) (bool, error) { return !slow, nil })
	s.l.opts.Failed = func(Failure) {
		s.net.with(func() { slow = false })
		clock.Advance(2 * time.Hour)
	}
	c := s.in("sky")
	if r, err := s.l.Submit(s.ctx, s.utility, c); err != nil || r[0].Code != ledger.CodeLockExpired {
		t.Fatalf("it ended with %+v, %v", r, err)
	}
	s.net.with(func() { s.net.cut(s.net.lost[:1]) })
	if e, err := s.l.Find(s.ctx, c.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("what was refused is on the ledger: %+v, %v", e, err)
	}
	s.done(s.issue())
}

// The same when nobody found out what became of the transaction, and the conversion was
// given again, by the same process or, after a crash, by the next.
func TestARefusalIsFinalWhenTheOutcomeWasUnknownBefore(t *testing.T) {
	for _, who := range []string{"the same process", "the next"} {
		t.Run(who, func(t *testing.T) {
			s := newStage(t)
			slow := true
			s.order(func(int) (bool, error) { return !slow, nil })
			c := s.in("sky")
			s.fails(c, ledger.ErrOutcomeUnknown)
			s.net.with(func() { slow = false })
			if who == "the next" {
				s.l = joinFake(t, s.net, impatient)
			}
			s.l.opts.Clock = func() time.Time { return time.Now().Add(2 * time.Hour) }
			if r, err := s.l.Submit(s.ctx, s.utility, c); err != nil || r[0].Code != ledger.CodeLockExpired {
				t.Fatalf("it ended with %+v, %v", r, err)
			}
			s.net.with(func() { s.net.cut(s.net.lost[:1]) })
			if e, err := s.l.Find(s.ctx, c.ID); !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("what was refused is on the ledger: %+v, %v", e, err)
			}
			s.done(s.issue())
		})
	}
}

func TestAnOutcomeThatCannotBeFoundOutIsUnknown(t *testing.T) {
	s := newStage(t)
	home := s.peer("UtilityMSP")
	s.order(func(int) (bool, error) { home.stuck = true; return true, nil })
	c := s.in("sky")
	s.fails(c, ledger.ErrOutcomeUnknown)
	s.order(nil)
	s.net.with(func() { home.stuck = false; home.catchUp() })
	s.once(c)
	r, err := s.l.Submit(s.ctx, s.utility, c)
	if err != nil || !r[0].Replayed {
		t.Errorf("given again it ends with %+v, %v", r, err)
	}
}

func TestACompanyThatIsAwayHoldsUpItsOwnCommandsOnly(t *testing.T) {
	for name, fault := range map[string]func(*fakePeer){
		"down":              func(p *fakePeer) { p.down = true },
		"without chaincode": func(p *fakePeer) { p.ill = true },
		"not committing":    func(p *fakePeer) { p.stuck = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			sky := s.peer("SkyMSP")
			s.net.with(func() { fault(sky) })
			s.done(s.in("mart")) // makes the one that is stuck lag behind
			c := s.in("sky")
			s.fails(c, ledger.ErrBusy)
			s.done(s.in("mart"))
			s.done(s.issue()) // needs a partner, whichever
			s.net.with(func() { sky.down, sky.ill, sky.stuck = false, false, false; sky.catchUp() })
			s.eventually(c)
		})
	}
}

// eventually gives a command until it is carried out.
func (s *stage) eventually(c ledger.Command) {
	s.Helper()
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		r, err := s.l.Submit(s.ctx, s.utility, c)
		if err == nil && r[0].Code == ledger.CodeOK {
			s.once(c)
			return
		}
		if !errors.Is(err, ledger.ErrBusy) {
			s.Fatalf("ended with %+v, %v", r, err)
		}
	}
	s.Fatal("the command is never carried out")
}

func TestACompanyIsAwayWhenItIsSlowerThanTheHomePeerNotWhenAllAreSlow(t *testing.T) {
	s := newStage(t)
	s.l.opts.Patience.Order, s.l.opts.Patience.Endorse = 10*time.Second, 200*time.Millisecond
	s.net.with(func() {
		for _, p := range s.net.peers {
			p.slow = time.Second
		}
	})
	s.done(s.in("sky"))
	s.net.with(func() { s.peer("UtilityMSP").slow, s.peer("MartMSP").slow = 0, 0 })
	c := s.in("sky")
	s.fails(c, ledger.ErrBusy)
	s.done(s.in("mart"))
	s.net.with(func() { s.peer("SkyMSP").slow = 0 })
	s.eventually(c)
}

func TestTheHomePeerIsWaitedFor(t *testing.T) {
	s := newStage(t)
	home := s.peer("UtilityMSP")
	s.net.with(func() { home.down = true })
	go func() {
		time.Sleep(100 * time.Millisecond)
		s.net.with(func() { home.down = false; home.catchUp() })
	}()
	s.done(s.in("sky"))
}

func TestTwoProcessesGetIntoEachOthersWayAndBothCarryOn(t *testing.T) {
	s := newStage(t)
	other := joinFake(t, s.net, func(o *Options) { o.Patience.Order = time.Minute })
	s.l.opts.Patience.Order = time.Minute
	var all sync.WaitGroup
	for _, l := range []*Ledger{s.l, other} {
		for range 4 {
			all.Go(func() {
				for range 10 {
					c := s.in("sky")
					if r, err := l.Submit(s.ctx, s.utility, c); err != nil || r[0].Code != ledger.CodeOK || r[0].Replayed {
						t.Errorf("a conversion ended with %+v, %v", r, err)
					}
				}
			})
		}
	}
	all.Wait()
	a, err := s.l.Alliance(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.l.Position(s.ctx, "sky", a.Window); err != nil || p.In.Count != 80 {
		t.Errorf("the position counts %d conversions, %v", p.In.Count, err)
	}
}

func TestABatchThatLosesEveryRaceWasNotDoneAndCanBeGivenAgain(t *testing.T) {
	s := newStage(t)
	s.order(func(int) (bool, error) { s.net.overtake("alliance"); return true, nil })
	c := s.in("sky")
	s.fails(c, ledger.ErrBusy)
	if _, err := s.l.Find(s.ctx, c.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("finding it returned %v", err)
	}
	s.order(nil)
	s.done(c)
}

func TestAPostConcernsWhomItsHoldConcerned(t *testing.T) {
	s := newStage(t)
	s.done(s.issue())
	out := s.leg("sky", ledger.Out)
	for name, forget := range map[string]func(ledger.ID){
		"as the same process remembers":    func(ledger.ID) {},
		"as another process finds out":     func(ledger.ID) { s.l.routes.young = map[ledger.ID]string{} },
		"even if that was misunderstood":   func(id ledger.ID) { s.l.routes.remember(id, "") },
		"even if another was thought of":   func(id ledger.ID) { s.l.routes.remember(id, "MartMSP") },
		"though the one it was is unknown": func(ledger.ID) { s.l.routes.partners = map[string]string{} },
	} {
		t.Run(name, func(t *testing.T) {
			h := s.must(s.utility, &ledger.Hold{Account: ledger.Account{1}, Amount: 10, Leg: &out})
			forget(h.ID)
			s.must(s.utility, &ledger.Post{Account: ledger.Account{1}, Hold: h.ID})
			void := s.must(s.utility, &ledger.Hold{Account: ledger.Account{1}, Amount: 10, Leg: &out})
			forget(void.ID)
			s.must(s.utility, &ledger.Void{Account: ledger.Account{1}, Hold: void.ID})
		})
	}
}

func TestAHoldAndItsPostMayComeTogether(t *testing.T) {
	s := newStage(t)
	s.done(s.issue())
	out := s.leg("sky", ledger.Out)
	h := command1(&ledger.Hold{Account: ledger.Account{1}, Amount: 10, Leg: &out})
	r, err := s.l.Submit(s.ctx, s.utility, h, command1(&ledger.Post{Account: ledger.Account{1}, Hold: h.ID}))
	if err != nil || r[0].Code != ledger.CodeOK || r[1].Code != ledger.CodeOK {
		t.Errorf("ended with %+v, %v", r, err)
	}
}

func TestOnlyThoseConcernedAndAWitnessEndorse(t *testing.T) {
	s := newStage(t)
	asked := map[string]int{}
	s.net.with(func() {
		for _, p := range s.net.peers {
			p.endorsing = func() error { asked[p.company]++; return nil }
		}
	})
	s.done(s.in("mart"))
	if asked["SkyMSP"] != 0 || asked["MartMSP"] != 1 {
		t.Errorf("a conversion with mart was endorsed by %v", asked)
	}
}

func TestDamageIsSaidToBeDamage(t *testing.T) {
	s := newStage(t)
	home := s.peer("UtilityMSP")
	s.net.with(func() {
		home.endorsing = func() error {
			return status.New(status.ChaincodeStatus, codec.StatusDamaged, "damaged", nil)
		}
	})
	s.fails(s.issue(), ledger.ErrDamaged)
	if _, err := s.l.Partners(s.ctx); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("reading returned %v", err)
	}
}

func TestWhoReadsWhileThePeerIsAwayMayComeBack(t *testing.T) {
	s := newStage(t)
	home := s.peer("UtilityMSP")
	for what, away := range map[string]func(){"peer": func() { home.down = true }, "chaincode": func() { home.ill = true }} {
		s.net.with(away)
		_, err1 := s.l.Find(s.ctx, s.issue().ID)
		_, err2 := s.l.Check(s.ctx, s.utility, s.issue())
		for _, err := range []error{err1, err2} {
			if !errors.Is(err, ledger.ErrBusy) {
				t.Errorf("without the %s reading returned %v, want ErrBusy", what, err)
			}
		}
		s.net.with(func() { home.down, home.ill = false, false; home.catchUp() })
	}
	s.done(s.issue())
}

func TestAStrangerIsRefused(t *testing.T) {
	s := newStage(t)
	_, err := s.l.Submit(s.ctx, ledger.Identity{MSP: "OtherMSP"}, s.issue())
	if !errors.Is(err, ErrNoIdentity) {
		t.Errorf("giving a command for a company without a key returned %v", err)
	}
	if _, err := s.l.Check(s.ctx, ledger.Identity{MSP: "OtherMSP"}, s.issue()); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("checking one returned %v", err)
	}
}

func TestAClosedLedgerTakesNothing(t *testing.T) {
	s := newStage(t)
	c := s.in("sky")
	if err := s.l.Close(); err != nil {
		t.Fatal(err)
	}
	s.fails(c, ledger.ErrClosed)
	if _, err := s.l.Find(s.ctx, c.ID); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("reading returned %v", err)
	}
	if err := s.l.Close(); err != nil {
		t.Errorf("closing again returned %v", err)
	}
}

func TestEveryAttemptThatFailsIsTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(s *stage)
		want  Reason
	}{
		{"somebody else is faster", func(s *stage) {
			s.order(func(int) (bool, error) { s.net.overtake("alliance"); return true, nil })
		}, ReasonConflict},
		{"no orderer is there", func(s *stage) { s.order(func(int) (bool, error) { return false, unreachable() }) }, ReasonOrderer},
		{"the company's chaincode is ill", func(s *stage) { s.net.with(func() { s.peer("SkyMSP").ill = true }) }, ReasonRefused},
		{"nobody says what became of it", func(s *stage) {
			s.order(func(int) (bool, error) { s.peer("UtilityMSP").stuck = true; return true, nil })
		}, ReasonUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			var all []Failure
			s.l.writing.Lock()
			s.l.opts.Failed = func(f Failure) { all = append(all, f) }
			s.l.writing.Unlock()
			c.fault(s)
			if _, err := s.l.Submit(s.ctx, s.utility, s.in("sky")); err == nil {
				t.Fatal("the command was carried out")
			}
			s.l.writing.Lock()
			defer s.l.writing.Unlock()
			for i, f := range all {
				if f.Again != (i < len(all)-1) || !slices.Equal(f.Concerned, []string{"SkyMSP", "UtilityMSP"}) && !slices.Equal(f.Concerned, []string{"UtilityMSP", "SkyMSP"}) {
					t.Errorf("the %d. failure is %+v", i+1, f)
				}
			}
			if len(all) == 0 || all[0].Reason != c.want {
				t.Errorf("told were %+v, want %s", all, c.want)
			}
		})
	}
}
