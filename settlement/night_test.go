package settlement_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/sqlstore/storetest"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "SkyMSP", Subject: "sky"}
	member  = ledger.Account{1}
)

// stand is an alliance of a utility and two partners: an airline with
// agreements in both directions, and a retailer that converts nothing.
type stand struct {
	t       *testing.T
	ledger  *ledgertest.Memory
	store   *memoryStore
	night   *settlement.Night
	dir     string
	now     time.Time
	serial  byte
	in, out ledger.Agreement
}

func newStand(t *testing.T) *stand {
	s := &stand{t: t, store: &memoryStore{}, dir: t.TempDir(), now: time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)}
	s.ledger = ledgertest.NewMemory(func() time.Time { return s.now })
	t.Cleanup(func() { s.ledger.Close() })
	calendar, err := calendar.Parse("Asia/Shanghai", "00:00")
	if err != nil {
		t.Fatal(err)
	}
	s.night = settlement.New(settlement.Options{Ledger: s.ledger, Identity: utility, Store: s.store, Dir: s.dir,
		Calendar: calendar, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler)})
	s.give(utility, &ledger.Initialise{Hub: "EPT", Window: date(t, "2026-11-21")})
	s.give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP})
	s.give(utility, &ledger.RegisterPartner{Partner: "mart", Programme: "MART", Scale: 2, MSP: "MartMSP"})
	s.in = s.agree(ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3e6, ToUnits: 1e6},
		Step: 1, Min: 1, Max: 1e9, Price: 12_345, FeeBPS: 100, FeePayer: ledger.FeeMember, ExposureCap: 1e15, LockSeconds: 3600, LotMonths: 12})
	s.out = s.agree(ledger.Terms{Partner: "sky", Direction: ledger.Out, Version: 1, Rate: ledger.Rate{FromUnits: 1e6, ToUnits: 2e6},
		Step: 1, Min: 1, Max: 1e9, Price: 10_000, FeePayer: ledger.FeePartner, ExposureCap: 1e15, LockSeconds: 3600})
	return s
}

func (s *stand) id() ledger.ID {
	s.serial++
	return ledger.NewID(s.now, [10]byte{s.serial})
}

func (s *stand) give(who ledger.Identity, body ledger.Body) ledger.Entry {
	s.t.Helper()
	results, err := s.ledger.Submit(context.Background(), who, ledger.Command{ID: s.id(), Body: body})
	if err != nil || results[0].Code != ledger.CodeOK {
		s.t.Fatalf("%s: %v %+v", body.Kind(), err, results)
	}
	return results[0].Entry
}

func (s *stand) agree(terms ledger.Terms) ledger.Agreement {
	s.t.Helper()
	proposed := s.give(utility, &ledger.ProposeAgreement{Terms: terms})
	s.give(airline, &ledger.AcceptAgreement{Agreement: proposed.Transfer.ID, Hash: terms.Hash()})
	return ledger.Agreement{ID: proposed.Transfer.ID, Terms: terms}
}

func (s *stand) leg(a ledger.Agreement, from int64) ledger.LegTerms {
	s.t.Helper()
	amounts, code := a.Terms.Convert(from, 0)
	if code != ledger.CodeOK {
		s.t.Fatal(code)
	}
	return ledger.LegTerms{Partner: "sky", Agreement: a.ID, Hash: a.Terms.Hash(), LockedAt: s.now.UnixMilli(), From: from, To: amounts.To}
}

func (s *stand) run() []settlement.Settlement {
	s.t.Helper()
	made, err := s.night.RunDue(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *stand) statement(of settlement.Settlement) [][]string {
	s.t.Helper()
	f, err := settlement.OpenStatement(s.dir, &of)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := ledger.Hash(sha256.Sum256(b)); got != of.Digest {
		s.t.Errorf("the file's digest is %s, the settlement says %s", got, of.Digest)
	}
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func TestTheNightAddsUpTheWindow(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3000), Reference: "=cmd()"})
	second := s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 900), Reference: "D2"})
	leg := s.leg(s.out, 100)
	hold := s.give(utility, &ledger.Hold{Account: member, Amount: 100, Leg: &leg})
	s.give(utility, &ledger.Post{Hold: hold.Transfer.ID, Account: member, Reference: "C1"})
	s.give(utility, &ledger.Reverse{Original: second.Transfer.ID, Account: member, Amount: 300})
	if made := s.run(); len(made) != 0 {
		t.Fatalf("before the cut-off the night made %+v", made)
	}
	s.now = s.now.Add(12 * time.Hour) // midnight in Shanghai
	made := s.run()
	if len(made) != 2 {
		t.Fatalf("made %+v, want one settlement per partner", made)
	}
	sky := made[slices.IndexFunc(made, func(m settlement.Settlement) bool { return m.Partner == "sky" })]
	want := ledger.Position{Partner: "sky", Window: date(t, "2026-11-21"),
		In:         ledger.Flow{Count: 2, From: 3900, To: 1287, EPT: 1300, Fee: 13, Value: 1300 * 12_345},
		ReversedIn: ledger.Flow{Count: 1, From: 300, To: 99, EPT: 100, Fee: 1, Value: 100 * 12_345},
		Out:        ledger.Flow{Count: 1, From: 100, To: 200, EPT: 100, Value: 100 * 10_000}}
	if sky.Position != want {
		t.Errorf("position\n got %+v\nwant %+v", sky.Position, want)
	}
	rows := s.statement(sky)
	golden := [][2]string{{"conversion", "12.345000"}, {"conversion", "3.703500"}, {"conversion", "1.000000"}, {"reversal", "1.234500"},
		{"total conversion", "16.048500"}, {"total reversal", "1.234500"}, {"total conversion", "1.000000"}, {"total reversal", "0.000000"},
		{"net owed by partner", "13.814000"}}
	if len(rows) != len(golden)+1 || sky.Lines != 4 {
		t.Fatalf("%d rows, %d lines: %q", len(rows), sky.Lines, rows)
	}
	for i, g := range golden {
		if rows[i+1][1] != g[0] || rows[i+1][14] != g[1] {
			t.Errorf("row %d is %q, want kind %q and value %s", i+1, rows[i+1], g[0], g[1])
		}
	}
	if rows[1][15] != "'=cmd()" {
		t.Errorf("a reference that is a formula is written as %q", rows[1][15])
	}
}

