package bonus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// childVariable carries the order of a child, which is this test binary run again.
const childVariable = "POINTGRID_BONUS_CHILD"

func TestMain(m *testing.M) { mortal.Main(m, childVariable, child) }

// order is what a child is to do: follow the ledger in a folder to its end, until it
// kills itself at the n-th moment, if n is not 0.
type order struct {
	Dir  string
	Kill int64
	Now  time.Time
}

// doomed kills the process at a moment: just before or just after a write of the
// store or a call of the ledger.
type doomed struct {
	home
	bonus.Store
	mortal.Moments
}

func (m *doomed) DecideBonuses(ctx context.Context, all []*bonus.Bonus, marks []bonus.Mark) error {
	m.Pass()
	defer m.Pass()
	return m.Store.DecideBonuses(ctx, all, marks)
}

func (m *doomed) SettleBonuses(ctx context.Context, all []*bonus.Bonus) error {
	m.Pass()
	defer m.Pass()
	return m.Store.SettleBonuses(ctx, all)
}

func (m *doomed) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	m.Pass()
	defer m.Pass()
	return m.home.Submit(ctx, caller, commands...)
}

// childTester is a tester without a test.
type childTester struct{}

func (childTester) Helper()                   {}
func (childTester) Errorf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (childTester) Fatal(a ...any)            { panic(fmt.Sprint(a...)) }
func (childTester) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// reopen opens what lies in a folder.
func reopen(t tester, o order) (w *world, done func() error, err error) {
	c := testclock.At(o.Now)
	l, err := openLedger(o.Dir, c)
	if err != nil {
		return nil, nil, err
	}
	s, err := openStore(o.Dir)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	w = &world{tester: t, clock: c, ledger: &faulty{home: l}, store: &forgetful{Store: s}, members: memberstest.NewKnown(key)}
	for n := range 4 {
		w.member(n) // who is known by the account
	}
	return w, func() error { return errors.Join(s.Close(), l.Close()) }, nil
}

func child(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	w, done, err := reopen(childTester{}, o)
	if err != nil {
		return err
	}
	m := &doomed{home: w.ledger, Store: w.store}
	m.DieAt(o.Kill)
	options := w.options(m, m)
	options.GroupMax = 2
	f, err := bonus.New(options)
	if err != nil {
		return err
	}
	ctx := context.Background()
	return errors.Join(f.Begin(ctx), f.CatchUp(ctx), done())
}

func (o order) run(t *testing.T) (killed bool) {
	t.Helper()
	_, killed = mortal.Run(t, childVariable, o)
	return killed
}

// TestKilledAtAnyMomentEveryBonusIsPaidOnce follows a ledger in a process of its own
// and kills that process at its n-th moment, for every n there is. A second process
// must bring every bonus to its end, once.
func TestKilledAtAnyMomentEveryBonusIsPaidOnce(t *testing.T) {
	template := t.TempDir()
	w, done := newWorld(t, template)
	w.rise(0, "gold")
	w.rise(1, "silver")
	first, second, third := w.convert(0, 1000), w.convert(1, 1000), w.convert(0, 500)
	w.convert(2, 1000)
	for _, r := range []ledger.Result{w.reverse(first, 300), w.reverse(second, 1500), w.reverse(first, 450)} {
		if r.Code != ledger.CodeOK {
			t.Fatalf("a reversal ended with %s %s", r.Code, r.Message)
		}
	}
	now := w.clock.Now()
	done()
	step := int64(1)
	if testing.Short() {
		step = 3
	}
	for n := int64(1); ; n += step {
		o := order{Dir: filepath.Join(t.TempDir(), "home"), Kill: n, Now: now}
		must(t, os.CopyFS(o.Dir, os.DirFS(template)))
		killed := o.run(t)
		o.Kill = 0
		o.run(t)
		w, done, err := reopen(t, o)
		must(t, err)
		w.rests(first, 10)
		w.rests(second, 0)
		w.rests(third, 10)
		if _, entries := w.onLedger(); entries != 6 {
			t.Errorf("killed at moment %d, the ledger has %d entries of bonuses, want 6", n, entries)
		}
		must(t, done())
		if !killed {
			if n < 15 {
				t.Errorf("following has %d moments only", n-1)
			}
			return
		}
	}
}
