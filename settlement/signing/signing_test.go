package signing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/signing"
)

var (
	maker   = desk.Person{ID: "maker"}
	checker = desk.Person{ID: "checker"}
	airline = desk.Person{Company: "sky", ID: "finance"}
	shop    = desk.Person{Company: "mart", ID: "finance"}
)

// blocking says how many breaks are unresolved.
type blocking int64

func (b *blocking) Blocking(context.Context, string, ledger.Date) (int64, error) {
	return int64(*b), nil
}

type office struct {
	*settlementtest.Stand
	t      *testing.T
	s      *signing.Service
	breaks blocking
}

const id = "2026-11-21.sky"

// newOffice has one night, after which sky owes 50 yuan.
func newOffice(t *testing.T) *office {
	o := &office{Stand: settlementtest.New(t), t: t}
	o.In("sky", 5000)
	o.Night()
	o.s = o.process(&settlementtest.Kill{At: -1})
	return o
}

// process is a gateway that ends when it is killed.
func (o *office) process(k *settlementtest.Kill) *signing.Service {
	return signing.New(signing.Options{Ledger: settlementtest.Ledger{Memory: o.Ledger, Kill: k}, Store: settlementtest.Store{Memory: o.Store, Kill: k},
		Reconciler: reconciler{o.Stand, k}, Desk: &o.breaks, MSP: settlementtest.Utility.MSP, Subject: settlementtest.Utility.Subject,
		Now: o.Clock, Logger: slog.New(slog.DiscardHandler)})
}

type reconciler struct {
	*settlementtest.Stand
	k *settlementtest.Kill
}

func (r reconciler) Conclude(ctx context.Context, id string) (b ledger.SettlementBreaks, err error) {
	err = r.k.Write(func() error { b, err = r.Stand.Conclude(ctx, id); return err })
	return b, err
}

func (o *office) digest(of string) ledger.Hash {
	o.t.Helper()
	one, err := o.s.Settlement(context.Background(), maker, of)
	if err != nil {
		o.t.Fatal(err)
	}
	return signing.Digest(one)
}

