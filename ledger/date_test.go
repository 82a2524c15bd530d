package ledger_test

import (
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

func TestADateSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ledger.Date(rapid.Int32Range(0, int32(ledger.DateMax)).Draw(t, "date"))
		got, err := ledger.ParseDate(d.String())
		if err != nil || got != d {
			t.Fatalf("%s is read as %s, %v", d, got, err)
		}
		at := d.In(time.UTC)
		if ledger.DateOf(at) != d || d.Year() != at.Year() || d.Month() != ledger.MonthOf(at.Year(), at.Month()) {
			t.Fatalf("%s begins at %s and lies in %s", d, at, d.Month())
		}
		if next := d + 1; d < ledger.DateMax && next.Month() < d.Month() {
			t.Fatalf("%s lies in %s, the day after in %s", d, d.Month(), next.Month())
		}
	})
}

func TestADateIsThatOfItsZone(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	late := time.Date(2026, 1, 9, 23, 30, 0, 0, time.UTC)
	if d := ledger.DateOf(late.In(shanghai)); d.String() != "2026-01-10" || !d.In(shanghai).Equal(time.Date(2026, 1, 9, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("the date is %s and begins at %s", d, d.In(shanghai))
	}
}

func TestAMonthSurvivesItsText(t *testing.T) {
	for n := range 1 << 16 {
		m := ledger.Month(n)
		if got, err := ledger.ParseMonth(m.String()); err != nil || got != m {
			t.Fatalf("%s is read as %s, %v", m, got, err)
		}
	}
}

func TestDatesAndMonthsOutsideTheCalendar(t *testing.T) {
	for _, s := range []string{"", "2026-1-1", "2026-02-30", "1969-12-31", "7000-01-01", "9999-12-31", "2026-01-01T00:00:00Z", "20260101"} {
		if d, err := ledger.ParseDate(s); err == nil {
			t.Errorf("%q is read as %s", s, d)
		}
	}
	for _, s := range []string{"", "2026", "2026-13", "1969-12", "7431-05", "9999-12", "2026-01-01"} {
		if m, err := ledger.ParseMonth(s); err == nil {
			t.Errorf("%q is read as %s", s, m)
		}
	}
	if ledger.DateMax.String() != "6999-12-31" || int(ledger.DateMax.Month())+120 >= 1<<16 {
		t.Errorf("the last date is %s, in month %d", ledger.DateMax, ledger.DateMax.Month())
	}
}