func TestASecondRunChangesNothing(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3000)})
	s.now = s.now.Add(24 * time.Hour)
	first := s.run()
	file := filepath.Join(s.dir, first[0].File)
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	saves := s.store.saves
	if again := s.run(); len(again) != 0 {
		t.Errorf("the second run made %+v", again)
	}
	after, err := os.Stat(file)
	if err != nil || !after.ModTime().Equal(before.ModTime()) || s.store.saves != saves {
		t.Errorf("the second run wrote: %v, %d saves", err, s.store.saves)
	}
}

func TestSkippedNightsAreCaughtUpAndEmptyOnesSettled(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3000)})
	s.now = s.now.Add(3 * 24 * time.Hour)
	made := s.run()
	var ids []string
	for _, m := range made {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	want := []string{"2026-11-21.mart", "2026-11-21.sky", "2026-11-22.mart", "2026-11-22.sky", "2026-11-23.mart", "2026-11-23.sky"}
	if !slices.Equal(ids, want) {
		t.Errorf("settled %q, want %q", ids, want)
	}
}

func TestAnInterruptedNightIsFinishedByTheNext(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3000)})
	s.now = s.now.Add(48 * time.Hour)
	s.store.failures = 1
	if _, err := s.night.RunDue(context.Background()); !errors.Is(err, errDisk) {
		t.Fatalf("got %v, want the store's error", err)
	}
	if made := s.run(); len(made) != 2 || made[0].Partner != made[1].Partner || made[0].Window >= made[1].Window {
		t.Errorf("the next run made %+v, want both windows of the partner that was left", made)
	}
	if made := s.run(); len(made) != 0 {
		t.Errorf("a third run made %+v", made)
	}
	leftovers, err := filepath.Glob(filepath.Join(s.dir, "*", "*.tmp"))
	if err != nil || len(leftovers) != 0 {
		t.Errorf("left %q, %v", leftovers, err)
	}
}

func TestTransfersThatDoNotAddUpAreNotSettled(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3000)})
	s.now = s.now.Add(24 * time.Hour)
	calendar, err := calendar.Parse("Asia/Shanghai", "00:00")
	if err != nil {
		t.Fatal(err)
	}
	night := settlement.New(settlement.Options{Ledger: crooked{s.ledger}, Identity: utility, Store: s.store, Dir: s.dir,
		Calendar: calendar, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler)})
	if _, err := night.RunDue(context.Background()); !errors.Is(err, settlement.ErrMismatch) {
		t.Errorf("got %v, want ErrMismatch", err)
	}
	if s.store.saves != 0 {
		t.Error("settlements were saved")
	}
}

// crooked hides the last transfer of a window.
type crooked struct{ *ledgertest.Memory }

func (c crooked) Transfers(ctx context.Context, w ledger.Date, visit func(ledger.Entry) error) error {
	return c.Memory.Transfers(ctx, w, func(e ledger.Entry) error {
		if e.Transfer.Kind == ledger.KindConvertIn {
			return nil
		}
		return visit(e)
	})
}

var errDisk = errors.New("disk")

type memoryStore struct {
	mu       sync.Mutex
	all      map[string]settlement.Settlement
	saves    int
	failures int
}

func (m *memoryStore) SaveSettlements(_ context.Context, all []settlement.Settlement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures > 0 {
		m.failures--
		return errDisk
	}
	m.saves++
	if m.all == nil {
		m.all = map[string]settlement.Settlement{}
	}
	for _, s := range all {
		if s.ID != settlement.ID(s.Window, s.Partner) {
			return errors.New("not its ID")
		}
	}
	for _, s := range all {
		m.all[s.ID] = s
	}
	return nil
}

func (m *memoryStore) Settlement(_ context.Context, id string) (*settlement.Settlement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.all[id]
	if !ok {
		return nil, settlement.ErrNotFound
	}
	return &s, nil
}

