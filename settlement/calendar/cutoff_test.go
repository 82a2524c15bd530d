package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/settlement/calendar"
	"pgregory.net/rapid"
)

func TestWindowOfAnInstant(t *testing.T) {
	cases := []struct{ zone, cutOff, at, want string }{
		{"Asia/Shanghai", "00:00", "2026-11-21T15:59:59Z", "2026-11-21"},
		{"Asia/Shanghai", "00:00", "2026-11-21T16:00:00Z", "2026-11-22"},
		{"Asia/Shanghai", "23:30", "2026-11-21T15:29:59Z", "2026-11-20"},
		{"Asia/Shanghai", "23:30", "2026-11-21T15:30:00Z", "2026-11-21"},
		{"Europe/Berlin", "02:30", "2026-03-29T00:59:59Z", "2026-03-28"}, // 02:30 does not exist that day
		{"Europe/Berlin", "02:30", "2026-03-29T01:30:00Z", "2026-03-29"},
		{"Europe/Berlin", "00:00", "2026-10-24T22:00:00Z", "2026-10-25"}, // a day of 25 hours
		{"Europe/Berlin", "00:00", "2026-10-25T22:59:59Z", "2026-10-25"},
		{"Europe/Berlin", "00:00", "2026-10-25T23:00:00Z", "2026-10-26"},
		{"Europe/Berlin", "02:30", "2026-10-25T00:29:59Z", "2026-10-24"}, // 02:30 comes twice that day
		{"Europe/Berlin", "02:30", "2026-10-25T00:30:00Z", "2026-10-25"},
		{"Europe/Berlin", "02:30", "2026-10-25T01:30:00Z", "2026-10-25"},
		{"Australia/Lord_Howe", "02:15", "2026-10-03T15:44:59Z", "2026-10-03"}, // the clocks go forward by half an hour
		{"Australia/Lord_Howe", "02:15", "2026-10-03T15:45:00Z", "2026-10-04"},
		{"Africa/Cairo", "00:00", "2026-04-23T21:59:59Z", "2026-04-23"}, // midnight does not exist
		{"Africa/Cairo", "00:00", "2026-04-23T22:00:00Z", "2026-04-24"},
	}
	for _, c := range cases {
		cutOff, err := calendar.Parse(c.zone, c.cutOff)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := cutOff.Date(at).String(); got != c.want {
			t.Errorf("%s, cut-off %s, %s: window %s, want %s", c.zone, c.cutOff, c.at, got, c.want)
		}
	}
}

func TestEveryInstantLiesInTheWindowThatHasBegunAndIsNotDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}).Draw(t, "zone")
		clock := rapid.SampledFrom([]string{"00:00", "02:30", "04:00", "23:30"}).Draw(t, "cut-off")
		cutOff, err := calendar.Parse(zone, clock)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_500_000_000, 2_500_000_000).Draw(t, "at"), 0)
		date := cutOff.Date(at)
		if at.Before(cutOff.Start(date)) || cutOff.Due(date, at) || !cutOff.Due(date-1, at) {
			t.Fatalf("%s lies in %s, which runs from %s to %s", at, date, cutOff.Start(date), cutOff.Start(date+1))
		}
	})
}

func TestCalendarMistakesAreNamed(t *testing.T) {
	for _, c := range []struct{ zone, cutOff, want string }{
		{"Peking", "00:00", "Peking"}, {"", "00:00", "time zone"}, {"Local", "00:00", "time zone"},
		{"Asia/Shanghai", "24:00", "24:00"}, {"Asia/Shanghai", "midnight", "midnight"},
	} {
		if _, err := calendar.Parse(c.zone, c.cutOff); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: got %v, want it to name %q", c.zone, c.cutOff, err, c.want)
		}
	}
}
