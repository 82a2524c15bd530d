package rewards_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
)

var (
	zone    = time.FixedZone("China", 8*3600)
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	key     = bytes.Repeat([]byte{7}, 32)
)

// day is the business day of an instant.
func day(at time.Time) ledger.Date { return ledger.DateOf(at.In(zone)) }

// tester is what a world needs of a test or a property.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Cleanup(func())
}

// world is a service over a ledger and a store in memory.
type world struct {
	tester
	clock  *testclock.Clock
	ledger *faulty
	store  rewards.Store
	*rewards.Service
}

// faulty is a ledger whose next submits fail, before or after they are done.
type faulty struct {
	ledger.Ledger
	mu     sync.Mutex
	before int // so many fail and do nothing
	after  int // so many are done and do not say so
}

func (f *faulty) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before > 0 {
		f.before--
		return nil, ledger.ErrBusy
	}
	results, err := f.Ledger.Submit(ctx, caller, commands...)
	if f.after > 0 {
		f.after--
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}

func newWorld(t tester, rules ...rewards.Terms) *world {
	t.Helper()
	c := testclock.At(time.Date(2026, 3, 10, 9, 0, 0, 0, zone))
	w := &world{tester: t, clock: c, ledger: &faulty{Ledger: ledgertest.NewMemory(c.Now)}, store: rewardstest.NewMemory()}
	w.give(&ledger.Initialise{Hub: "EPT", Window: day(c.Now())})
	for _, terms := range rules {
		w.enact(terms)
	}
	w.start()
	_, err := w.Register(context.Background(), []string{"M-1", "M-2", "M-3"})
	must(t, err)
	return w
}

// enact puts a rule in force, as if it had been approved long ago.
func (w *world) enact(terms rewards.Terms) {
	w.Helper()
	r := rewards.Rule{Terms: terms, Version: 1, State: rewards.Approved, Maker: "sun", Checker: "wu"}
	must(w, w.store.AddRewardRule(context.Background(), &r))
}

func (w *world) options() rewards.Options {
	return rewards.Options{Ledger: w.ledger, Identity: utility, Store: w.store, Members: memberstest.NewKnown(key), Day: day, GraceDays: 30,
		RetryEvery: time.Millisecond, Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler)}
}

// start starts a service over what is stored, after ending the one before.
func (w *world) start() {
	w.Helper()
	if w.Service != nil {
		w.Close()
	}
	s, err := rewards.New(context.Background(), w.options())
	must(w, err)
	must(w, s.Start(context.Background()))
	w.Service = s
	w.Cleanup(s.Close)
}

func (w *world) give(body ledger.Body) ledger.Transfer {
	w.Helper()
	serial.Lock()
	defer serial.Unlock()
	serial.n++
	id := ledger.NewID(w.clock.Now(), [10]byte{0xff, byte(serial.n >> 16), byte(serial.n >> 8), byte(serial.n)})
	r, err := w.ledger.Submit(context.Background(), utility, ledger.Command{ID: id, Body: body})
	must(w, err)
	if r[0].Code != ledger.CodeOK {
		w.Fatalf("%s: %s %s", body.Kind(), r[0].Code, r[0].Message)
	}
	return r[0].Entry.Transfer
}

var serial struct {
	sync.Mutex
	n int
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// account is what a member has on the ledger.
func (w *world) account(member string) *ledger.AccountState {
	w.Helper()
	a, err := ledger.MemberAccount(key, member)
	must(w, err)
	state, err := w.ledger.Account(context.Background(), a)
	if errors.Is(err, ledger.ErrNotFound) {
		return &ledger.AccountState{Account: a}
	}
	must(w, err)
	return &state
}

// paid is a prepayment of so many yuan by the app.
func (w *world) paid(id string, yuan int64) rewards.Event {
	return rewards.Event{ID: id, Member: "M-1", Kind: rewards.Prepayment, Channel: "app", Segment: "residential",
		OccurredAt: w.clock.Now().UnixMilli(), Amount: yuan * 100}
}

// take takes one event.
func (w *world) take(e rewards.Event) rewards.Outcome {
	return w.Take(context.Background(), []rewards.Event{e})[0]
}

// ended takes or cancels and checks how the event stands then.
func (w *world) ended(o rewards.Outcome, state rewards.State, points int64) *rewards.Record {
	w.Helper()
	if o.Err != nil {
		w.Fatalf("error %v, want state %s", o.Err, state)
	}
	if o.Record.State != state || o.Record.Points != points {
		w.Fatalf("the event is %s with %d points, want %s with %d", o.Record.State, o.Record.Points, state, points)
	}
	return o.Record
}

// refusedWith checks the code of a refusal.
func refusedWith(t testing.TB, err error, code string) {
	t.Helper()
	var r *rewards.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("error %v, want a refusal %s", err, code)
	}
}

func ratio(s string) rewards.Ratio {
	r, err := rewards.ParseRatio(s)
	if err != nil {
		panic(err)
	}
	return r
}

// ladderOfSteps is the rule of most tests: from 0, 100 and 500 yuan on 1, 1.2 and
// 1.5 points per yuan.
func ladderOfSteps() rewards.Terms {
	return rewards.Terms{Code: "prepayment", Name: "预存电费阶梯", Kind: rewards.Prepayment, LotMonths: 24,
		Steps:    []rewards.Step{{From: 0, PerYuan: ratio("1")}, {From: 100_00, PerYuan: ratio("1.2")}, {From: 500_00, PerYuan: ratio("1.5")}},
		Channels: map[rewards.Channel]rewards.Ratio{"app": ratio("1.5"), "website": ratio("1.2"), "counter": ratio("1")}}
}

func name(n int) string { return fmt.Sprintf("PAY-%04d", n) }
