package settlement_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/settlement/statements/statementstest"
)

// books is an alliance whose nights are compared: our records and the partners'
// statements are made from the ledger, and changed by tests.
type books struct {
	*settlementtest.Stand
	cases      *desktest.Memory
	desk       *desk.Desk
	runs       *settlementtest.Reconciliations
	statements *statements.Service
	kept       *os.Root
	strangers  map[string]bool
	lacks      map[ledger.ID]bool // our records have not
	received   string             // folder
}

func newBooks(t *testing.T) *books {
	t.Helper()
	return newBooksOn(t, settlementtest.New(t))
}

func newBooksOn(t *testing.T, stand *settlementtest.Stand) *books {
	t.Helper()
	b := &books{Stand: stand, cases: desktest.NewMemory(), runs: settlementtest.NewReconciliations(), lacks: map[ledger.ID]bool{}}
	b.desk = b.deskOn(b.cases, b.Ledger)
	b.received = t.TempDir()
	received, err := os.OpenRoot(b.received)
	must(t, err)
	b.kept, err = os.OpenRoot(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = received.Close(); _ = b.kept.Close() })
	b.statements, err = statements.New(statements.Options{Store: &statementstest.Memory{}, Ledger: b.Ledger, Calendar: b.Zone, Dir: received,
		Layout: func(string) (statementfile.Layout, bool) {
			return statementfile.Layout{Zone: b.Zone.Location, NoTotals: true}, true
		},
		Now: b.Clock, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *books) deskOn(store desk.Store, l desk.Ledger) *desk.Desk {
	return desk.New(desk.Options{Store: store, Ledger: l, MSP: settlementtest.Utility.MSP, WriteOffMax: 1e9, DueDays: 3, Now: b.Clock, Random: rand.Reader})
}

// reconciler compares with stores of its own, or with those of the alliance.
func (b *books) reconciler(change ...func(*settlement.ReconcilerOptions)) *settlement.Reconciler {
	o := settlement.ReconcilerOptions{Ledger: b.Ledger, Identity: settlementtest.Utility, Store: b.Store, Runs: b.runs, Records: b, Links: b,
		Statements: b.statements, Desk: b.desk, Calendar: b.Zone, Dir: b.kept, SpillDir: b.T.TempDir(),
		Tolerance: func(string) reconcile.Tolerance {
			return reconcile.Tolerance{Late: 10 * time.Minute, LateDays: 1, KeepDays: 3}
		},
		Due: func(string) time.Duration { return 8 * time.Hour }, Now: b.Clock, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	return settlement.NewReconciler(o)
}

// Records gives what the ledger has, as our own.
func (b *books) Records(ctx context.Context, partner string, w settlement.Span, yield func(*reconcile.Record) error) error {
	return b.Ledger.Transfers(ctx, w.Window, func(e ledger.Entry) error {
		return reconcile.FromTransfer(partner, &e.Transfer, 0, func(r *reconcile.Record) error {
			if b.lacks[r.Key] {
				return nil
			}
			r.Side = reconcile.Ours
			return yield(r)
		})
	})
}

func (b *books) RecordsOf(context.Context, string, settlement.Span, ledger.ID, func(*reconcile.Record) error) error {
	return nil
}

func (b *books) Linked(_ context.Context, _ string, members []string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, m := range members {
		all[m] = !b.strangers[m]
	}
	return all, nil
}

// lines are a partner's statement of a window as it should be, one movement each.
func (b *books) lines(partner string, window ledger.Date) (lines []string) {
	b.T.Helper()
	err := b.Ledger.Transfers(context.Background(), window, func(e ledger.Entry) error {
		return reconcile.FromTransfer(partner, &e.Transfer, 0, func(r *reconcile.Record) error {
			at := time.UnixMilli(r.At).In(b.Zone.Location).Format("2006-01-02 15:04:05")
			lines = append(lines, fmt.Sprintf("%s,SKY-1,%s,%d,%s", r.Key, r.Movement, r.Amount, at))
			return nil
		})
	})
	must(b.T, err)
	return lines
}

func (b *books) send(partner string, window ledger.Date, lines ...string) *statements.Statement {
	b.T.Helper()
	text := "transfer_id,membership,kind,amount,date\n"
	for _, l := range lines {
		text += l + "\n"
	}
	r, err := b.statements.Receive(context.Background(), statements.Delivery{Partner: partner, Day: window, Source: statements.API, By: "test"}, strings.NewReader(text))
	must(b.T, err)
	if r.Statement.Refused {
		b.T.Fatalf("refused: %+v", r.Statement.Problems)
	}
	return r.Statement
}

func (b *books) allCases() []*desk.Case {
	b.T.Helper()
	all, err := b.cases.Cases(context.Background(), desk.Filter{}, desk.ByWindow, nil, 1000)
	must(b.T, err)
	return all
}

func (b *books) settlement(id string) *settlement.Settlement {
	b.T.Helper()
	s, err := b.Store.Settlement(context.Background(), id)
	must(b.T, err)
	return s
}

// day is the window that the alliance begins with.
const day = "2026-11-21"

func (b *books) night() ledger.Date {
	b.T.Helper()
	window := b.Zone.Date(b.Now)
	b.Night()
	return window
}

func TestAStatementThatAgreesReconcilesItsSettlement(t *testing.T) {
	b := newBooks(t)
	b.In("sky", 300)
	b.Out("sky", 50)
	w := b.night()
	ctx := context.Background()
	r := b.reconciler()
	done, err := r.RunDue(ctx)
	must(t, err)
	if len(done) != 0 {
		t.Fatalf("without a statement %+v", done)
	}
	b.send("sky", w, b.lines("sky", w)...)
	done, err = r.RunDue(ctx)
	must(t, err)
	if len(done) != 1 || done[0].Settlement != day+".sky" || done[0].Report.Matched != 2 || done[0].Breaks.Found != 0 {
		t.Fatalf("%+v", done)
	}
	if s := b.settlement(day + ".sky"); s.State != settlement.Reconciled || b.Step(s.ID) != ledger.SettlementReconciled || len(b.allCases()) != 0 {
		t.Errorf("the settlement is %+v", s)
	}
	if s := b.settlement(day + ".mart"); s.State != settlement.Netted {
		t.Errorf("the one without statement is %s", s.State)
	}
	if done, err = r.RunDue(ctx); err != nil || len(done) != 0 {
		t.Errorf("again: %+v, %v", done, err)
	}
	breaks, err := r.Conclude(ctx, day+".sky")
	if err != nil || breaks != b.settlement(day+".sky").Breaks {
		t.Errorf("concluded %+v, %v", breaks, err)
	}
	if _, err := r.Conclude(ctx, day+".mart"); !errors.Is(err, settlement.ErrNotReconciled) {
		t.Errorf("concluded without statement: %v", err)
	}
}

func TestADifferenceIsABreakUntilItIsResolved(t *testing.T) {
	b := newBooks(t)
	b.In("sky", 300)
	w := b.night()
	ctx := context.Background()
	b.send("sky", w, strings.Replace(b.lines("sky", w)[0], ",300,", ",270,", 1))
	r := b.reconciler()
	done, err := r.RunDue(ctx)
	must(t, err)
	cases := b.allCases()
	if len(done) != 1 || done[0].Breaks.Found != 1 || done[0].Breaks.Open != 1 || len(cases) != 1 {
		t.Fatalf("%+v %+v", done, cases)
	}
	c := cases[0]
	// 30 points less at 0.01 yuan each.
	if c.Type != "amount" || c.Value != -30*settlementtest.Price || !c.Blocks() || c.Theirs.Membership != "SKY-1" || c.Theirs.Line != 2 || c.Ledger.Amount != 300 {
		t.Errorf("the case is %+v, theirs %+v", c, c.Theirs)
	}
	var unresolved *settlement.UnresolvedError
	if _, err := r.Conclude(ctx, day+".sky"); !errors.As(err, &unresolved) || unresolved.Breaks != 1 || !errors.Is(err, settlement.ErrUnresolved) {
		t.Errorf("concluded with a break: %v", err)
	}
	_, err = b.desk.Propose(ctx, desk.Person{ID: "u1"}, c.ID, 1, desk.Proposal{Action: desk.Accept, Reason: "the partner corrects it"})
	must(t, err)
	_, err = b.desk.Approve(ctx, desk.Person{ID: "u2"}, c.ID, 2)
	must(t, err)
	breaks, err := r.Conclude(ctx, day+".sky")
	must(t, err)
	if breaks.Found != 1 || breaks.Open != 0 || breaks.Root == done[0].Breaks.Root {
		t.Errorf("after it was resolved: %+v, before %+v", breaks, done[0].Breaks)
	}
	on, err := b.Ledger.Settlement(ctx, "sky", w)
	if err != nil || on.Breaks != breaks || b.settlement(day+".sky").Breaks != breaks {
		t.Errorf("the ledger has %+v, %v", on.Breaks, err)
	}
}

func TestEachKindOfDifferenceIsABreakOfItsType(t *testing.T) {
	for want, change := range map[string]func(b *books, lines []string) []string{
		"missing_at_partner": func(_ *books, l []string) []string { return l[1:] },
		"duplicate": func(_ *books, l []string) []string {
			return append(l, strings.Replace(l[0], "SKY-1", "SKY-1 ", 1)+":01")
		},
		"missing_on_ledger": func(_ *books, l []string) []string {
			return append(l, strings.Replace(l[0], l[0][:8], "00000001", 1))
		},
		"unknown_member": func(b *books, l []string) []string {
			b.strangers = map[string]bool{"X-9": true}
			return append(l, strings.Replace(strings.Replace(l[0], l[0][:8], "00000001", 1), "SKY-1", "X-9", 1))
		},
		"missing_in_records": func(b *books, l []string) []string {
			id, err := ledger.ParseID(l[0][:36])
			must(b.T, err)
			b.lacks[id] = true
			return l
		},
	} {
		t.Run(want, func(t *testing.T) {
			b := newBooks(t)
			b.In("sky", 300)
			b.In("sky", 400)
			w := b.night()
			lines := change(b, b.lines("sky", w))
			if want == "duplicate" { // the same a second later: one transfer, two lines
				lines[2] = strings.Replace(b.lines("sky", w)[0], ":00:00", ":00:01", 1)
			}
			b.send("sky", w, lines...)
			_, err := b.reconciler().RunDue(context.Background())
			must(t, err)
			if cases := b.allCases(); len(cases) != 1 || cases[0].Type != want {
				t.Errorf("found %+v", cases)
			}
		})
	}
}

func TestACorrectedStatementTakesItsBreaksAway(t *testing.T) {
	b := newBooks(t)
	b.In("sky", 300)
	w := b.night()
	b.send("sky", w)
	r := b.reconciler()
	_, err := r.RunDue(context.Background())
	must(t, err)
	b.send("sky", w, b.lines("sky", w)...)
	done, err := r.RunDue(context.Background())
	must(t, err)
	cases := b.allCases()
	if len(done) != 1 || done[0].Breaks.Open != 0 || len(cases) != 1 || cases[0].State != desk.Cleared {
		t.Errorf("%+v %+v", done, cases)
	}
	if done, err := r.RunDue(context.Background()); err != nil || len(done) != 0 {
		t.Errorf("again: %+v, %v", done, err)
	}
}

func TestWhatComesADayLateClearsByItself(t *testing.T) {
	b := newBooks(t)
	b.Now = b.Zone.Start(b.Zone.Date(b.Now) + 1).Add(-time.Second)
	b.In("sky", 300)
	first := b.night()
	late := b.lines("sky", first)
	b.send("sky", first)
	r := b.reconciler()
	_, err := r.RunDue(context.Background())
	must(t, err)
	cases := b.allCases()
	if len(cases) != 1 || cases[0].Type != "window" || cases[0].Blocks() {
		t.Fatalf("%+v", cases)
	}
	b.In("sky", 400)
	second := b.night()
	b.send("sky", second, append(late, b.lines("sky", second)...)...)
	_, err = r.RunDue(context.Background())
	must(t, err)
	if cases := b.allCases(); len(cases) != 1 || cases[0].State != desk.Cleared {
		t.Errorf("after it came: %+v", cases)
	}
}

func TestWhatNeverComesIsMissing(t *testing.T) {
	b := newBooks(t)
	b.Now = b.Zone.Start(b.Zone.Date(b.Now) + 1).Add(-time.Second)
	b.In("sky", 300)
	r := b.reconciler()
	for range 3 {
		b.send("sky", b.night())
		_, err := r.RunDue(context.Background())
		must(t, err)
	}
	if cases := b.allCases(); len(cases) != 1 || cases[0].Type != "missing_at_partner" || !cases[0].Blocks() || cases[0].Window.String() != day {
		t.Errorf("%+v", cases[0])
	}
}

func TestOnePartnersFailureHoldsUpNobody(t *testing.T) {
	b := newBooks(t)
	b.In("mart", 300)
	b.In("sky", 300)
	w := b.night()
	lost := b.send("mart", w, b.lines("mart", w)...)
	b.send("sky", w, b.lines("sky", w)...)
	must(t, os.Remove(b.received+"/"+lost.Digest.String()+".statement"))
	done, err := b.reconciler().RunDue(context.Background())
	if !errors.Is(err, statements.ErrNotFound) || len(done) != 1 || done[0].Partner != "sky" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestASettlementWithoutStatementIsSeenToWait(t *testing.T) {
	b := newBooks(t)
	b.In("sky", 300)
	w := b.night()
	r := b.reconciler()
	b.send("mart", w)
	waiting, err := r.Waiting(context.Background())
	must(t, err)
	if len(waiting) != 1 || waiting[0].Settlement != day+".sky" || waiting[0].Overdue != !b.Now.Before(waiting[0].Due) ||
		!waiting[0].Due.Equal(b.Zone.Start(w+1).Add(8*time.Hour)) {
		t.Fatalf("%+v", waiting)
	}
	b.Now = waiting[0].Due
	if waiting, err = r.Waiting(context.Background()); err != nil || !waiting[0].Overdue {
		t.Errorf("later: %+v, %v", waiting, err)
	}
}

func TestADisputedSettlementIsConcludedAgain(t *testing.T) {
	b := newBooks(t)
	b.In("sky", 300)
	w := b.night()
	ctx := context.Background()
	b.send("sky", w, b.lines("sky", w)...)
	r := b.reconciler()
	_, err := r.RunDue(ctx)
	must(t, err)
	for range 2 { // the second time everything is as it was the first time
		on, err := b.Ledger.Settlement(ctx, "sky", w)
		must(t, err)
		b.Give(ledger.Identity{MSP: settlementtest.Utility.MSP, Subject: "u1"}, &ledger.AdvanceSettlement{Partner: "sky", Window: w, Step: ledger.SettlementProposed, Digest: on.Digest()})
		b.Give(settlementtest.Airline, &ledger.AdvanceSettlement{Partner: "sky", Window: w, Step: ledger.SettlementDisputed, Text: "look again"})
		b.Now = b.Now.Add(time.Second)
		_, err = r.Conclude(ctx, day+".sky")
		must(t, err)
		if step := b.Step(day + ".sky"); step != ledger.SettlementReconciled {
			t.Fatalf("it is %s", step)
		}
	}
}

// killedDesk is a store of cases that is written to until the kill.
type killedDesk struct {
	*desktest.Memory
	kill *settlementtest.Kill
}

func (k killedDesk) SaveCase(ctx context.Context, c *desk.Case, e *desk.Entry) error {
	return k.kill.Write(func() error { return k.Memory.SaveCase(ctx, c, e) })
}

type killedRuns struct {
	*settlementtest.Reconciliations
	kill *settlementtest.Kill
}

func (k killedRuns) SaveReconciliation(ctx context.Context, r *settlement.Reconciliation) error {
	return k.kill.Write(func() error { return k.Reconciliations.SaveReconciliation(ctx, r) })
}

// broken has two nights with breaks of several kinds, and the statements there.
func broken(t *testing.T) *books {
	b := newBooks(t)
	// IDs follow from the time, so that every run has the same breaks.
	b.In("sky", 300)
	b.In("sky", 400)
	b.In("mart", 100)
	b.Now = b.Zone.Start(b.Zone.Date(b.Now) + 1).Add(-time.Second)
	b.In("sky", 500)
	first := b.night()
	b.In("sky", 600)
	second := b.night()
	l := b.lines("sky", first)
	b.send("sky", first, strings.Replace(l[0], ",300,", ",301,", 1))
	b.send("sky", second, append(b.lines("sky", second), l[2])...)
	b.send("mart", first, b.lines("mart", first)...)
	return b
}

// outcome is what is left when all is done.
type outcome struct {
	Cases  []string
	Breaks map[string]ledger.SettlementBreaks
	States map[string]settlement.State
	Runs   map[string]reconcile.Report
}

func (b *books) outcome() outcome {
	b.T.Helper()
	o := outcome{Breaks: map[string]ledger.SettlementBreaks{}, States: map[string]settlement.State{}, Runs: map[string]reconcile.Report{}}
	for _, c := range b.allCases() {
		o.Cases = append(o.Cases, fmt.Sprintf("%s %s %s %s %d %d", c.ID, c.Window, c.Type, c.State, c.Value, c.Seen))
	}
	all, err := b.Store.Settlements(context.Background(), "", "", 100)
	must(b.T, err)
	for _, s := range all {
		on, err := b.Ledger.Settlement(context.Background(), s.Partner, s.Window)
		must(b.T, err)
		if on.Breaks != s.Breaks || settlement.State(on.Step.String()) != s.State {
			b.T.Errorf("%s: the ledger has %s %+v, the store %s %+v", s.ID, on.Step, on.Breaks, s.State, s.Breaks)
		}
		o.Breaks[s.ID], o.States[s.ID] = on.Breaks, s.State
		if run, err := b.runs.Reconciliation(context.Background(), s.Partner, s.Window); err == nil {
			o.Runs[s.ID] = run.Report
		}
	}
	return o
}

func TestARunThatIsKilledAnywhereIsDoneAgain(t *testing.T) {
	whole := broken(t)
	_, err := whole.reconciler().RunDue(context.Background())
	must(t, err)
	want := whole.outcome()
	if len(want.Cases) != 3 || want.States[day+".sky"] != settlement.Reconciled {
		t.Fatalf("%+v", want)
	}
	for _, after := range []bool{false, true} {
		for at, reached := 0, true; reached; at++ {
			b := broken(t)
			kill := &settlementtest.Kill{At: at, After: after}
			mortal := settlementtest.Ledger{Memory: b.Ledger, Kill: kill}
			_, err := b.reconciler(func(o *settlement.ReconcilerOptions) {
				o.Ledger, o.Store, o.Runs = mortal, settlementtest.Store{Memory: b.Store, Kill: kill}, killedRuns{b.runs, kill}
				o.Desk = b.deskOn(killedDesk{b.cases, kill}, mortal)
			}).RunDue(context.Background())
			if reached = kill.Reached(); reached && !errors.Is(err, settlementtest.ErrKilled) {
				t.Fatalf("killed at %d: %v", at, err)
			}
			_, err = b.reconciler().RunDue(context.Background())
			must(t, err)
			if got := b.outcome(); !reflect.DeepEqual(got, want) {
				t.Fatalf("killed at %d (after %t):\n%+v\nwant\n%+v", at, after, got, want)
			}
		}
	}
}

func TestTwoRunsAtOnceComeToTheSame(t *testing.T) {
	whole := broken(t)
	_, err := whole.reconciler().RunDue(context.Background())
	must(t, err)
	want := whole.outcome()
	for n := range 20 {
		b := broken(t)
		one, other := b.reconciler(), b.reconciler()
		if n%2 == 0 {
			other = one
		}
		var both sync.WaitGroup
		for _, r := range []*settlement.Reconciler{one, other} {
			both.Go(func() {
				err := errors.New("not run")
				for tries := 0; err != nil && tries < 20; tries++ { // two that know nothing of each other may get in each other's way
					_, err = r.RunDue(context.Background())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		got := b.outcome()
		if n%2 == 1 { // how many are open is as it was when each looked
			got.Breaks = want.Breaks
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nwant\n%+v", got, want)
		}
	}
}
