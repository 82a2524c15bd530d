package members_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	key     = []byte("an account key for tests, 32 bytes")
	begin   = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
)

// world is a utility with a registry, a ledger and a place that knows members.
type world struct {
	*testing.T
	ahead    atomic.Int64
	store    members.Store
	ledger   ledger.Ledger
	registry *members.Registry
	privacy  *members.Privacy

	mu       sync.Mutex
	rows     map[string]string // what a place has, by row: a member's number
	obstacle error
}

func (w *world) now() time.Time { return begin.Add(time.Duration(w.ahead.Load())) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, store: memberstest.NewMemory(), rows: map[string]string{}}
	w.ledger = ledgertest.NewMemory(w.now)
	w.give(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(begin)})
	w.open(w.ledger)
	return w
}

// open is what a process does when it starts.
func (w *world) open(l members.Ledger) {
	w.Helper()
	var err error
	w.registry, err = members.Open(context.Background(), members.RegistryOptions{Store: w.store, Key: key, Random: rand.Reader, Now: w.now})
	must(w, err)
	w.privacy, err = members.NewPrivacy(members.PrivacyOptions{Registry: w.registry, Ledger: l, Identity: utility, Places: []members.Place{w.place()},
		Quiet: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	must(w, err)
}

func (w *world) place() members.Place {
	return members.Place{Name: "rows",
		UnderWay: func(context.Context, *members.Member) error { return w.obstacle },
		Aliases: func(context.Context, *members.Member) ([]members.Alias, error) {
			return []members.Alias{{Partner: "sky", Text: "SKY-1"}}, nil
		},
		Erase: func(_ context.Context, p *members.Person) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			for row, number := range w.rows {
				if number == p.Number || number == p.Aliases[0].Text {
					w.rows[row] = p.Token
				}
			}
			return nil
		},
		Export: func(_ context.Context, m *members.Member, d *members.Document) error {
			if err := d.List("rows"); err != nil {
				return err
			}
			for row, number := range w.rows {
				if number == m.Number {
					if err := d.Add(row); err != nil {
						return err
					}
				}
			}
			return nil
		}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) give(body ledger.Body) ledger.Result {
	w.Helper()
	var random [10]byte
	_, _ = rand.Read(random[:])
	results, err := w.ledger.Submit(context.Background(), utility, ledger.Command{ID: ledger.NewID(w.now(), random).Root(), Body: body})
	must(w, err)
	return results[0]
}

func (w *world) account(number string) ledger.Account {
	w.Helper()
	a, err := w.registry.Account(context.Background(), number)
	must(w, err)
	return a
}

// join takes a member in who has so many points.
func (w *world) join(number string, points int64) ledger.Account {
	w.Helper()
	a := w.account(number)
	w.rows["row of "+number] = number
	if points > 0 {
		w.earn(a, points)
	}
	return a
}

func (w *world) earn(a ledger.Account, points int64) ledger.Result {
	return w.give(&ledger.Issue{Account: a, Amount: points, Expiry: ledger.MonthOf(2027, 5), Reason: "test"})
}

func (w *world) erase(a ledger.Account, points int64) *members.Erasure {
	w.Helper()
	x, err := w.privacy.Erase(context.Background(), a, points, "utility")
	must(w, err)
	return x
}

func (w *world) state(a ledger.Account) *members.Erasure {
	w.Helper()
	x, err := w.privacy.State(context.Background(), a)
	must(w, err)
	return x
}

func (w *world) resume() {
	w.Helper()
	must(w, w.privacy.Resume(context.Background()))
}

func (w *world) onLedger(a ledger.Account) ledger.AccountState {
	w.Helper()
	s, err := w.ledger.Account(context.Background(), a)
	must(w, err)
	return s
}

func (w *world) house(name string) (amount int64) {
	w.Helper()
	must(w, w.ledger.Balances(context.Background(), "EPT", func(b ledger.Balance) error {
		if b.Account == name {
			amount = b.Amount
		}
		return nil
	}))
	return amount
}

func TestAnErasedMemberIsForgottenAndComesBackAsSomebodyNew(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	a, other := w.join("M-1", 120), w.join("M-2", 50)
	w.rows["membership"] = "SKY-1"
	w.erase(a, 120)
	w.resume()
	if s := w.state(a); s.Step != members.StepClear {
		t.Fatalf("before requests have ended it is at %s", s.Step)
	}
	if _, err := w.registry.Account(ctx, "M-1"); !errors.Is(err, members.ErrErasing) {
		t.Errorf("while it is being erased: %v, want ErrErasing", err)
	}
	w.ahead.Add(int64(time.Minute))
	w.resume()
	x := w.state(a)
	if x.Step != members.StepDone || x.FinishedAt == 0 {
		t.Fatalf("the erasure is %+v", x)
	}
	if w.rows["row of M-1"] != x.Token || w.rows["membership"] != x.Token || w.rows["row of M-2"] != "M-2" || !members.Erased(x.Token) {
		t.Errorf("the rows are %v", w.rows)
	}
	if s := w.onLedger(a); !s.Frozen || s.Available() != 0 || len(s.Holds) != 0 {
		t.Errorf("the account is %+v", s)
	}
	if r := w.earn(a, 1); r.Code != ledger.CodeAccountFrozen {
		t.Errorf("points that come later: %s", r.Code)
	}
	if got := w.house(members.ForfeitHouse); got != 120 {
		t.Errorf("%d points were forfeited, want 120", got)
	}
	if _, err := w.registry.Number(ctx, a); !errors.Is(err, members.ErrNotFound) {
		t.Errorf("whose account it was: %v, want ErrNotFound", err)
	}
	if again := w.account("M-1"); again == a {
		t.Error("who comes back has the former account")
	}
	if w.account("M-2") != other {
		t.Error("somebody else has another account now")
	}
}

func TestAnErasureIsRefusedWithoutATrace(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w *world, a ledger.Account)
		points  int64
		code    string
	}{
		"while something is under way":   {func(w *world, _ ledger.Account) { w.obstacle = members.Obstruct(members.CodeUnderWay, "an order") }, 100, members.CodeUnderWay},
		"with another amount":            {func(*world, ledger.Account) {}, 99, members.CodeAmount},
		"while points are held":          {func(w *world, a ledger.Account) { w.give(&ledger.Hold{Account: a, Amount: 5, To: "mall"}) }, 95, members.CodeHoldOpen},
		"while somebody has it frozen":   {func(w *world, a ledger.Account) { w.give(&ledger.Freeze{Account: a, Frozen: true, Reason: "fraud"}) }, 100, members.CodeFrozen},
		"that forfeits what was not had": {func(*world, ledger.Account) {}, 101, members.CodeAmount},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.join("M-1", 100)
			c.prepare(w, a)
			before := w.onLedger(a)
			_, err := w.privacy.Erase(context.Background(), a, c.points, "utility")
			var o *members.Obstacle
			if !errors.As(err, &o) || o.Code != c.code {
				t.Fatalf("the refusal is %v, want %s", err, c.code)
			}
			if o.Code == members.CodeAmount && o.Amount != 100 {
				t.Errorf("it says that %d are left, want 100", o.Amount)
			}
			w.resume()
			if fmt.Sprint(w.onLedger(a)) != fmt.Sprint(before) || w.account("M-1") != a {
				t.Error("something was done")
			}
			if _, err := w.privacy.State(context.Background(), a); !errors.Is(err, members.ErrNotFound) {
				t.Errorf("the state: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestPointsThatComeInBetweenGoNowhere(t *testing.T) {
	w := newWorld(t)
	a := w.join("M-1", 100)
	w.erase(a, 100)
	w.earn(a, 7) // of a request that knew the account before
	w.resume()
	if x := w.state(a); x.Step != members.StepWithdrawn || x.Code != members.CodeMoved {
		t.Fatalf("the erasure is %+v", x)
	}
	if s := w.onLedger(a); s.Frozen || s.Available() != 107 || w.account("M-1") != a {
		t.Errorf("the account is %+v", s)
	}
	w.ahead.Add(int64(time.Millisecond)) // of two in one, either may be the later by its ID
	w.erase(a, 107)
	w.ahead.Add(int64(time.Minute))
	w.resume()
	if x := w.state(a); x.Step != members.StepDone {
		t.Errorf("the second erasure is %+v", x)
	}
}

func TestPointsThatHavePassedAreExpiredAndNotForfeited(t *testing.T) {
	w := newWorld(t)
	a := w.join("M-1", 0)
	w.give(&ledger.Issue{Account: a, Amount: 30, Expiry: ledger.MonthOf(2026, 3), Reason: "test"})
	w.earn(a, 70)
	w.give(&ledger.CloseWindow{Window: ledger.DateOf(begin), Next: ledger.DateOf(begin.AddDate(0, 1, 0))})
	w.ahead.Add(int64(31 * 24 * time.Hour))
	left, err := w.privacy.Left(context.Background(), a)
	must(t, err)
	if left != 70 {
		t.Fatalf("%d points are left, want 70", left)
	}
	w.erase(a, 70)
	w.ahead.Add(int64(time.Minute))
	w.resume()
	if x := w.state(a); x.Step != members.StepDone || w.house("expired") != 30 || w.house(members.ForfeitHouse) != 70 {
		t.Errorf("the erasure is %+v; %d expired, %d forfeited", x, w.house("expired"), w.house(members.ForfeitHouse))
	}
}

func TestWhoHasNothingForfeitsNothing(t *testing.T) {
	w := newWorld(t)
	a := w.join("M-1", 0)
	w.erase(a, 0)
	w.ahead.Add(int64(time.Minute))
	w.resume()
	if x := w.state(a); x.Step != members.StepDone || w.house(members.ForfeitHouse) != 0 {
		t.Errorf("the erasure is %+v", x)
	}
}

func TestWhatIsUnderWayLaterIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	a := w.join("M-1", 10)
	w.erase(a, 10)
	w.obstacle = members.Obstruct(members.CodeUnderWay, "a conversion")
	w.ahead.Add(int64(time.Minute))
	w.resume()
	if x := w.state(a); x.Step != members.StepClear || x.Code != members.CodeUnderWay {
		t.Fatalf("the erasure is %+v", x)
	}
	w.obstacle = nil
	w.resume()
	if x := w.state(a); x.Step != members.StepDone || x.Code != "" {
		t.Errorf("the erasure is %+v", x)
	}
}

// dying is a ledger and a store whose process dies at the n-th call that changes
// something, before or after it was done.
type dying struct {
	members.Store
	left  int
	after bool
}

var errDied = errors.New("the process died here")

// die counts a call; do is what it is to do.
func (d *dying) die(do func() error) error {
	d.left--
	if d.left == 0 && !d.after || d.left < 0 {
		return errDied
	}
	err := do()
	if d.left == 0 {
		return errDied
	}
	return err
}

func (d *dying) SaveErasure(ctx context.Context, e *members.Erasure) error {
	return d.die(func() error { return d.Store.SaveErasure(ctx, e) })
}

func (d *dying) EndErasure(ctx context.Context, e *members.Erasure) error {
	return d.die(func() error { return d.Store.EndErasure(ctx, e) })
}

type dyingLedger struct {
	members.Ledger
	d *dying
}

func (l dyingLedger) Submit(ctx context.Context, who ledger.Identity, all ...ledger.Command) (results []ledger.Result, err error) {
	err = l.d.die(func() error {
		results, err = l.Ledger.Submit(ctx, who, all...)
		return err
	})
	return results, err
}

func TestAnErasureThatIsKilledAnywhereGoesOn(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			if survived := killed(t, n, after); survived {
				if n < 6 {
					t.Fatalf("there were only %d steps", n)
				}
				break
			}
		}
	}
}

