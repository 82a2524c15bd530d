package projection_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/filetest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

var utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
var airline = ledger.Identity{MSP: "AirlineMSP", Subject: "loyalty"}
var retail = ledger.Identity{MSP: "RetailMSP", Subject: "loyalty"}

func newClock() *testclock.Clock { return testclock.At(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)) }

func openLedger(dir string, clock *testclock.Clock, checkpointEvery time.Duration) (*embedded.Ledger, error) {
	return embedded.Open(embedded.Options{Dir: dir, Clock: clock.Now, CheckpointEvery: checkpointEvery, Checkpointer: utility,
		Signer: embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, CacheBytes: 1 << 20})
}

func newLedger(t testing.TB, clock *testclock.Clock, checkpointEvery time.Duration) *embedded.Ledger {
	t.Helper()
	l, err := openLedger(t.TempDir(), clock, checkpointEvery)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func target(l ledger.Ledger, clock *testclock.Clock) ledgertest.Target {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	return ledgertest.Target{Ledger: l, Utility: utility, Partners: []ledger.Identity{airline, retail}, Now: clock.Now,
		Advance: clock.Advance, Verify: func(r *ledger.Receipt) error { return r.Verify(map[string]ed25519.PublicKey{"test": key}) }}
}

func openStore(path string) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
}

func newStore(t testing.TB) *sqlstore.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	must(t, filetest.Put(path))
	return storeAt(t, path)
}

func storeAt(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := openStore(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onEach runs a test on an empty store of each kind.
func onEach(t *testing.T, test func(t *testing.T, s projection.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newStore(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		s, err := sqlstore.Open(context.Background(), sqlstore.Options{URL: pgtest.Start(t, pgtest.Options{}).URL("public"), Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, s)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func catchUp(t testing.TB, l ledger.Blocks, s projection.Store) {
	t.Helper()
	_, err := projection.New(projection.Options{Blocks: l, Store: s, GroupMax: 10}).CatchUp(context.Background())
	must(t, err)
}

// verified expects the projection to equal the ledger.
func verified(t testing.TB, l projection.Ledger, s projection.Store) projection.Report {
	t.Helper()
	report, err := projection.Verify(context.Background(), l, s)
	must(t, err)
	for _, d := range report.Differences {
		t.Errorf("differs: %s", d)
	}
	return report
}

// content is everything that a store has.
type content struct {
	rows []projection.Row
	lots []projection.Lot
}

func contentOf(t testing.TB, s projection.Store) content {
	t.Helper()
	rows, err := s.Rows(context.Background(), ledger.Locator{}, 1<<20)
	must(t, err)
	all, err := s.Lots(context.Background(), nil, 1<<20)
	must(t, err)
	var lots []projection.Lot
	for _, l := range all {
		if l.Amount != 0 || l.Held != 0 {
			lots = append(lots, l)
		}
	}
	return content{rows, lots}
}

// world gives commands to a ledger with one partner and an agreement.
type world struct {
	testing.TB
	ledger ledger.Ledger
	clock  func() time.Time
	count  uint64
	offer  ledger.ID
	terms  ledger.Terms
	window ledger.Date
	// checkpoints says that nobody else takes them.
	checkpoints bool
}

func newWorld(t testing.TB, l ledger.Ledger, clock func() time.Time, partner ledger.Identity) *world {
	t.Helper()
	w := &world{TB: t, ledger: l, clock: clock, window: ledger.DateOf(clock().UTC()), checkpoints: true}
	w.terms = ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeeBPS: 50, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax,
		LockSeconds: 7 * 86400, LotMonths: 24}
	w.give(utility, &ledger.Initialise{Hub: "EPT", Window: w.window})
	w.give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: partner.MSP})
	w.offer = w.give(utility, &ledger.ProposeAgreement{Terms: w.terms})[0].Entry.Transfer.ID
	w.give(partner, &ledger.AcceptAgreement{Agreement: w.offer, Hash: w.terms.Hash()})
	return w
}

func (w *world) give(who ledger.Identity, bodies ...ledger.Body) []ledger.Result {
	w.Helper()
	var commands []ledger.Command
	for _, b := range bodies {
		var random [10]byte
		w.count++
		binary.BigEndian.PutUint64(random[2:], w.count)
		commands = append(commands, ledger.Command{ID: ledger.NewID(w.clock(), random), Body: b})
	}
	results, err := w.ledger.Submit(context.Background(), who, commands...)
	must(w, err)
	for i, r := range results {
		if r.Code != ledger.CodeOK {
			w.Fatalf("%s: %s: %s", bodies[i].Kind(), r.Code, r.Message)
		}
	}
	return results
}

func member(n int) (a ledger.Account) {
	binary.BigEndian.PutUint64(a[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return a
}

func (w *world) convert(n int, from int64) ledger.Body {
	amounts, _ := w.terms.Convert(from, 0)
	return &ledger.ConvertIn{Account: member(n), Reference: "4711-0815", Leg: ledger.LegTerms{Partner: "sky", Agreement: w.offer,
		Hash: w.terms.Hash(), LockedAt: w.clock().UnixMilli(), From: from, To: amounts.To}}
}

// some gives a little of everything that one partner allows.
func (w *world) some() {
	w.Helper()
	for round := range 5 {
		var bodies []ledger.Body
		for n := range 20 {
			bodies = append(bodies, w.convert(n, int64(100*n+round+10)))
		}
		w.give(utility, bodies...)
		a := member(round)
		w.give(utility, &ledger.Issue{Account: a, Amount: 500, Expiry: w.window.Month() + ledger.Month(round), Reason: "rule"})
		w.cancelled(a, round)
		holds := w.give(utility, &ledger.Hold{Account: a, Amount: 30, To: "mall"}, &ledger.Hold{Account: a, Amount: 40, To: "mall"},
			&ledger.Hold{Account: a, Amount: 50, To: "mall"})
		w.give(utility, &ledger.Post{Account: a, Hold: holds[0].Entry.Transfer.ID}, &ledger.Void{Account: a, Hold: holds[1].Entry.Transfer.ID})
		original := w.give(utility, w.convert(round, 999))[0].Entry.Transfer.ID
		w.give(utility, &ledger.Reverse{Account: a, Original: original, Amount: 100, Reason: "asked for"})
		w.give(utility, &ledger.CloseWindow{Window: w.window, Next: w.window + 1})
		w.window++
		if w.checkpoints {
			w.give(utility, &ledger.Checkpoint{})
		}
	}
}

// cancelled issues points to another account, spends most of them, takes the issue
// back and issues again: a debt is left, which is filled in every other round.
func (w *world) cancelled(of ledger.Account, round int) {
	w.Helper()
	a := of
	a[13], a[14], a[15] = byte(w.window>>8), byte(w.window), 0xff // another one in each window
	issued := w.give(utility, &ledger.Issue{Account: a, Amount: 90, Expiry: w.window.Month() + 1, Reason: "rule"})[0].Entry.Transfer.ID
	hold := w.give(utility, &ledger.Hold{Account: a, Amount: 80, To: "mall"})[0].Entry.Transfer.ID
	w.give(utility, &ledger.Post{Account: a, Hold: hold}, &ledger.TakeBack{Account: a, Original: issued, Reason: "cancelled"})
	w.give(utility, &ledger.Issue{Account: a, Amount: 50 + 40*int64(round%2), Expiry: w.window.Month() + 1, Reason: "rule"})
}
