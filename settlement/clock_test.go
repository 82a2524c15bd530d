package settlement_test

import (
	"context"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
)

// TestNoWindowIsLostOrTwiceWhereClocksAreChanged lives through nights in which the
// wall clock is put forward or back around the cut-off itself: each window is
// settled once, with what was converted in it, and the statement, which is written
// by the wall clock, agrees.
func TestNoWindowIsLostOrTwiceWhereClocksAreChanged(t *testing.T) {
	for _, c := range []struct{ name, zone, cutOff, from string }{
		{"back, the cut-off in the hour that is twice", "America/New_York", "01:30", "2026-10-30"},
		{"forward, the cut-off in the hour that is not", "America/New_York", "02:30", "2027-03-12"},
		{"forward at midnight", "Africa/Cairo", "00:00", "2026-04-22"},
		{"by half an hour", "Australia/Lord_Howe", "12:00", "2026-10-02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone, err := calendar.Parse(c.zone, c.cutOff)
			must(t, err)
			first, err := ledger.ParseDate(c.from)
			must(t, err)
			b := newBooksOn(t, settlementtest.NewAt(t, zone, zone.Start(first)))
			r := b.reconciler()
			for n := range ledger.Date(4) {
				d := first + n
				b.Now = zone.Start(d).Add(time.Minute)
				b.In("sky", 60)
				b.Now = zone.Start(d).Add(59 * time.Minute) // where the clock is put back, its figures are those of before the cut-off
				b.In("sky", 40)
				b.Now = zone.Start(d + 1).Add(-time.Minute)
				b.In("sky", 10+int64(n))
				if made := b.Settle(); len(made) != 0 {
					t.Fatalf("a minute before the cut-off of %s: %+v", d, made)
				}
				b.Now = zone.Start(d + 1)
				made := b.Settle()
				if len(made) != 2 || made[0].Window != d || b.settlement(settlement.ID(d, "sky")).Figures.Pay != 110+int64(n) {
					t.Fatalf("at the cut-off of %s: %+v", d, made)
				}
				b.send("sky", d, b.lines("sky", d)...)
				if _, err := r.RunDue(context.Background()); err != nil {
					t.Fatal(err)
				}
				if s := b.settlement(settlement.ID(d, "sky")); s.State != settlement.Reconciled {
					t.Errorf("%s is %s, cases %+v", s.ID, s.State, b.allCases())
				}
			}
			if cases := b.allCases(); len(cases) != 0 {
				t.Errorf("%d breaks, the first %+v", len(cases), cases[0])
			}
		})
	}
}

// TestAClockThatJumpsOverCutOffsLosesNothing stops for three nights, one of which
// ends with the clock put back, and goes on: all windows are settled at once, late
// statements come in any order, and what was carried adds up.
func TestAClockThatJumpsOverCutOffsLosesNothing(t *testing.T) {
	zone, err := calendar.Parse("Europe/Berlin", "02:30")
	must(t, err)
	first, err := ledger.ParseDate("2026-10-23")
	must(t, err)
	b := newBooksOn(t, settlementtest.NewAt(t, zone, zone.Start(first).Add(time.Hour)))
	b.In("sky", 300)
	b.Now = zone.Start(first + 3).Add(10 * time.Hour)
	made := b.Settle()
	if len(made) != 6 || len(b.Settle()) != 0 {
		t.Fatalf("%+v", made)
	}
	b.In("sky", 50) // belongs to the window that is open now
	b.Now = zone.Start(first + 4)
	if made := b.Settle(); len(made) != 2 {
		t.Fatalf("%+v", made)
	}
	r := b.reconciler()
	for _, n := range []ledger.Date{3, 1, 0, 2} {
		b.send("sky", first+n, b.lines("sky", first+n)...)
		if _, err := r.RunDue(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for n, pay := range map[ledger.Date]int64{0: 300, 1: 0, 2: 0, 3: 50} {
		if s := b.settlement(settlement.ID(first+n, "sky")); s.State != settlement.Reconciled || s.Figures.Pay != pay {
			t.Errorf("%s is %s and pays %d, want %d", s.ID, s.State, s.Figures.Pay, pay)
		}
	}
	if cases := b.allCases(); len(cases) != 0 {
		t.Errorf("%d breaks, the first %+v", len(cases), cases[0])
	}
	waiting, err := r.Waiting(context.Background())
	must(t, err)
	if len(waiting) != 4 { // the other partner's
		t.Errorf("waiting %+v", waiting)
	}
}
