// Package sheet writes cells of spreadsheets and of CSV files that people open in
// one: numbers stay exact, sums are formulas, and no text becomes a formula. What
// the cells mean is its caller's business.
package sheet

import (
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Plain keeps a spreadsheet from taking a text of somebody else's for a formula.
func Plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// digitsMax is how many digits a spreadsheet's number holds exactly.
const digitsMax = 15

// Number makes a number of a decimal text, or leaves it text when a spreadsheet
// could not hold all its digits. The library takes no decimals; the shortest text
// of the nearest float is the decimal itself as long as it has at most 15 digits,
// and nothing is computed with it here.
func Number(text string) any {
	if len(strings.Trim(strings.ReplaceAll(text, ".", ""), "-0")) > digitsMax {
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return f
}

// Looks are the styles of a file's cells.
type Looks struct{ Head, Bold, Text, Whole int }

// NewLooks makes the styles.
func NewLooks(f *excelize.File) (l Looks, err error) {
	make := func(to *int, s excelize.Style) {
		if err == nil {
			*to, err = f.NewStyle(&s)
		}
	}
	make(&l.Head, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}}})
	make(&l.Bold, excelize.Style{Font: &excelize.Font{Bold: true}})
	make(&l.Text, excelize.Style{NumFmt: 49})
	if err == nil {
		l.Whole, err = Decimals(f, 0)
	}
	return l, err
}

// Decimals makes the style of numbers with as many decimal places.
func Decimals(f *excelize.File, places uint8) (int, error) {
	format := "#,##0"
	if places > 0 {
		format += "." + strings.Repeat("0", int(places))
	}
	return f.NewStyle(&excelize.Style{CustomNumFmt: &format})
}

// Page writes cells of one sheet, and remembers the first error.
type Page struct {
	file *excelize.File
	name string
	Row  int // that is written to, from 1
	Err  error
}

// NewPage writes to a sheet that is there.
func NewPage(f *excelize.File, name string) *Page { return &Page{file: f, name: name, Row: 1} }

// Set writes a cell of the row.
func (p *Page) Set(column string, v any, style int) {
	if p.Err == nil {
		at := column + strconv.Itoa(p.Row)
		if p.Err = p.file.SetCellValue(p.name, at, v); p.Err == nil {
			p.Err = p.file.SetCellStyle(p.name, at, at, style)
		}
	}
}

// Formula writes a formula with its value, a decimal, so that programs that do not
// compute show it too.
func (p *Page) Formula(column, formula, value string, style int) {
	p.Set(column, Number(value), style)
	if p.Err == nil {
		kind := excelize.STCellFormulaTypeNormal
		p.Err = p.file.SetCellFormula(p.name, column+strconv.Itoa(p.Row), formula, excelize.FormulaOpts{Type: &kind})
	}
}

// Head writes the names of columns, from A on, and goes to the next row.
func (p *Page) Head(style int, names ...string) {
	for i, n := range names {
		p.Set(Column(i), n, style)
	}
	p.Row++
}

// Freeze keeps so many rows in view.
func (p *Page) Freeze(rows int) {
	if p.Err == nil {
		p.Err = p.file.SetPanes(p.name, &excelize.Panes{Freeze: true, YSplit: rows, TopLeftCell: "A" + strconv.Itoa(rows+1), ActivePane: "bottomLeft"})
	}
}

// Column is the letter of a column, of which there are at most 26, from 0.
func Column(i int) string { return string(rune('A' + i)) }
