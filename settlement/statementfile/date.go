package statementfile

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// moment is a cell that should hold a date.
type moment struct {
	at   time.Time
	form string // the shape in which it was written, such as 2006-01-02
	wide bool
	// clock says that there is a time of the day.
	clock bool
}

// parseDate reads a date with or without a time. Want, if not empty, says what
// would be right. Raw says that it is a spreadsheet's number, which counts days
// from the end of 1899.
func parseDate(cell string, order DateOrder, zone *time.Location, raw, from1904 bool) (m moment, want Rule) {
	s := strings.TrimSpace(cell)
	if at, ok := usual(s, zone); ok {
		return moment{at: at, form: "2006-01-02", clock: true}, Rule{}
	}
	if len(s) > 64 {
		return m, rule("date_form")
	}
	s, m.wide = narrow(s)
	if raw && strings.Trim(s, "0123456789.") == "" && s != "" && !(len(s) == 8 && digits(s)) {
		return serial(s, zone, from1904)
	}
	chinese := strings.Contains(s, "年")
	if chinese {
		s = strings.NewReplacer("年", "-", "月", "-", "日", "").Replace(s)
	}
	day, clock := s, ""
	if i := strings.IndexAny(s, " T"); i > 0 {
		day, clock = s[:i], strings.TrimSpace(s[i+1:])
	}
	y, mo, d, form, want := parseDay(day, order)
	if want.broken() {
		return m, want
	}
	at := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, zone)
	if at.Day() != d || at.Month() != time.Month(mo) || y < 1970 || y > 2999 {
		return m, rule("no_such_day")
	}
	if m.form = form; chinese {
		m.form = "2006年01月02日"
	}
	m.clock = clock != ""
	m.at, want = parseClock(at, clock, zone)
	return m, want
}

func parseDay(s string, order DateOrder) (y, m, d int, form string, want Rule) {
	if len(s) == 8 && digits(s) {
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
		form = "20060102"
	}
	for _, sep := range []string{"-", "/", "."} {
		p := strings.Split(s, sep)
		if len(p) != 3 || !digits(p[0]) || !digits(p[1]) || !digits(p[2]) || len(p[1]) > 2 {
			continue
		}
		a, b, c := number3(p)
		switch {
		case len(p[0]) == 4 && len(p[2]) <= 2:
			return a, b, c, orElse(form, "2006"+sep+"01"+sep+"02"), Rule{}
		case len(p[0]) <= 2 && len(p[2]) == 4:
			return shortFirst(a, b, c, sep, order)
		}
	}
	return 0, 0, 0, "", rule("date_form")
}

func number3(p []string) (a, b, c int) {
	a, _ = strconv.Atoi(p[0]) // digits, checked
	b, _ = strconv.Atoi(p[1])
	c, _ = strconv.Atoi(p[2])
	return a, b, c
}

// shortFirst tells day and month apart.
func shortFirst(a, b, year int, sep string, order DateOrder) (y, m, d int, form string, want Rule) {
	switch {
	case order == DayFirst, order == YearFirst && a > 12:
		return year, b, a, "02" + sep + "01" + sep + "2006", Rule{}
	case order == MonthOne, b > 12:
		return year, a, b, "01" + sep + "02" + sep + "2006", Rule{}
	case a == b:
		return year, a, b, "02" + sep + "01" + sep + "2006", Rule{}
	}
	return 0, 0, 0, "", rule("day_or_month")
}

// parseClock adds the time of the day, with or without an offset.
func parseClock(day time.Time, s string, zone *time.Location) (time.Time, Rule) {
	if s == "" {
		return day, Rule{}
	}
	for _, form := range []string{"15:04:05.999999999", "15:04", "150405", "15:04:05.999999999Z07:00", "15:04Z07:00"} {
		t, err := time.ParseInLocation("2006-01-02 "+form, day.Format(time.DateOnly)+" "+s, zone)
		if err == nil {
			return t, Rule{}
		}
	}
	return day, rule("clock_form")
}

// serial reads a spreadsheet's date: days since 1899-12-30, or since 1904.
func serial(s string, zone *time.Location, from1904 bool) (moment, Rule) {
	d, err := decimal.NewFromString(s)
	if err != nil || d.LessThan(decimal.New(25_569, 0)) || d.GreaterThan(decimal.New(401_769, 0)) {
		return moment{}, rule("date_form")
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, zone)
	if from1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, zone)
	}
	day := d.Floor()
	milli := d.Sub(day).Mul(decimal.New(86_400_000, 0)).Round(0).IntPart()
	at := first.AddDate(0, 0, int(day.IntPart()))
	return moment{at: at.Add(time.Duration(milli) * time.Millisecond), form: "a spreadsheet's date", clock: milli != 0}, Rule{}
}

// usual reads the form that nearly all files have, 2026-11-21 15:04:05, without
// the cost of looking for others.
func usual(s string, zone *time.Location) (time.Time, bool) {
	if len(s) != len(time.DateTime) || s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	var n [6]int
	for i, part := range [6]string{s[:4], s[5:7], s[8:10], s[11:13], s[14:16], s[17:]} {
		if !digits(part) {
			return time.Time{}, false
		}
		for _, d := range []byte(part) {
			n[i] = n[i]*10 + int(d-'0')
		}
	}
	at := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, zone)
	ok := n[0] >= 1970 && n[0] <= 2999 && at.Month() == time.Month(n[1]) && at.Day() == n[2] && n[3] < 24 && n[4] < 60 && n[5] < 60
	return at, ok
}
