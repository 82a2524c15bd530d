package bonus_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/filetest"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "SkyMSP", Subject: "loyalty"}
	telecom = ledger.Identity{MSP: "TelMSP", Subject: "loyalty"}
	key     = bytes.Repeat([]byte{7}, 32)
)

// home is a ledger that can be followed.
type home interface {
	ledger.Ledger
	ledger.Blocks
}

// faulty is a home whose next submits fail, before or after they are done.
type faulty struct {
	home
	before, after int
}

func (f *faulty) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if f.before > 0 {
		f.before--
		return nil, ledger.ErrBusy
	}
	results, err := f.home.Submit(ctx, caller, commands...)
	if f.after > 0 {
		f.after--
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}

// forgetful is a store whose next writes are made and not acknowledged, or not made.
type forgetful struct {
	*sqlstore.Store
	lost, unheard int
}

var errLost = errors.New("the store is weak")

func (f *forgetful) write(do func() error) error {
	if f.lost > 0 {
		f.lost--
		return errLost
	}
	err := do()
	if f.unheard > 0 {
		f.unheard--
		return errors.Join(err, errLost)
	}
	return err
}

func (f *forgetful) DecideBonuses(ctx context.Context, all []*bonus.Bonus, marks []bonus.Mark) error {
	return f.write(func() error { return f.Store.DecideBonuses(ctx, all, marks) })
}

func (f *forgetful) SettleBonuses(ctx context.Context, all []*bonus.Bonus) error {
	return f.write(func() error { return f.Store.SettleBonuses(ctx, all) })
}

// tester is what a world needs of a test or a property.
type tester interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a ledger with two partners, members with tiers, and a follower.
type world struct {
	tester
	clock   *testclock.Clock
	ledger  *faulty
	store   *forgetful
	count   uint64
	members *memberstest.Known
	in, out map[string]ledger.Agreement
	f       *bonus.Follower
	samples []bonus.Sample
}

func openLedger(dir string, c *testclock.Clock) (*embedded.Ledger, error) {
	return embedded.Open(embedded.Options{Dir: filepath.Join(dir, "ledger"), Clock: c.Now, CacheBytes: 1 << 20,
		Signer: embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, Checkpointer: utility})
}

func storePath(dir string) string { return filepath.Join(dir, "store.db") }

func openStore(dir string) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{Path: storePath(dir), Logger: slog.New(slog.DiscardHandler)})
}

// newWorld makes a world in a folder; done closes it.
func newWorld(t tester, dir string) (w *world, done func()) {
	t.Helper()
	c := testclock.At(time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC))
	l, err := openLedger(dir, c)
	must(t, err)
	must(t, filetest.Put(storePath(dir)))
	s, err := openStore(dir)
	must(t, err)
	w = &world{tester: t, clock: c, ledger: &faulty{home: l}, store: &forgetful{Store: s}, members: memberstest.NewKnown(key), in: map[string]ledger.Agreement{}, out: map[string]ledger.Agreement{}}
	w.found()
	w.start()
	return w, func() { must(t, errors.Join(s.Close(), l.Close())) }
}

// found makes the alliance and registers the members M-0 to M-3.
func (w *world) found() {
	w.give(utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.clock.Now())})
	for code, who := range map[string]ledger.Identity{"sky": airline, "tel": telecom} {
		w.give(utility, &ledger.RegisterPartner{Partner: code, Programme: strings.ToUpper(code), MSP: who.MSP})
		w.in[code], w.out[code] = w.agree(code, who, ledger.In), w.agree(code, who, ledger.Out)
	}
	s, err := rewards.New(context.Background(), w.rewardOptions())
	must(w, err)
	_, err = s.Register(context.Background(), []string{"M-0", "M-1", "M-2", "M-3"})
	must(w, err)
}

