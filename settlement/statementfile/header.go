package statementfile

import (
	"fmt"
	"strings"
)

// headerLines is how far down the header may be: some files begin with a title.
const headerLines = 30

// header returns the fields of a row's cells by column, for a row of names.
func (w *words) header(cells []string) map[int]Field {
	found := map[int]Field{}
	for i, c := range cells {
		if len(c) > 4*clipMax {
			continue
		}
		if f, ok := w.columns[fold(strings.TrimPrefix(c, "\ufeff"))]; ok {
			found[i] = f
		}
	}
	return found
}

// columns is where the fields are, and what the header calls them.
type columns struct {
	at   map[Field]int
	name map[Field]string
}

// place makes a row the header if it has all that is needed. Otherwise missing
// says which fields it lacks.
func (w *words) place(line int, cells []string) (c columns, missing []string, twice *Problem) {
	c = columns{at: map[Field]int{}, name: map[Field]string{}}
	found := w.header(cells)
	for i, cell := range cells {
		f, ok := found[i]
		if !ok {
			continue
		}
		if first, taken := c.at[f]; taken {
			twice = &Problem{Line: line, Column: c.name[f], Code: BadForm, Found: "a second column for " + string(f) + ": " + letter(i),
				Rule: Rule{Name: "column_twice", A: letter(first)}}
			continue
		}
		c.at[f], c.name[f] = i, fmt.Sprintf("%s (%s)", strings.TrimSpace(cell), letter(i))
	}
	for _, any := range w.required() {
		if has := func() bool {
			for _, f := range any {
				if _, ok := c.at[f]; ok {
					return true
				}
			}
			return false
		}(); !has {
			missing = append(missing, w.named(any))
		}
	}
	return c, missing, twice
}

// named lists the names that a column could have.
func (w *words) named(fields []Field) string {
	var names []string
	for _, f := range fields {
		own, ok := w.Columns[f]
		if !ok {
			own = usualColumns[f]
		}
		names = append(names, fmt.Sprintf("%s (%s)", f, strings.Join(own, ", ")))
	}
	return strings.Join(names, " or ")
}

// cell returns a field's cell, trimmed; "" when there is no such column.
func (c *columns) cell(cells []string, f Field) string {
	i, ok := c.at[f]
	if !ok || i >= len(cells) {
		return ""
	}
	return strings.TrimSpace(cells[i])
}

// remark reports whether a row holds one cell, and neither date nor amount.
func (p *parser) remark(cells []string) bool {
	filled := 0
	for i, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		if filled++; filled > 1 || p.numberColumn(i) || i == p.cols.at[Date] {
			return false
		}
	}
	return true
}
