package calendar_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/pointgrid/pointgrid/settlement/calendar"
)

// A file of holidays is read or refused, and added to those that are built in.
func FuzzParseHolidays(f *testing.F) {
	china, err := os.ReadFile("china.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(china), "{}", `{"source":"s","years":[{"year":2027,"notice":"n","days":[{"name":"x","first":"2027-01-01","last":"2027-01-03","off":true}]}]}`,
		`{"source":"s","years":[{"year":9999,"notice":"n","days":[{"name":"x","first":"9999-12-31","last":"9999-12-31","off":true}]}]}`} {
		f.Add([]byte(seed))
	}
	built, err := calendar.China()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := calendar.ParseHolidays(bytes.NewReader(b)); err == nil && built.With(h) == nil {
			t.Errorf("%q is lost", b)
		}
	})
}
