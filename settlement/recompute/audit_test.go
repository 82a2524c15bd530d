package recompute_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/recompute"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "SkyMSP", Subject: "sky"}
	key     = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
)

// shelf is a store of settlements.
type shelf map[string]settlement.Settlement

func (s shelf) SaveSettlements(_ context.Context, all []settlement.Settlement) error {
	for _, m := range all {
		s[m.ID] = m
	}
	return nil
}

func (s shelf) Settlement(_ context.Context, id string) (*settlement.Settlement, error) {
	m, ok := s[id]
	if !ok {
		return nil, settlement.ErrNotFound
	}
	return &m, nil
}

func (s shelf) Settlements(context.Context, string, string, int) ([]*settlement.Settlement, error) {
	return nil, nil
}

// world is a ledger on disk with two nights that were settled.
type world struct {
	t       *testing.T
	l       *embedded.Ledger
	now     time.Time
	serial  byte
	store   shelf
	batches []ledger.Batch
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.ID {
	w.t.Helper()
	w.serial++
	id := ledger.NewID(w.now, [10]byte{w.serial})
	results, err := w.l.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	if err != nil || results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %v %+v", body.Kind(), err, results)
	}
	return id
}

func (w *world) convert(agreement ledger.ID, terms *ledger.Terms, from int64) ledger.ID {
	w.t.Helper()
	amounts, _ := terms.Convert(from, 0)
	return w.give(utility, &ledger.ConvertIn{Account: ledger.Account{1}, Reference: "D", Leg: ledger.LegTerms{Partner: "sky", Agreement: agreement,
		Hash: terms.Hash(), LockedAt: w.now.UnixMilli(), From: from, To: amounts.To}})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), store: shelf{}}
	dir := t.TempDir()
	var err error
	if w.l, err = embedded.Open(embedded.Options{Dir: dir, Clock: func() time.Time { return w.now }, Signer: embedded.Signer{KeyID: "k", Key: key},
		Checkpointer: utility, CacheBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := embedded.Replay(context.Background(), dir, map[string]ed25519.PublicKey{"k": key.Public().(ed25519.PublicKey)}, nil,
		func(b *ledger.Batch) error { w.batches = append(w.batches, *b); return nil })
	if err != nil || !report.OK() || len(w.batches) == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	return w
}

// settle lives through two days and their nights.
func (w *world) settle() {
	w.t.Helper()
	zone, err := calendar.Parse("Asia/Shanghai", "00:00")
	if err != nil {
		w.t.Fatal(err)
	}
	night := settlement.New(settlement.Options{Ledger: w.l, Identity: utility, Store: w.store, Dir: w.t.TempDir(), Calendar: zone,
		Policies: []netting.Policy{{Partner: "sky", Threshold: 1000}}, Now: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
	window, err := ledger.ParseDate("2026-11-21")
	if err != nil {
		w.t.Fatal(err)
	}
	w.give(utility, &ledger.Initialise{Hub: "EPT", Window: window})
	w.give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP})
	terms := &ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3e6, ToUnits: 1e6},
		Step: 1, Min: 1, Max: 1e9, Price: 12_345, FeePayer: ledger.FeeMember, ExposureCap: 1e15, LockSeconds: 3600, LotMonths: 12}
	agreement := w.give(utility, &ledger.ProposeAgreement{Terms: *terms})
	w.give(airline, &ledger.AcceptAgreement{Agreement: agreement, Hash: terms.Hash()})
	w.convert(agreement, terms, 1500)
	w.now = w.now.Add(24 * time.Hour)
	w.run(night)
	second := w.convert(agreement, terms, 3000)
	w.give(utility, &ledger.Reverse{Original: second, Account: ledger.Account{1}, Amount: 300})
	w.now = w.now.Add(24 * time.Hour)
	w.run(night)
}

func (w *world) run(night *settlement.Night) {
	w.t.Helper()
	if made, err := night.RunDue(context.Background()); err != nil || len(made) == 0 {
		w.t.Fatalf("%+v, %v", made, err)
	}
}

func (w *world) audit(day string, spoil func(*ledger.Transfer)) (recompute.Report, error) {
	w.t.Helper()
	window, err := ledger.ParseDate(day)
	if err != nil {
		w.t.Fatal(err)
	}
	a := recompute.New(window, "sky")
	for _, b := range w.batches {
		b.Transfers = append([]ledger.Transfer(nil), b.Transfers...)
		for i := range b.Transfers {
			if spoil != nil {
				spoil(&b.Transfers[i])
			}
		}
		if err := a.Add(&b); err != nil {
			return recompute.Report{}, err
		}
	}
	return a.Finish(), nil
}

func TestANightIsComputedFromItsBlocksAlone(t *testing.T) {
	w := newWorld(t)
	for day, want := range map[string]ledger.SettlementFigures{
		"2026-11-21": {Lines: 1, Net: 500 * 12_345, Carried: 500 * 12_345},                             // 6.17 yuan are below the threshold
		"2026-11-22": {Lines: 2, Net: 900 * 12_345, Brought: 500 * 12_345, Pay: 1_728, Carried: 3_000}, // 17.283 yuan
	} {
		r, err := w.audit(day, nil)
		want.Root = r.Computed.Root
		if err != nil || !r.OK() || r.Computed != want || *r.Stated != want {
			t.Errorf("%s: %v\n got %+v\nwant %+v\n%v", day, err, r.Computed, want, r.Findings)
		}
		if kept := w.store[day+".sky"]; kept.Position != r.Position || kept.Figures != r.Computed || r.Computed.Root.IsZero() {
			t.Errorf("%s: the night made %+v", day, kept)
		}
	}
}

func TestWhatIsNotAsItWasSettledIsFound(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		spoil func(*ledger.Transfer)
		want  string
	}{
		"a transfer left out": {func(tr *ledger.Transfer) {
			if tr.Kind == ledger.KindReverse {
				*tr = ledger.Transfer{Kind: ledger.KindIssue, Window: tr.Window}
			}
		}, "lines"},
		"another reference": {func(tr *ledger.Transfer) {
			if tr.Kind == ledger.KindConvertIn {
				tr.Reference = "E"
			}
		}, "root"},
		"a settlement left out": {func(tr *ledger.Transfer) {
			if tr.Kind == ledger.KindAdvanceSettlement && tr.Window == 20_779 {
				tr.Body = nil
			}
		}, "brings forward"},
	} {
		r, err := w.audit("2026-11-22", c.spoil)
		if err != nil || r.OK() || !strings.Contains(strings.Join(r.Findings, "; "), c.want) {
			t.Errorf("%s: %v, %v", name, r.Findings, err)
		}
	}
	_, err := w.audit("2026-11-22", func(tr *ledger.Transfer) {
		if tr.Kind == ledger.KindConvertIn {
			leg := *tr.Source
			leg.Value++
			tr.Source = &leg
		}
	})
	if !errors.Is(err, netting.ErrTransfer) {
		t.Errorf("another value: %v", err)
	}
}

func TestAWindowThatIsNotSettledIsSaidToBeSo(t *testing.T) {
	r, err := newWorld(t).audit("2026-11-23", nil)
	if err != nil || r.OK() || len(r.Findings) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
