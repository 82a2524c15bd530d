package statementfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Code says what kind of problem there is; codes are stable.
type Code string

const (
	BadFile       Code = "file"
	TooLarge      Code = "too_large"
	BadEncoding   Code = "encoding"
	BadForm       Code = "form" // quotes, number of cells
	MissingColumn Code = "missing_column"
	BadValue      Code = "value"
	BadAmount     Code = "amount"
	BadDate       Code = "date"
	OtherDay      Code = "other_day"
	Repeated      Code = "duplicate_line"
	BadTotals     Code = "totals"
	// Notes: the file is accepted all the same.
	Grouped   Code = "thousands_separator"
	FullWidth Code = "full_width"
	OtherForm Code = "other_date_format"
	Rounded   Code = "rounded" // a spreadsheet's number with the noise of floating point
	Sheets    Code = "more_sheets"
)

// Problem is one thing in a file, and what would be right.
type Problem struct {
	Line   int    `json:"line"`   // from 1; 0 is the file as a whole
	Column string `json:"column"` // the header's name and the letter, such as "金额 (D)"
	Code   Code   `json:"code"`
	Found  string `json:"found"` // clipped
	Want   string `json:"want"`  // the rule as an English sentence
	Rule   Rule   `json:"rule"`
	// Times is on how many lines the same was noted; Line is the first.
	Times int `json:"times,omitempty"`
}

// String is one line for people.
func (p Problem) String() string {
	where := "the file"
	if p.Line > 0 {
		where = "line " + strconv.Itoa(p.Line)
	}
	if p.Column != "" {
		where += ", column " + p.Column
	}
	return fmt.Sprintf("%s: found %s; %s", where, p.Found, p.Want)
}

// Refusal is the error for a file that is not accepted.
type Refusal struct {
	Problems []Problem
	More     int // that are not listed
}

// Error tells the first problem and the number of all.
func (r *Refusal) Error() string {
	if all := len(r.Problems) + r.More; all > 1 {
		return fmt.Sprintf("statementfile: %d problems, the first: %s", all, r.Problems[0])
	}
	return "statementfile: " + r.Problems[0].String()
}

// findings gathers problems and notes.
type findings struct {
	max      int
	problems []Problem
	more     int
	notes    map[Code]*Problem
}

func (f *findings) add(p Problem) {
	p.Want = p.Rule.String()
	if len(f.problems) >= f.max {
		f.more++
		return
	}
	f.problems = append(f.problems, p)
}

func (f *findings) note(p Problem) {
	if n := f.notes[p.Code]; n != nil {
		n.Times++
		return
	}
	p.Times, p.Want = 1, p.Rule.String()
	f.notes[p.Code] = &p
}

func (f *findings) refusal() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return &Refusal{Problems: f.problems, More: f.more}
}

// clipMax is how much of a value is shown.
const clipMax = 60

// clip quotes what was found, so that it is safe to print and not too long.
func clip(s string) string {
	if r := []rune(s); len(r) > clipMax {
		s = string(r[:clipMax]) + "…"
	}
	return strconv.Quote(s)
}

// letter names a column as spreadsheets do, from 0.
func letter(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// fold brings a word into the form in which words are compared: narrow, lower
// case, letters and digits only.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		r = narrowRune(r)
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// narrowRune gives the ASCII character of a full-width one, and others as they are.
func narrowRune(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	}
	return r
}