func (m *memoryStore) Settlements(_ context.Context, partner, before string, limit int) ([]*settlement.Settlement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*settlement.Settlement
	for _, s := range m.all {
		if partner == "" || s.Partner == partner {
			all = append(all, &s)
		}
	}
	newest := func(a, b *settlement.Settlement) int {
		return cmp.Or(cmp.Compare(b.Window, a.Window), cmp.Compare(a.Partner, b.Partner))
	}
	slices.SortFunc(all, newest)
	if before != "" {
		date, code, _ := strings.Cut(before, ".")
		window, err := ledger.ParseDate(date)
		if err != nil {
			return nil, err
		}
		last := &settlement.Settlement{Window: window, Partner: code}
		all = slices.DeleteFunc(all, func(s *settlement.Settlement) bool { return newest(s, last) <= 0 })
	}
	return all[:min(limit, len(all))], nil
}

func TestWhatRoundingLeavesIsBroughtForwardOnTheLedger(t *testing.T) {
	s := newStand(t)
	ctx := context.Background()
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3)}) // 1 point at 12,345 millionths
	s.now = s.now.Add(24 * time.Hour)
	s.run()
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3)})
	s.now = s.now.Add(24 * time.Hour)
	made := s.run()
	sky := made[slices.IndexFunc(made, func(m settlement.Settlement) bool { return m.Partner == "sky" })]
	want := ledger.SettlementFigures{Lines: 1, Root: sky.Figures.Root, Net: 12_345, Brought: 2_345, Pay: 1, Carried: 4_690}
	if sky.Figures != want || sky.Figures.Root.IsZero() {
		t.Errorf("the second window comes to %+v, want %+v", sky.Figures, want)
	}
	on, err := s.ledger.Settlement(ctx, "sky", sky.Window)
	if err != nil || on.Figures != want || on.Step != ledger.SettlementNetted {
		t.Errorf("on the ledger it is %+v, %v", on, err)
	}
}

func TestALostDatabaseIsMadeAgainFromTheLedger(t *testing.T) {
	s := newStand(t)
	s.give(utility, &ledger.ConvertIn{Account: member, Leg: s.leg(s.in, 3)})
	s.now = s.now.Add(48 * time.Hour)
	first := s.run()
	s.store.all = nil
	again := s.run()
	for i := range again {
		again[i].UpdatedAt = first[i].UpdatedAt
	}
	if !reflect.DeepEqual(again, first) {
		t.Errorf("made again\n%+v\nwant\n%+v", again, first)
	}
}

func TestAnAdjustmentIsALineOfTheWindowInWhichItWasAccepted(t *testing.T) {
	s := newStand(t)
	proposed := s.give(utility, &ledger.ProposeAdjustment{Partner: "sky", Value: -70_000, Window: date(t, "2026-11-21"), Reference: "b1", Reason: "twice"})
	s.give(airline, &ledger.AcceptAdjustment{Adjustment: proposed.Transfer.ID, Partner: "sky", Value: -70_000})
	s.now = s.now.Add(24 * time.Hour)
	made := s.run()
	sky := made[slices.IndexFunc(made, func(m settlement.Settlement) bool { return m.Partner == "sky" })]
	if sky.Figures.Receive != 7 || sky.Figures.Lines != 1 || sky.Position.Adjusted.Value != -70_000 {
		t.Errorf("the settlement is %+v", sky)
	}
	if rows := s.statement(sky); rows[1][1] != "adjustment" || rows[1][14] != "-0.070000" || rows[len(rows)-1][14] != "-0.070000" {
		t.Errorf("the statement is %q", rows)
	}
}

func TestAPartnerThatCannotBeReachedKeepsNobodyWaiting(t *testing.T) {
	s := newStand(t)
	s.now = s.now.Add(24 * time.Hour)
	calendar, err := calendar.Parse("Asia/Shanghai", "00:00")
	if err != nil {
		t.Fatal(err)
	}
	night := settlement.New(settlement.Options{Ledger: cutOff{s.ledger}, Identity: utility, Store: s.store, Dir: s.dir,
		Calendar: calendar, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler)})
	made, err := night.RunDue(context.Background())
	if !errors.Is(err, ledger.ErrBusy) || len(made) != 1 || made[0].Partner != "mart" {
		t.Errorf("made %+v, %v", made, err)
	}
	if made := s.run(); len(made) != 1 || made[0].Partner != "sky" {
		t.Errorf("when it is back the night makes %+v", made)
	}
}

// cutOff is a ledger whose company sky does not answer.
type cutOff struct{ *ledgertest.Memory }

func (c cutOff) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if a, ok := commands[0].Body.(*ledger.AdvanceSettlement); ok && a.Partner == "sky" {
		return nil, ledger.ErrBusy
	}
	return c.Memory.Submit(ctx, who, commands...)
}

func TestTheStoreInMemory(t *testing.T) {
	storetest.RunSettlements(t, func(*testing.T) settlement.Store { return &memoryStore{} })
}

func date(t *testing.T, s string) ledger.Date {
	t.Helper()
	d, err := ledger.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
