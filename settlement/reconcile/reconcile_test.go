package reconcile_test

import (
	"context"
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/reconcile/plant"
)

// result is everything a run gave.
type result struct {
	report reconcile.Report
	breaks []reconcile.Break
	kept   []reconcile.Record
}

func run(t interface{ Fatal(...any) }, o reconcile.Options, in reconcile.Inputs) (r result) {
	report, err := reconcile.Run(context.Background(), o, in, reconcile.Outputs{
		Break: func(b reconcile.Break) error { r.breaks = append(r.breaks, b); return nil },
		Keep:  func(k *reconcile.Record) error { r.kept = append(r.kept, *k); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.report = report
	return r
}

// list is a source of records that are held.
func list(records ...reconcile.Record) reconcile.Source {
	return func(_ context.Context, yield func(*reconcile.Record) error) error {
		for i := range records {
			if err := yield(&records[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestEveryPlantedBreakIsFoundWithItsTypeAndNoneInvented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := plant.Books{Transfers: rapid.Int64Range(0, 2000).Draw(t, "transfers"), Every: rapid.Int64Range(plant.Kinds, 200).Draw(t, "every"), Window: 20_000}
		o := b.Options()
		o.Memory = rapid.Int64Range(1<<10, 1<<20).Draw(t, "memory")
		got := run(t, o, b.Inputs())
		found := map[int64]bool{}
		for _, k := range got.breaks {
			i := plant.Index(k.Key)
			if k.Event != reconcile.Opened || k.Type != b.Type(i) || found[i] {
				t.Fatalf("transfer %d: found %s, planted %s; twice: %v", i, k.Type, b.Type(i), found[i])
			}
			found[i] = true
		}
		for i := range b.Transfers {
			if b.Type(i) != 0 && !found[i] {
				t.Fatalf("transfer %d: %s was not found", i, b.Type(i))
			}
		}
	})
}

func TestTheSameBooksGiveTheSameBreaksHoweverTheyAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := plant.Books{Transfers: rapid.Int64Range(0, 300).Draw(t, "transfers"), Every: plant.Kinds, Window: 20_000}
		o := b.Options()
		want := run(t, o, b.Inputs())
		in := b.Inputs()
		for _, book := range []*reconcile.Source{&in.Ledger, &in.Ours, &in.Partner} {
			*book = list(rapid.Permutation(gather(t, *book)).Draw(t, "order")...)
		}
		o.Memory = rapid.Int64Range(1<<10, 1<<18).Draw(t, "memory")
		if got := run(t, o, in); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got.report, want.report)
		}
	})
}

