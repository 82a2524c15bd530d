package calendar_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
)

func china(t interface{ Fatal(...any) }) *calendar.Holidays {
	h, err := calendar.China()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func date(t *testing.T, s string) ledger.Date {
	t.Helper()
	d, err := ledger.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAWindowIsPaidOnTheNextBusinessDay(t *testing.T) {
	h := china(t)
	for _, c := range []struct{ window, want, why string }{
		{"2026-11-19", "2026-11-20", "a Friday"},
		{"2026-11-20", "2026-11-23", "over a weekend"},
		{"2026-09-30", "2026-10-08", "over National Day"},
		{"2026-10-09", "2026-10-10", "a Saturday that is worked"},
		{"2026-02-13", "2026-02-14", "the Saturday before Spring Festival is worked"},
		{"2026-02-14", "2026-02-24", "over Spring Festival"},
		{"2025-01-25", "2025-01-26", "a Sunday that is worked"},
		{"2024-12-31", "2025-01-02", "over New Year, from one year into the next"},
	} {
		if got, err := h.ValueDate(date(t, c.window)); err != nil || got.String() != c.want {
			t.Errorf("%s, %s: got %s, %v; want %s", c.window, c.why, got, err, c.want)
		}
	}
}

func TestAYearThatIsNotPublishedIsRefused(t *testing.T) {
	_, err := china(t).ValueDate(date(t, "2026-12-31"))
	if !errors.Is(err, calendar.ErrNotCovered) || !strings.Contains(err.Error(), "2027") || !strings.Contains(err.Error(), "2024, 2025, 2026") {
		t.Errorf("got %v", err)
	}
}

func TestEveryDayOfTheYearsIsABusinessDayOrNotAndHasANext(t *testing.T) {
	h := china(t)
	rapid.Check(t, func(t *rapid.T) {
		d := ledger.Date(rapid.Int32Range(19_723, 20_800).Draw(t, "day")) // 2024-01-01 to 2026-12-13
		next, err := h.Next(d)
		if err != nil || next <= d || next > d+11 {
			t.Fatalf("after %s comes %s, %v", d, next, err)
		}
		for between := d + 1; between < next; between++ {
			if works, err := h.Business(between); works || err != nil {
				t.Fatalf("%s was passed over", between)
			}
		}
	})
}

func TestHolidaysKnowTheirNameAndNotice(t *testing.T) {
	h := china(t)
	if h.Name(date(t, "2026-02-17")) != "春节" || !strings.HasPrefix(h.Notice(2026), "https://www.gov.cn/") || h.Notice(2027) != "" {
		t.Errorf("%q %q", h.Name(date(t, "2026-02-17")), h.Notice(2026))
	}
}

func TestFilesOfHolidaysThatMakeNoSenseAreRefused(t *testing.T) {
	const good = `{"source":"x","years":[{"year":2027,"notice":"n","days":[{"name":"元旦","off":true,"first":"2027-01-01","last":"2027-01-03"}]}]}`
	if _, err := calendar.ParseHolidays(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{"source": {`"x"`, `""`}, "notice": {`"n"`, `""`}, "another year": {"2027-01-03", "2028-01-03"},
		"backwards": {"2027-01-03", "2027-01-0"}, "worked on a weekday": {"true", "false"}, "unknown field": {`"name"`, `"title"`},
		"twice": {`"last":"2027-01-03"}`, `"last":"2027-01-03"},{"name":"y","off":true,"first":"2027-01-02","last":"2027-01-02"}`}} {
		if _, err := calendar.ParseHolidays(strings.NewReader(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestALaterFileAddsYearsAndReplacesThem(t *testing.T) {
	built, err := calendar.China()
	if err != nil {
		t.Fatal(err)
	}
	file := `{"source": "the notice", "years": [{"year": 2027, "notice": "n", "days": [{"name": "元旦", "off": true, "first": "2027-01-01", "last": "2027-01-03"}]},
		{"year": 2026, "notice": "corrected", "days": []}]}`
	later, err := calendar.ParseHolidays(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	both := built.With(later)
	for day, want := range map[string]bool{"2027-01-01": false, "2027-01-04": true, "2026-10-01": true, "2025-10-01": false} {
		d, err := ledger.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		if works, err := both.Business(d); err != nil || works != want {
			t.Errorf("%s: %t, %v", day, works, err)
		}
	}
	if both.Notice(2026) != "corrected" || built.Notice(2027) != "" {
		t.Errorf("notices %q and %q", both.Notice(2026), built.Notice(2027))
	}
}