func (w *world) agree(code string, who ledger.Identity, dir ledger.Direction) ledger.Agreement {
	terms := ledger.Terms{Partner: code, Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 7 * 86400}
	if dir == ledger.In {
		terms.LotMonths = 12
	}
	id := w.give(utility, &ledger.ProposeAgreement{Terms: terms}).ID
	w.give(who, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	return ledger.Agreement{ID: id, Terms: terms}
}

func (w *world) rewardOptions() rewards.Options {
	return rewards.Options{Ledger: w.ledger, Identity: utility, Store: w.store, Members: w.members, Now: w.clock.Now,
		Day: func(at time.Time) ledger.Date { return ledger.DateOf(at) }, Logger: slog.New(slog.DiscardHandler)}
}

// start makes a follower over what is stored, as a gateway does that starts again.
func (w *world) start() {
	w.Helper()
	f, err := w.follower(w.ledger)
	must(w, err)
	must(w, f.Begin(context.Background()))
	w.f = f
}

func (w *world) follower(l home) (*bonus.Follower, error) { return bonus.New(w.options(l, w.store)) }

func (w *world) options(l home, s bonus.Store) bonus.Options {
	tiers, err := rewards.New(context.Background(), w.rewardOptions())
	must(w, err)
	return bonus.Options{Ledger: l, Blocks: l, Identity: utility, Store: s, Tiers: tiers, GroupMax: 3, Linger: time.Millisecond,
		RetryEvery: time.Minute, Logger: slog.New(slog.DiscardHandler), Observe: func(s bonus.Sample) { w.samples = append(w.samples, s) }}
}

// catchUp follows to the end.
func (w *world) catchUp() {
	w.Helper()
	must(w, w.f.CatchUp(context.Background()))
}

// submit gives a command with a new ID and returns how it ended.
func (w *world) submit(who ledger.Identity, body ledger.Body) ledger.Result {
	w.Helper()
	w.count++
	var random [10]byte
	binary.BigEndian.PutUint64(random[1:], w.count)
	r, err := w.ledger.home.Submit(context.Background(), who, ledger.Command{ID: ledger.NewID(w.clock.Now(), random).Root(), Body: body})
	must(w, err)
	w.clock.Advance(time.Millisecond)
	return r[0]
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.Transfer {
	w.Helper()
	r := w.submit(who, body)
	if r.Code != ledger.CodeOK {
		w.Fatalf("%s: %s %s", body.Kind(), r.Code, r.Message)
	}
	return r.Entry.Transfer
}

func (w *world) member(n int) ledger.Account {
	w.Helper()
	a, err := w.members.Account(context.Background(), fmt.Sprintf("M-%d", n))
	must(w, err)
	return a
}

// terms are those of a leg that turns so many points of a partner.
func (w *world) terms(g ledger.Agreement, from int64) ledger.LegTerms {
	return ledger.LegTerms{Partner: g.Terms.Partner, Agreement: g.ID, Hash: g.Terms.Hash(), LockedAt: w.clock.Now().UnixMilli(), From: from, To: from * 2 / 3}
}

// convert turns 3/2 times so many partner points into so many electricity points.
func (w *world) convert(member int, points int64) ledger.Transfer {
	w.Helper()
	return w.give(utility, &ledger.ConvertIn{Account: w.member(member), Leg: w.terms(w.in["sky"], (3*points+1)/2)})
}

// reverse takes back so many of the partner points.
func (w *world) reverse(t ledger.Transfer, from int64) ledger.Result {
	w.Helper()
	return w.submit(utility, &ledger.Reverse{Original: t.ID, Account: t.Account, Amount: from})
}

// spend pays so many points to the mall.
func (w *world) spend(member int, points int64) {
	w.Helper()
	hold := w.give(utility, &ledger.Hold{Account: w.member(member), Amount: points, To: "mall"})
	w.give(utility, &ledger.Post{Account: w.member(member), Hold: hold.ID})
}

// rise gives a member another tier from now on.
func (w *world) rise(member int, tier string) {
	w.Helper()
	number, today := fmt.Sprintf("M-%d", member), ledger.DateOf(w.clock.Now())
	was, err := w.store.Standings(context.Background(), []string{number})
	must(w, err)
	next := &rewards.Standing{Member: number, Tier: tier, Since: today, AsOf: today}
	if was[0].Tier != tier {
		next.Changed = &rewards.TierChange{Account: w.member(member), At: w.clock.Now().UnixMilli(), Was: was[0].Tier}
	}
	must(w, w.store.SettleRewards(context.Background(), nil, []*rewards.Standing{next}))
	w.clock.Advance(time.Millisecond)
}

// account is what a member has.
func (w *world) account(member int) ledger.AccountState {
	w.Helper()
	a, err := w.ledger.Account(context.Background(), w.member(member))
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.AccountState{}
	}
	must(w, err)
	return a
}

// onLedger adds up what the ledger says of bonuses, by conversion, and counts its
// entries.
func (w *world) onLedger() (sums map[string]int64, entries int) {
	w.Helper()
	sums = map[string]int64{}
	alliance, err := w.ledger.Alliance(context.Background())
	must(w, err)
	for d := ledger.DateOf(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)); d <= alliance.Window; d++ {
		err := w.ledger.Transfers(context.Background(), d, func(e ledger.Entry) error {
			t := &e.Transfer
			if !strings.HasPrefix(t.Reason, "conversion bonus ") {
				return nil
			}
			_, id, _ := strings.Cut(t.Reason, "conversion=")
			if t.Kind == ledger.KindTakeBack {
				t.Amount = -t.Amount
			}
			sums[id] += t.Amount
			entries++
			return nil
		})
		if !errors.Is(err, ledger.ErrNotFound) {
			must(w, err)
		}
	}
	return sums, entries
}

// rests checks what is left on the ledger of a conversion's bonus.
func (w *world) rests(t ledger.Transfer, want int64) {
	w.Helper()
	sums, _ := w.onLedger()
	if got := sums[t.ID.Root().String()]; got != want {
		w.Errorf("the bonus on the ledger is %d, want %d", got, want)
	}
}