func gather(t interface{ Fatal(...any) }, s reconcile.Source) (all []reconcile.Record) {
	if err := s(context.Background(), func(r *reconcile.Record) error { all = append(all, *r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheReportCountsWhatTheBooksHave(t *testing.T) {
	b := plant.Books{Transfers: 10_000, Every: 100, Window: 20_000}
	got := run(t, b.Options(), b.Inputs()).report
	// Of each hundred: 9 breaks, 2 that moved nothing; a split counts by the ledger's lines.
	if got.Matched != 10_000-1_100 || got.Split != 400 || got.Kept != 0 {
		t.Errorf("%+v", got)
	}
	for kind, n := range b.Planted() {
		if got.Opened[kind] != n {
			t.Errorf("%s: opened %d, planted %d", reconcile.Type(kind), got.Opened[kind], n)
		}
	}
}

const window ledger.Date = 20_000

var base = plant.Books{Transfers: 1, Every: plant.Kinds, Window: window}

// movement is one that the books agree on; the time is a minute before the end.
func movement(side reconcile.Side) reconcile.Record {
	r := reconcile.Record{Key: ledger.ID{1, 6: 0x70, 8: 0x80}, Amount: 300, Side: side, Window: window, Reference: 77, At: base.Options().End - 60_000, Line: 1}
	return r
}

func next() reconcile.Options {
	o := base.Options()
	o.Window++
	o.Start, o.End = o.End, o.End+24*60*60*1000
	return o
}

func TestALateMovementClearsItselfWhenItArrivesTheNextDay(t *testing.T) {
	for _, late := range []reconcile.Side{reconcile.Ledger, reconcile.Partner} {
		books := map[reconcile.Side]reconcile.Source{}
		for side := reconcile.Ledger; side <= reconcile.Partner; side++ {
			if side != late {
				books[side] = list(movement(side))
			}
		}
		first := run(t, base.Options(), reconcile.Inputs{Ledger: books[reconcile.Ledger], Ours: books[reconcile.Ours], Partner: books[reconcile.Partner]})
		if len(first.breaks) != 1 || first.breaks[0].Type != reconcile.WrongWindow || len(first.kept) != 2 {
			t.Fatalf("%s late: %+v", late, first)
		}
		arrived := movement(late)
		arrived.Window++
		in := reconcile.Inputs{Kept: list(first.kept...)}
		if late == reconcile.Ledger {
			in.Ledger = list(arrived)
		} else {
			in.Partner = list(arrived)
		}
		second := run(t, next(), in)
		if len(second.breaks) != 1 || second.breaks[0].Event != reconcile.Cleared || second.breaks[0].ID != first.breaks[0].ID ||
			second.report.Matched != 1 || len(second.kept) != 0 {
			t.Errorf("%s arrived: %+v", late, second)
		}
	}
}

func TestALateMovementThatDoesNotArriveIsMissing(t *testing.T) {
	first := run(t, base.Options(), reconcile.Inputs{Ledger: list(movement(reconcile.Ledger)), Ours: list(movement(reconcile.Ours))})
	second := run(t, next(), reconcile.Inputs{Kept: list(first.kept...)})
	if b := second.breaks; len(b) != 1 || b[0].Event != reconcile.Changed || b[0].Type != reconcile.MissingAtPartner ||
		b[0].ID != first.breaks[0].ID || b[0].Since != window {
		t.Fatalf("%+v", b)
	}
	o := next()
	o.Window++
	third := run(t, o, reconcile.Inputs{Kept: list(second.kept...), Partner: list(movement(reconcile.Partner))})
	if b := third.breaks; len(b) != 1 || b[0].Event != reconcile.Cleared || b[0].Type != reconcile.MissingAtPartner {
		t.Errorf("after the partner booked it: %+v", b)
	}
	fourth := run(t, o, reconcile.Inputs{Kept: list(second.kept...)})
	if b := fourth.breaks; len(b) != 1 || b[0].Event != reconcile.Stood || fourth.report.Standing[reconcile.MissingAtPartner] != 1 {
		t.Errorf("while nothing changes: %+v", fourth)
	}
}

func TestAnUnfinishedConversionGoesToTheNextWindow(t *testing.T) {
	pending := movement(reconcile.Ours)
	pending.Status, pending.At = reconcile.Pending, base.Options().Start+3_600_000
	first := run(t, base.Options(), reconcile.Inputs{Ours: list(pending), Partner: list(movement(reconcile.Partner))})
	if b := first.breaks; len(b) != 1 || b[0].Type != reconcile.WrongWindow {
		t.Fatalf("%+v", b)
	}
	done := movement(reconcile.Ours)
	second := run(t, next(), reconcile.Inputs{Kept: list(first.kept...), Ledger: list(movement(reconcile.Ledger)), Ours: list(done)})
	if b := second.breaks; len(b) != 1 || b[0].Event != reconcile.Cleared {
		t.Errorf("%+v", b)
	}
}

func TestPartsThatArriveOnTwoDaysClearTheBreak(t *testing.T) {
	part := movement(reconcile.Partner)
	part.Amount = 100
	first := run(t, base.Options(), reconcile.Inputs{Ledger: list(movement(reconcile.Ledger)), Ours: list(movement(reconcile.Ours)), Partner: list(part)})
	if b := first.breaks; len(b) != 1 || b[0].Type != reconcile.WrongAmount || b[0].Difference() != -200 {
		t.Fatalf("%+v", b)
	}
	part.Amount = 200
	second := run(t, next(), reconcile.Inputs{Kept: list(first.kept...), Partner: list(part)})
	if b := second.breaks; len(b) != 1 || b[0].Event != reconcile.Cleared {
		t.Errorf("%+v", b)
	}
}

// Each case gives the partner's lines for one transfer of 300, and the one break
// that they are.
func TestOneCauseIsOneBreak(t *testing.T) {
	line := func(change func(*reconcile.Record)) reconcile.Record {
		r := movement(reconcile.Partner)
		r.At = base.Options().Start + 3_600_000
		change(&r)
		return r
	}
	none := ledger.ID{}
	for name, c := range map[string]struct {
		lines []reconcile.Record
		want  reconcile.Type
	}{
		"all at once":      {[]reconcile.Record{line(func(*reconcile.Record) {})}, 0},
		"within tolerance": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Amount = 301 })}, 0},
		"three equal parts": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Amount = 100 }),
			line(func(r *reconcile.Record) { r.Amount = 100 }), line(func(r *reconcile.Record) { r.Amount = 100 })}, 0},
		"by reference alone": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Key = none })}, 0},
		"a part under another ID": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Amount = 200 }),
			line(func(r *reconcile.Record) { r.Key[15], r.Amount = 1<<4, 100 })}, 0},
		"parts that do not add up": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Key, r.Amount = none, 100 }),
			line(func(r *reconcile.Record) { r.Key, r.Amount = none, 150 })}, reconcile.WrongAmount},
		"twice by reference": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Key = none }),
			line(func(r *reconcile.Record) { r.Key, r.Line = none, 2 })}, reconcile.Duplicate},
		"three times":               {[]reconcile.Record{line(func(*reconcile.Record) {}), line(func(*reconcile.Record) {}), line(func(*reconcile.Record) {})}, reconcile.Duplicate},
		"another member and amount": {[]reconcile.Record{line(func(r *reconcile.Record) { r.Membership, r.Amount = 2, 1 })}, reconcile.UnknownMember},
		"pending":                   {[]reconcile.Record{line(func(r *reconcile.Record) { r.Status = reconcile.Pending })}, reconcile.WrongWindow},
		"failed, then done":         {[]reconcile.Record{line(func(r *reconcile.Record) { r.Status = reconcile.Failed }), line(func(*reconcile.Record) {})}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l, ours := movement(reconcile.Ledger), movement(reconcile.Ours)
			l.At, ours.Membership = base.Options().Start+3_600_000, 1
			o := base.Options()
			o.Tolerance.Amount = 1
			got := run(t, o, reconcile.Inputs{Ledger: list(l), Ours: list(ours), Partner: list(c.lines...)})
			var types []reconcile.Type
			for _, b := range got.breaks {
				types = append(types, b.Type)
			}
			if want := []reconcile.Type{c.want}; c.want == 0 && len(types) != 0 || c.want != 0 && !slices.Equal(types, want) {
				t.Errorf("got %v, want %s", types, c.want)
			}
		})
	}
}

func TestRecordsThatCannotBeComparedAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*reconcile.Record){
		"no amount":       func(r *reconcile.Record) { r.Amount = 0 },
		"another book":    func(r *reconcile.Record) { r.Side = reconcile.Ours },
		"no key":          func(r *reconcile.Record) { r.Key = ledger.ID{} },
		"not completed":   func(r *reconcile.Record) { r.Status = reconcile.Failed },
		"not new":         func(r *reconcile.Record) { r.Was = reconcile.WrongWindow },
		"negative points": func(r *reconcile.Record) { r.Points = -1 },
	} {
		r := movement(reconcile.Ledger)
		spoil(&r)
		_, err := reconcile.Run(context.Background(), base.Options(), reconcile.Inputs{Ledger: list(r)}, reconcile.Outputs{})
		if !errors.Is(err, reconcile.ErrRecord) {
			t.Errorf("%s: got %v, want ErrRecord", name, err)
		}
	}
	huge := movement(reconcile.Partner)
	huge.Amount = math.MaxInt64
	if _, err := reconcile.Run(context.Background(), base.Options(), reconcile.Inputs{Partner: list(huge, huge)}, reconcile.Outputs{}); !errors.Is(err, reconcile.ErrOverflow) {
		t.Errorf("a sum that does not fit: %v", err)
	}
}

func TestTheSpillFileHasALimitAndLeavesNothingBehind(t *testing.T) {
	b := plant.Books{Transfers: 5_000, Every: 100, Window: window}
	o := b.Options()
	o.Memory, o.SpillDir = 1<<12, t.TempDir()
	run(t, o, b.Inputs())
	o.SpillMax = 1 << 16
	if _, err := reconcile.Run(context.Background(), o, b.Inputs(), reconcile.Outputs{}); !errors.Is(err, reconcile.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if left, err := os.ReadDir(o.SpillDir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestARunStopsWhenItIsToldTo(t *testing.T) {
	b := plant.Books{Transfers: 100_000, Every: 1000, Window: window}
	ctx, cancel := context.WithCancel(context.Background())
	o := b.Options()
	phases := map[reconcile.Phase]bool{}
	o.Progress = func(p reconcile.Progress) {
		phases[p.Phase] = true
		if p.Phase == reconcile.Matching {
			cancel()
		}
	}
	if _, err := reconcile.Run(ctx, o, b.Inputs(), reconcile.Outputs{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if !phases[reconcile.Reading] || !phases[reconcile.Matching] {
		t.Errorf("told of %v", phases)
	}
}

func BenchmarkRun(b *testing.B) {
	books := plant.Books{Transfers: 300_000, Every: 1000, Window: window}
	o := books.Options()
	o.Memory, o.SpillDir = 16<<20, b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reconcile.Run(context.Background(), o, books.Inputs(), reconcile.Outputs{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(books.Transfers), "ns/transfer")
}