func (o *office) propose(of string) {
	o.t.Helper()
	if _, err := o.s.Propose(context.Background(), maker, of); err != nil {
		o.t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestASettlementIsSignedByMakerCheckerAndPartner(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	proposed, err := o.s.Propose(ctx, maker, id)
	if err != nil || proposed.State != settlement.Proposed {
		t.Fatalf("%+v, %v", proposed, err)
	}
	half, err := o.s.Sign(ctx, checker, id, o.digest(id))
	if err != nil || half.State != settlement.Proposed {
		t.Fatalf("with one signature it is %+v, %v", half, err)
	}
	signed, err := o.s.Acknowledge(ctx, airline, id, o.digest(id))
	if err != nil || signed.State != settlement.Signed || o.Step(id) != ledger.SettlementSigned {
		t.Fatalf("with both it is %+v, %v", signed, err)
	}
	var by []string
	for _, m := range signed.Marks {
		by = append(by, fmt.Sprintf("%s %s/%s", m.Step, m.By.MSP, m.By.Subject))
	}
	want := "netted UtilityMSP/gateway, reconciled UtilityMSP/gateway, proposed UtilityMSP/maker, signed UtilityMSP/checker, signed SkyMSP/finance"
	if got := strings.Join(by, ", "); got != want {
		t.Errorf("taken by %s\nwant %s", got, want)
	}
	for name, again := range map[string]func() (*settlement.Settlement, error){
		"proposed":     func() (*settlement.Settlement, error) { return o.s.Propose(ctx, maker, id) },
		"signed":       func() (*settlement.Settlement, error) { return o.s.Sign(ctx, checker, id, o.digest(id)) },
		"acknowledged": func() (*settlement.Settlement, error) { return o.s.Acknowledge(ctx, airline, id, o.digest(id)) },
	} {
		if got, err := again(); err != nil || got.State != settlement.Signed || len(got.Marks) != 5 {
			t.Errorf("%s again by the same person: %+v, %v", name, got, err)
		}
	}
	_, err = o.s.Propose(ctx, checker, id)
	wantErr(t, "proposed by somebody else", err, signing.ErrState)
	_, err = o.s.Sign(ctx, desk.Person{ID: "third"}, id, o.digest(id))
	wantErr(t, "signed by a third", err, signing.ErrState)
}

func TestWhatMustNotBeSignedIsNot(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	_, err := o.s.Sign(ctx, checker, id, o.digest(id))
	wantErr(t, "before it was proposed", err, signing.ErrState)
	_, err = o.s.Dispute(ctx, airline, id, "early")
	wantErr(t, "disputed before it was proposed", err, signing.ErrState)
	_, err = o.s.Propose(ctx, airline, id)
	wantErr(t, "proposed by the partner", err, signing.ErrNotPermitted)
	_, err = o.s.Propose(ctx, maker, "2026-11-20.sky")
	wantErr(t, "another window", err, signing.ErrNotFound)
	o.breaks = 2
	_, err = o.s.Propose(ctx, maker, id)
	wantErr(t, "with breaks", err, signing.ErrUnresolved)
	if o.Step(id) != ledger.SettlementNetted {
		t.Errorf("it is %s", o.Step(id))
	}
	o.breaks = 0
	o.propose(id)
	_, err = o.s.Sign(ctx, maker, id, o.digest(id))
	wantErr(t, "signed by the maker", err, signing.ErrSamePerson)
	_, err = o.s.Sign(ctx, airline, id, o.digest(id))
	wantErr(t, "signed for the utility by the partner", err, signing.ErrNotPermitted)
	_, err = o.s.Acknowledge(ctx, checker, id, o.digest(id))
	wantErr(t, "signed for the partner by the utility", err, signing.ErrNotPermitted)
	_, err = o.s.Acknowledge(ctx, shop, id, o.digest(id))
	wantErr(t, "another partner's", err, signing.ErrNotFound)
	_, err = o.s.Sign(ctx, checker, id, ledger.Hash{1})
	wantErr(t, "another digest", err, signing.ErrDigest)
	for name, reason := range map[string]string{"empty": " ", "long": strings.Repeat("x", 201), "broken": "\xff"} {
		_, err = o.s.Dispute(ctx, airline, id, reason)
		wantErr(t, "a reason that is "+name, err, signing.ErrInvalid)
	}
}

// The contract refuses the same person even where nothing here would.
func TestTheContractRefusesThePersonWhoProposed(t *testing.T) {
	o := newOffice(t)
	o.propose(id)
	one, _ := o.Store.Settlement(context.Background(), id)
	on, err := o.Ledger.Settlement(context.Background(), one.Partner, one.Window)
	if err != nil {
		t.Fatal(err)
	}
	err = settlement.Advance(context.Background(), o.Ledger, ledger.Identity{MSP: "UtilityMSP", Subject: "maker"}, &on,
		&ledger.AdvanceSettlement{Partner: "sky", Window: one.Window, Step: ledger.SettlementSigned, Digest: signing.Digest(one)})
	var refused *settlement.Refusal
	if !errors.As(err, &refused) || refused.Code != ledger.CodeSameIdentity || !errors.Is(err, signing.ErrSamePerson) {
		t.Errorf("got %v", err)
	}
}

func TestRecordsThatDifferFromTheLedgerSignNothing(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.propose(id)
	one, _ := o.Store.Settlement(ctx, id)
	one.Figures.Pay++
	if err := o.Store.SaveSettlements(ctx, []settlement.Settlement{*one}); err != nil {
		t.Fatal(err)
	}
	_, err := o.s.Sign(ctx, checker, id, signing.Digest(one))
	wantErr(t, "figures of our own", err, signing.ErrDigest)
	wantErr(t, "Follow", o.s.Follow(ctx), signing.ErrDigest)
	if o.Step(id) != ledger.SettlementProposed {
		t.Errorf("it is %s", o.Step(id))
	}
}

func TestADisputedSettlementIsReconciledAndSignedAfterAll(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.propose(id)
	if _, err := o.s.Sign(ctx, checker, id, o.digest(id)); err != nil {
		t.Fatal(err)
	}
	disputed, err := o.s.Dispute(ctx, airline, id, "我方少一笔")
	if err != nil || disputed.State != settlement.Disputed {
		t.Fatalf("%+v, %v", disputed, err)
	}
	if again, err := o.s.Dispute(ctx, airline, id, "我方少一笔"); err != nil || again.State != settlement.Disputed {
		t.Errorf("again: %+v, %v", again, err)
	}
	o.Now = o.Now.Add(time.Minute)
	o.propose(id) // the same digest by the same person, and yet another command
	if _, err := o.s.Sign(ctx, checker, id, o.digest(id)); err != nil {
		t.Fatal(err)
	}
	signed, err := o.s.Acknowledge(ctx, airline, id, o.digest(id))
	if err != nil || signed.State != settlement.Signed {
		t.Fatalf("%+v, %v", signed, err)
	}
	want := []string{id + " netted", id + " reconciled", id + " proposed", id + " disputed", id + " reconciled", id + " proposed", id + " signed"}
	told := slices.DeleteFunc(o.Store.Told(), func(s string) bool { return !strings.HasPrefix(s, id) })
	if !slices.Equal(told, want) {
		t.Errorf("told %v\nwant %v", told, want)
	}
}

func TestWhatThePartnerDidByItselfIsFollowed(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.propose(id)
	if _, err := o.s.Sign(ctx, checker, id, o.digest(id)); err != nil {
		t.Fatal(err)
	}
	one, _ := o.Store.Settlement(ctx, id)
	for _, c := range []struct {
		who  ledger.Identity
		body *ledger.AdvanceSettlement
	}{
		{settlementtest.Airline, &ledger.AdvanceSettlement{Step: ledger.SettlementSigned, Digest: signing.Digest(one)}},
		{settlementtest.Utility, &ledger.AdvanceSettlement{Step: ledger.SettlementPaid, Text: "x"}},
	} {
		c.body.Partner, c.body.Window = one.Partner, one.Window
		o.Give(c.who, c.body)
	}
	if err := o.s.Follow(ctx); err != nil {
		t.Fatal(err)
	}
	if one, _ := o.Store.Settlement(ctx, id); one.State != settlement.Paid || len(one.Marks) != 6 {
		t.Errorf("it is %+v", one)
	}
	told := slices.DeleteFunc(o.Store.Told(), func(s string) bool { return !strings.HasPrefix(s, id) })
	if want := []string{id + " proposed", id + " signed", id + " paid"}; !slices.Equal(told[len(told)-3:], want) {
		t.Errorf("told %v, want it to end with %v", told, want)
	}
}

func TestASignedSettlementWithNothingToPayIsSettled(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	const empty = "2026-11-21.mart"
	o.propose(empty)
	if _, err := o.s.Sign(ctx, checker, empty, o.digest(empty)); err != nil {
		t.Fatal(err)
	}
	settled, err := o.s.Acknowledge(ctx, shop, empty, o.digest(empty))
	if err != nil || settled.State != settlement.Settled {
		t.Errorf("%+v, %v", settled, err)
	}
}

// keyless is a ledger that holds no key of the airline.
type keyless struct{ settlementtest.Ledger }

func (k keyless) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if who.MSP == settlementtest.Airline.MSP {
		return nil, ledger.ErrNoIdentity
	}
	return k.Ledger.Submit(ctx, who, commands...)
}

func TestACompanyWhoseKeyIsNotHereSignsByItself(t *testing.T) {
	o := newOffice(t)
	o.propose(id)
	k := &settlementtest.Kill{At: -1}
	s := signing.New(signing.Options{Ledger: keyless{settlementtest.Ledger{Memory: o.Ledger, Kill: k}}, Store: o.Store, Reconciler: o.Stand, Desk: &o.breaks,
		MSP: "UtilityMSP", Subject: "gateway", Now: o.Clock, Logger: slog.New(slog.DiscardHandler)})
	_, err := s.Acknowledge(context.Background(), airline, id, o.digest(id))
	wantErr(t, "Acknowledge", err, ledger.ErrNoIdentity)
}

// A process is killed at each of its writes, before it and after it; what is done
// again then ends as if nothing had happened.
func TestKilledAtAnyWriteItIsSignedOnceAllTheSame(t *testing.T) {
	way := func(o *office, s *signing.Service, empty string) error {
		ctx := context.Background()
		for _, of := range []string{id, empty} {
			if _, err := s.Propose(ctx, maker, of); err != nil {
				return err
			}
			if _, err := s.Sign(ctx, checker, of, o.digest(of)); err != nil {
				return err
			}
			one, _ := o.Store.Settlement(ctx, of)
			if _, err := s.Acknowledge(ctx, desk.Person{Company: one.Partner, ID: "finance"}, of, o.digest(of)); err != nil {
				return err
			}
		}
		return s.Follow(ctx)
	}
	const empty = "2026-11-21.mart"
	for n, reached := 0, true; reached; n++ {
		for _, after := range []bool{false, true} {
			o := newOffice(t)
			k := &settlementtest.Kill{At: n, After: after}
			first := way(o, o.process(k), empty)
			if reached = k.Reached(); !reached {
				if n < 10 {
					t.Fatalf("there were only %d writes: %v", n, first)
				}
				break
			}
			if err := way(o, o.s, empty); err != nil {
				t.Fatalf("killed at write %d, after it %t: %v", n, after, err)
			}
			a, _ := o.Store.Settlement(context.Background(), id)
			b, _ := o.Store.Settlement(context.Background(), empty)
			if a.State != settlement.Signed || len(a.Marks) != 5 || b.State != settlement.Settled || len(b.Marks) != 6 {
				t.Fatalf("killed at write %d, after it %t:\n%+v\n%+v", n, after, a, b)
			}
		}
	}
}

func TestTwoWhoProposeAtOnceAreOne(t *testing.T) {
	o := newOffice(t)
	var wg sync.WaitGroup
	won := make(chan string, 8)
	for i := range 8 {
		wg.Go(func() {
			p := desk.Person{ID: fmt.Sprint("p", i)}
			switch _, err := o.s.Propose(context.Background(), p, id); {
			case err == nil:
				won <- p.ID
			case !errors.Is(err, signing.ErrState):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	one, _ := o.Store.Settlement(context.Background(), id)
	mark := one.Marks[len(one.Marks)-1]
	if winner := <-won; len(won) != 0 || mark.By.Subject != winner || one.State != settlement.Proposed {
		t.Errorf("%s won and %d more; it is %+v", winner, len(won), one)
	}
}
