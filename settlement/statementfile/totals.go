package statementfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// isTotals reports whether a row is one of totals: it begins with such a word and
// has no date.
func (w *words) isTotals(c *columns, cells []string) bool {
	if c.cell(cells, Date) != "" {
		return false
	}
	for _, cell := range cells {
		if cell = fold(cell); cell != "" {
			return slices.ContainsFunc(w.totals, func(word string) bool { return strings.HasPrefix(cell, word) })
		}
	}
	return false
}

// checkTotals compares a row of totals with what came before it. A row that names
// a kind is about that kind alone. Sums are of what is completed; a count may be
// of that or of all lines.
func (p *parser) checkTotals(line int, cells []string, t *Totals, rows int64) {
	p.line = line
	only := -1
	if m, ok := p.w.kinds[fold(p.cols.cell(cells, Kind))]; ok {
		only = int(m)
	}
	said := p.checkSums(cells, t, only)
	if n, at, ok := p.count(cells); ok {
		said = true
		if want := t.count(only); n != want && (only >= 0 || n != rows) {
			p.f.add(Problem{Line: line, Column: letter(at), Code: BadTotals, Found: clip(cells[at]), Rule: Rule{Name: "lines_make", A: strconv.FormatInt(want, 10)}})
		}
	}
	if !said {
		p.f.add(Problem{Line: line, Code: BadTotals, Found: "a line of totals without a sum or a count", Rule: rule("totals_say")})
	}
}

// checkSums compares the sums that the row has.
func (p *parser) checkSums(cells []string, t *Totals, only int) (said bool) {
	for _, f := range []Field{Amount, Debits, Credits} {
		if p.cols.cell(cells, f) == "" {
			continue
		}
		said = true
		p.bad = false
		got, want := p.number(cells, f, p.w.Scale), p.sum(t, f, only)
		if p.bad || len(p.f.problems) > 0 {
			continue // what is wrong above makes the sum wrong too
		}
		if got != want && (f == Amount || max(got, -got) != want) {
			p.problem(f, BadTotals, clip(p.cols.cell(cells, f)), Rule{Name: "lines_make", A: points(want, p.w.Scale)})
		}
	}
	return said
}

// sum is what a column adds up to, with the signs of the layout.
func (p *parser) sum(t *Totals, f Field, only int) (sum int64) {
	for m, v := range t.Amounts {
		out := reconcile.Movement(m) == reconcile.Debit || reconcile.Movement(m) == reconcile.CreditReversal
		switch {
		case only >= 0 && only != m, f == Debits && !out, f == Credits && out:
		case f == Amount && p.w.Sign == SignDebitNegative && out, f == Amount && p.w.Sign == SignDebitPositive && !out:
			sum -= v
		default:
			sum += v
		}
	}
	return sum
}

func (t *Totals) count(only int) (n int64) {
	for m, c := range t.Counts {
		if only < 0 || only == m {
			n += c
		}
	}
	return n
}

// countWords are what may stand around a count.
var countWords = strings.NewReplacer("共", "", "笔", "", "条", "", "行", "", "lines", "", "line", "", "records", "", "rows", "")

// count finds the number of lines: a cell, outside the columns of numbers, that is
// one, alone or with a word.
func (p *parser) count(cells []string) (n int64, at int, ok bool) {
	for i, cell := range cells {
		if p.numberColumn(i) {
			continue
		}
		cell = fold(cell)
		for _, w := range p.w.totals {
			cell = strings.TrimPrefix(cell, w)
		}
		if n, err := strconv.ParseInt(countWords.Replace(cell), 10, 64); err == nil {
			return n, i, true
		}
	}
	return 0, 0, false
}

func (p *parser) numberColumn(i int) bool {
	for _, f := range []Field{Amount, Debits, Credits, Points} {
		if at, ok := p.cols.at[f]; ok && at == i {
			return true
		}
	}
	return false
}
