package ledger

import (
	"fmt"
	"time"
)

// Date is a business date, in days since 1970-01-01. It names a window; it is
// not an instant and has no time zone.
type Date int32

// DateMax is the last date that can be a window, 6999-12-31: its month, and the
// months of a lot that begins in it, fit a [Month].
const DateMax Date = 1837169

// ParseDate reads YYYY-MM-DD, from 1970-01-01 to [DateMax].
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 || DateOf(t) > DateMax {
		return 0, fmt.Errorf("ledger: %q is not a date of the form YYYY-MM-DD, years 1970 to 6999", s)
	}
	return DateOf(t), nil
}

// DateOf returns the calendar date that t shows in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// In returns the first instant of the date in a location.
func (d Date) In(loc *time.Location) time.Time {
	y, m, day := d.utc().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, loc)
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Year returns the calendar year.
func (d Date) Year() int { return d.utc().Year() }

// Month returns the month in which the date lies.
func (d Date) Month() Month {
	y, m, _ := d.utc().Date()
	return MonthOf(y, m)
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// Month is an expiry month, in months since January 1970. Points of a lot can
// be used until the last window of the month has closed.
type Month uint16

// MonthOf returns the month of a year, 1970 to 7431-04.
func MonthOf(year int, m time.Month) Month { return Month((year-1970)*12 + int(m) - 1) }

// ParseMonth reads YYYY-MM, from 1970-01 to 7431-04, the last that fits.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < 1970 || MonthOf(t.Year(), t.Month()).String() != s {
		return 0, fmt.Errorf("ledger: %q is not a month of the form YYYY-MM, 1970-01 to 7431-04", s)
	}
	return MonthOf(t.Year(), t.Month()), nil
}

// String returns YYYY-MM.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", 1970+int(m)/12, int(m)%12+1) }

// MarshalText implements [encoding.TextMarshaler].
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *Month) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMonth(string(b))
	return err
}