// killed erases a member with a death at the n-th change, and reports whether there was
// none any more.
func killed(t *testing.T, n int, after bool) (survived bool) {
	w := newWorld(t)
	a := w.join("M-1", 120)
	w.erase(a, 120)
	w.ahead.Add(int64(time.Minute))
	whole := w.store
	d := &dying{Store: whole, left: n, after: after}
	w.store = d
	w.open(dyingLedger{w.ledger, d})
	err := w.privacy.Resume(context.Background())
	w.store = whole
	w.open(w.ledger)
	if _, wrong := w.registry.Account(context.Background(), "M-1"); err != nil && w.state(a).Step != members.StepDone && !errors.Is(wrong, members.ErrErasing) {
		t.Errorf("after a death at change %d the member takes part again: %v", n, wrong)
	}
	w.resume()
	x := w.state(a)
	if s := w.onLedger(a); x.Step != members.StepDone || !s.Frozen || s.Available() != 0 || w.house(members.ForfeitHouse) != 120 || w.rows["row of M-1"] != x.Token {
		t.Errorf("after a death at change %d: %+v, %+v, %d forfeited, rows %v", n, x, s, w.house(members.ForfeitHouse), w.rows)
	}
	return err == nil
}

func TestWhoComesTogetherGetsTheSameAccount(t *testing.T) {
	w := newWorld(t)
	second, err := members.Open(context.Background(), members.RegistryOptions{Store: w.store, Key: key, Random: rand.Reader, Now: w.now})
	must(t, err)
	for n := range 20 {
		number := fmt.Sprint("M-", n)
		seen := make([]ledger.Account, 16)
		var wg sync.WaitGroup
		for i := range seen {
			wg.Go(func() {
				r := w.registry
				if i%2 == 1 {
					r = second
				}
				var err error
				if seen[i], err = r.Account(context.Background(), number); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, a := range seen {
			if a != seen[0] || a.IsZero() {
				t.Fatalf("accounts of %s are %v", number, seen)
			}
		}
	}
}

func TestMembersOfEarlierReleasesKeepTheirAccounts(t *testing.T) {
	w := newWorld(t)
	former, err := ledger.MemberAccount(key, "M-7")
	must(t, err)
	must(t, w.store.AddMembers(context.Background(), []members.Member{{Number: "M-7"}}))
	w.open(w.ledger)
	if got := w.account("M-7"); got != former {
		t.Errorf("the account is %s, want %s", got, former)
	}
	if n, err := w.registry.Number(context.Background(), former); err != nil || n != "M-7" {
		t.Errorf("whose it is: %q, %v", n, err)
	}
}

func TestTheKeyAndTheNumberAreNotEnough(t *testing.T) {
	w := newWorld(t)
	a := w.account("M-1")
	unsalted, err := members.Derive(key, nil, "M-1")
	must(t, err)
	zero, err := members.Derive(key, make([]byte, members.SaltSize), "M-1")
	must(t, err)
	if a == unsalted || a == zero || unsalted == zero {
		t.Error("the account follows from key and number")
	}
	for name, wrong := range map[string]func() (ledger.Account, error){
		"a short salt": func() (ledger.Account, error) { return members.Derive(key, make([]byte, 8), "M-1") },
		"a short key":  func() (ledger.Account, error) { return members.Derive(key[:31], make([]byte, 16), "M-1") },
		"no number":    func() (ledger.Account, error) { return members.Derive(key, make([]byte, 16), "") },
	} {
		if _, err := wrong(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestTokensAreNoNumbers(t *testing.T) {
	w := newWorld(t)
	for _, number := range []string{"", "erased-0123456789abcdef", string(make([]byte, 65))} {
		if _, err := w.registry.Account(context.Background(), number); !errors.Is(err, members.ErrNumber) {
			t.Errorf("%q: %v, want ErrNumber", number, err)
		}
	}
}

func TestAnExportIsOneDocument(t *testing.T) {
	w := newWorld(t)
	a := w.join("M-1", 5)
	var out bytes.Buffer
	must(t, w.privacy.Export(context.Background(), a, &out))
	var got struct {
		Format  string
		Version int
		Member  struct{ Number, Account string }
		Rows    []string
	}
	must(t, json.Unmarshal(out.Bytes(), &got))
	if got.Format != members.ExportFormat || got.Version != members.ExportVersion || got.Member.Number != "M-1" || got.Member.Account != a.String() ||
		len(got.Rows) != 1 || got.Rows[0] != "row of M-1" {
		t.Errorf("the document is %s", out.String())
	}
	if err := w.privacy.Export(context.Background(), ledger.Account{1}, &out); !errors.Is(err, members.ErrNotFound) {
		t.Errorf("nobody's export: %v", err)
	}
}
