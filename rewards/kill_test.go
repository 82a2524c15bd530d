package rewards_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// childVariable carries the order of a child, which is this test binary run again.
const childVariable = "POINTGRID_REWARDS_CHILD"

func TestMain(m *testing.M) { mortal.Main(m, childVariable, child) }

// order is what a child is to do: the plot, in a folder, until it kills itself at
// the n-th moment, if n is not 0.
type order struct {
	Dir  string
	Kill int64
	At   int64 // when the events occurred
}

// doomed kills the process at a moment: just before or just after a write of the
// store or a call of the ledger.
type doomed struct {
	rewards.Store
	ledger.Ledger
	mortal.Moments
}

func (m *doomed) SaveRewards(ctx context.Context, records []*rewards.Record) error {
	m.Pass()
	defer m.Pass()
	return m.Store.SaveRewards(ctx, records)
}

func (m *doomed) SettleRewards(ctx context.Context, records []*rewards.Record, standings []*rewards.Standing) error {
	m.Pass()
	defer m.Pass()
	return m.Store.SettleRewards(ctx, records, standings)
}

func (m *doomed) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	m.Pass()
	defer m.Pass()
	return m.Ledger.Submit(ctx, caller, commands...)
}

// stage is a service over what lies in a folder.
type stage struct {
	*rewards.Service
	ledger ledger.Ledger
	store  rewards.Store
	close  func() error
}

func open(dir string, kill int64) (*stage, error) {
	l, err := openEmbedded(dir)
	if err != nil {
		return nil, err
	}
	store, err := openStore(dir)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	m := &doomed{Store: store, Ledger: l}
	m.DieAt(kill)
	w := &world{clock: testclock.At(time.Now()), store: m}
	o := w.options()
	o.Ledger, o.RetryEvery = m, time.Minute // nothing is retried in time, only at the start
	s, err := rewards.New(context.Background(), o)
	if err != nil {
		return nil, errors.Join(err, store.Close(), l.Close())
	}
	return &stage{Service: s, ledger: l, store: store, close: func() error { s.Close(); return errors.Join(store.Close(), l.Close()) }}, nil
}

// plotted are the events of the plot: the second is cancelled after it came, the
// third before.
func plotted(at int64) (all []rewards.Event) {
	w := &world{clock: testclock.At(time.UnixMilli(at))}
	for i := range 4 {
		all = append(all, w.paid(name(i), 100))
	}
	return all
}

func child(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	s, err := open(o.Dir, o.Kill)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.Start(ctx); err != nil {
		return err
	}
	events := plotted(o.At)
	all := []rewards.Outcome{s.Cancel(ctx, events[2].ID, "before it came")}
	all = append(all, s.Take(ctx, events[:2])...)
	all = append(all, s.Cancel(ctx, events[1].ID, "after it came"))
	all = append(all, s.Take(ctx, events[2:])...)
	for _, o := range all {
		err = errors.Join(err, o.Err)
	}
	return errors.Join(err, s.close())
}

func (o order) run(t *testing.T) (killed bool) {
	t.Helper()
	_, killed = mortal.Run(t, childVariable, o)
	return killed
}

// TestKilledAtAnyMomentEveryEventEndsOnce plays the plot in a process of its own
// over the embedded ledger and SQLite and kills that process at its n-th moment,
// for every n there is. A second process, which sends everything again as a source
// would, must bring every event to its end, once.
func TestKilledAtAnyMomentEveryEventEndsOnce(t *testing.T) {
	template := t.TempDir()
	prepare(t, template)
	step := int64(1)
	if testing.Short() {
		step = 3
	}
	for n := int64(1); ; n += step {
		o := order{Dir: filepath.Join(t.TempDir(), "home"), Kill: n, At: time.Now().UnixMilli()}
		must(t, os.CopyFS(o.Dir, os.DirFS(template)))
		killed := o.run(t)
		o.Kill = 0
		o.run(t)
		inspect(t, o.Dir, fmt.Sprintf("killed at moment %d", n))
		if !killed {
			if n < 15 {
				t.Errorf("the plot has %d moments only", n-1)
			}
			return
		}
	}
}

func prepare(t *testing.T, dir string) {
	t.Helper()
	s, err := open(dir, 0)
	must(t, err)
	w := &world{tester: t, clock: testclock.At(time.Now()), ledger: &faulty{Ledger: s.ledger}, store: s.store}
	w.give(&ledger.Initialise{Hub: "EPT", Window: day(time.Now())})
	w.enact(ladderOfSteps())
	_, err = s.Register(context.Background(), []string{"M-1"})
	must(t, err)
	must(t, s.close())
}

// inspect compares ledger, records and standing at the end.
func inspect(t *testing.T, dir, what string) {
	t.Helper()
	ctx := context.Background()
	s, err := open(dir, 0)
	must(t, err)
	defer func() { must(t, s.close()) }()
	want := []rewards.State{rewards.Issued, rewards.Cancelled, rewards.Cancelled, rewards.Issued}
	for i, state := range want {
		if r, err := s.Record(ctx, name(i)); err != nil || r.State != state {
			t.Errorf("%s: event %d is %+v, %v, want %s", what, i, r, err, state)
		}
	}
	issues := map[string]int{}
	alliance, err := s.ledger.Alliance(ctx)
	must(t, err)
	must(t, s.ledger.Transfers(ctx, alliance.Window, func(e ledger.Entry) error {
		if e.Transfer.Kind == ledger.KindIssue || e.Transfer.Kind == ledger.KindTakeBack {
			_, event, _ := strings.Cut(e.Transfer.Reason, "event=")
			event, _, _ = strings.Cut(event, " ")
			issues[e.Transfer.Kind.String()+" "+event]++
		}
		return nil
	}))
	if fmt.Sprint(issues) != fmt.Sprint(map[string]int{"issue PAY-0000": 1, "issue PAY-0001": 1, "issue PAY-0003": 1, "take_back PAY-0001": 1}) {
		t.Errorf("%s: the ledger has %v", what, issues)
	}
	account, err := ledger.MemberAccount(key, "M-1")
	must(t, err)
	a, err := s.ledger.Account(ctx, account)
	must(t, err)
	way, err := s.Way(ctx, "M-1")
	if err != nil || a.Available() != 360 || a.Debt != 0 || way.Earned != 360 {
		t.Errorf("%s: the account has %d and owes %d, the standing says %d, %v; want 360, 0 and 360", what, a.Available(), a.Debt, way.Earned, err)
	}
}
