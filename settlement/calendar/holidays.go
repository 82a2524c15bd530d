package calendar

import (
	"bytes"
	_ "embed" // the holidays of China
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrNotCovered is returned for a date of a year whose holidays are not known.
var ErrNotCovered = errors.New("calendar: the holidays of that year are not known")

// Holidays are the days on which a country's banks do not work although it is not
// a weekend, or work although it is. They do not change once made.
type Holidays struct {
	source string
	years  map[int]string // the notice of each year
	days   map[ledger.Date]holiday
}

type holiday struct {
	name string
	off  bool
}

// The form of the file.
type (
	holidayFile struct {
		Source string        `json:"source"`
		Years  []holidayYear `json:"years"`
	}
	holidayYear struct {
		Year   int          `json:"year"`
		Notice string       `json:"notice"`
		Days   []holidaySet `json:"days"`
	}
	holidaySet struct {
		Name  string      `json:"name"`
		Off   bool        `json:"off"` // false: worked
		First ledger.Date `json:"first"`
		Last  ledger.Date `json:"last"`
	}
)

//go:embed china.json
var china []byte

// China returns the holidays that are built in: 2024 to 2026. A file of the same
// form with later years is read by [ParseHolidays] and added by [Holidays.With].
func China() (*Holidays, error) { return ParseHolidays(bytes.NewReader(china)) }

// fileMax bounds a file of holidays in bytes.
const fileMax = 1 << 20

// ParseHolidays reads a file of holidays; see china.json for the form.
func ParseHolidays(r io.Reader) (*Holidays, error) {
	var f holidayFile
	d := json.NewDecoder(io.LimitReader(r, fileMax))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("calendar: file of holidays: %w", err)
	}
	h := &Holidays{source: f.Source, years: map[int]string{}, days: map[ledger.Date]holiday{}}
	if strings.TrimSpace(f.Source) == "" || len(f.Years) == 0 {
		return nil, errors.New("calendar: a file of holidays names its source and at least one year")
	}
	for i := range f.Years {
		if err := h.add(&f.Years[i]); err != nil {
			return nil, fmt.Errorf("calendar: holidays of %d: %w", f.Years[i].Year, err)
		}
	}
	return h, nil
}

func (h *Holidays) add(y *holidayYear) error {
	if _, twice := h.years[y.Year]; twice || y.Notice == "" {
		return errors.New("each year stands once, with its notice")
	}
	h.years[y.Year] = y.Notice
	for _, s := range y.Days {
		if s.First.Year() != y.Year || s.Last.Year() != y.Year || s.Last < s.First || s.Last-s.First > 30 {
			return fmt.Errorf("%s from %s to %s is not in the year, or longer than a month", s.Name, s.First, s.Last)
		}
		for d := s.First; d <= s.Last; d++ {
			if _, twice := h.days[d]; twice {
				return fmt.Errorf("%s stands twice", d)
			}
			if !s.Off && !weekend(d) {
				return fmt.Errorf("%s is worked for %s, but is not a weekend", d, s.Name)
			}
			h.days[d] = holiday{s.Name, s.Off}
		}
	}
	return nil
}

// With returns the holidays of both; of a year that both know, the other's count.
func (h *Holidays) With(other *Holidays) *Holidays {
	all := &Holidays{source: h.source + "; " + other.source, years: maps.Clone(h.years), days: map[ledger.Date]holiday{}}
	maps.Copy(all.years, other.years)
	for d, day := range h.days {
		if _, replaced := other.years[d.Year()]; !replaced {
			all.days[d] = day
		}
	}
	maps.Copy(all.days, other.days)
	return all
}

func weekend(d ledger.Date) bool {
	day := d.In(time.UTC).Weekday()
	return day == time.Saturday || day == time.Sunday
}

// Business reports whether banks work on a day. It returns [ErrNotCovered].
func (h *Holidays) Business(d ledger.Date) (bool, error) {
	if _, known := h.years[d.Year()]; !known {
		return false, fmt.Errorf("%w: %d; the file has %s, from %s: add the year's notice to a file of this form, and name it in the configuration as settlement.holidays", ErrNotCovered, d.Year(), h.covered(), h.source)
	}
	if day, special := h.days[d]; special {
		return !day.off, nil
	}
	return !weekend(d), nil
}

func (h *Holidays) covered() string {
	var years []string
	for y := range h.years {
		years = append(years, fmt.Sprint(y))
	}
	slices.Sort(years)
	return strings.Join(years, ", ")
}

// Name returns the holiday that a day belongs to, as a day off or as one that is
// worked for it; "" for others.
func (h *Holidays) Name(d ledger.Date) string { return h.days[d].name }

// Notice returns where the holidays of a year were announced, "" when they are
// not known.
func (h *Holidays) Notice(year int) string { return h.years[year] }

// Next returns the first business day after a day. It returns [ErrNotCovered],
// also when a holiday reaches into a year that is not known.
func (h *Holidays) Next(d ledger.Date) (ledger.Date, error) {
	for {
		d++
		if works, err := h.Business(d); works || err != nil {
			return d, err
		}
	}
}

// ValueDate is the day on which a window is paid: the first business day after
// its date.
func (h *Holidays) ValueDate(window ledger.Date) (ledger.Date, error) { return h.Next(window) }
