package calendar

import (
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// CutOff says when a window ends: at the cut-off of the day after its date,
// in the alliance's time zone. The window of a date runs from the cut-off of
// that date to the cut-off of the next.
type CutOff struct {
	Location *time.Location
	// Clock is the wall-clock time of the cut-off, as a duration since midnight, at
	// least 0 and below 24 h. It is that on days on which the clocks change too: of a
	// time that comes twice the first counts, and one that is skipped is reckoned as
	// if the clocks had not changed.
	Clock time.Duration
}

// Parse reads a time zone's IANA name and a cut-off of the form HH:MM.
func Parse(zone, cutOff string) (CutOff, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return CutOff{}, fmt.Errorf("calendar: time zone %q is not a name like Asia/Shanghai", zone)
	}
	t, err := time.Parse("15:04", cutOff)
	if err != nil {
		return CutOff{}, fmt.Errorf("calendar: cut-off %q is not a time like 00:00 or 23:30", cutOff)
	}
	return CutOff{Location: loc, Clock: time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute}, nil
}

// Date returns the date of the window that an instant lies in by the calendar.
func (c CutOff) Date(at time.Time) ledger.Date {
	d := ledger.DateOf(at.In(c.Location))
	if at.Before(c.Start(d)) {
		return d - 1
	}
	return d
}

// Start returns the first instant of a window by the calendar. It does not leave
// the choice to [time.Date], which may answer with either of two instants.
func (c CutOff) Start(d ledger.Date) time.Time {
	wall := d.In(time.UTC).Add(c.Clock) // the wall clock's figures, as if in UTC
	before, after := c.offset(wall.Add(-24*time.Hour)), c.offset(wall.Add(24*time.Hour))
	first, last := wall.Add(-before), wall.Add(-after)
	if first.After(last) {
		first, last, before, after = last, first, after, before
	}
	switch {
	case c.offset(first) == before:
		return first.In(c.Location)
	case c.offset(last) == after:
		return last.In(c.Location)
	}
	return wall.Add(-c.offset(wall.Add(-24 * time.Hour))).In(c.Location)
}

// offset is how far the wall clock is ahead of UTC at an instant.
func (c CutOff) offset(at time.Time) time.Duration {
	_, seconds := at.In(c.Location).Zone()
	return time.Duration(seconds) * time.Second
}

// Due reports whether the window of a date has ended.
func (c CutOff) Due(d ledger.Date, now time.Time) bool { return !now.Before(c.Start(d + 1)) }
