package settlement

import (
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Calendar says when a window ends: at the cut-off of the day after its date,
// in the alliance's time zone. The window of a date runs from the cut-off of
// that date to the cut-off of the next.
type Calendar struct {
	Location *time.Location
	// CutOff is the wall-clock time of the cut-off, as a duration since midnight,
	// at least 0 and below 24 h. On a day on which the clocks change it is still
	// the wall-clock time; one that does not exist is the instant an hour later.
	CutOff time.Duration
}

// ParseCalendar reads a time zone's IANA name and a cut-off of the form HH:MM.
func ParseCalendar(zone, cutOff string) (Calendar, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return Calendar{}, fmt.Errorf("settlement: time zone %q is not a name like Asia/Shanghai", zone)
	}
	t, err := time.Parse("15:04", cutOff)
	if err != nil {
		return Calendar{}, fmt.Errorf("settlement: cut-off %q is not a time like 00:00 or 23:30", cutOff)
	}
	return Calendar{Location: loc, CutOff: time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute}, nil
}

// Date returns the date of the window that an instant lies in by the calendar.
func (c Calendar) Date(at time.Time) ledger.Date {
	d := ledger.DateOf(at.In(c.Location))
	if at.Before(c.Start(d)) {
		return d - 1
	}
	return d
}

// Start returns the first instant of a window by the calendar.
func (c Calendar) Start(d ledger.Date) time.Time {
	midnight := d.In(c.Location)
	h, m := int(c.CutOff/time.Hour), int(c.CutOff%time.Hour/time.Minute)
	return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), h, m, 0, 0, c.Location)
}

// Due reports whether the window of a date has ended.
func (c Calendar) Due(d ledger.Date, now time.Time) bool { return !now.Before(c.Start(d + 1)) }
