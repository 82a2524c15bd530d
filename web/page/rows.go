package page

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	chart "github.com/wcharczuk/go-chart/v2"
)

// Rows is a chart of amounts, each a bar of its own row between two ends: from
// zero, or in a waterfall from where the row before ended. The table of the same
// figures belongs beside it, for those who do not see it.
type Rows struct {
	Word string // key of what it shows
	All  []Row
}

// Row is one of them.
type Row struct {
	Label    string
	From, To int64
	Text     string // the amount, written at the bar's end
	Kind     string // "", "sum", "plus", "minus" or "warn": the colour
}

// Waterfall puts changes one after the other, from zero on. A row of the kind
// "sum" stands on zero; its own amount is what the rows before come to.
func Waterfall(word string, changes []Row) Rows {
	at := int64(0)
	all := make([]Row, len(changes))
	for i, c := range changes {
		change := c.To
		if c.From = at; c.Kind == "sum" {
			c.From, c.To = 0, at
		} else {
			at += change // fits: netting added the same
			c.To = at
		}
		if c.Kind == "" {
			c.Kind = map[bool]string{true: "minus", false: "plus"}[change < 0]
		}
		all[i] = c
	}
	return Rows{word, all}
}

// The chart in its own units. The left margin holds the labels, the right one the
// amounts.
const (
	rowsWidth, rowHeight  = 480, 30
	rowsLeft, rowsRight   = 132, 92
	rowsTop, barThickness = 4, 16
)

// draw leaves mapping amounts to places to the library, and the looks to the
// style sheet.
func (c Rows) draw(s *Set, l Language) (template.HTML, error) {
	if len(c.All) == 0 {
		return "", nil
	}
	least, most := int64(0), int64(0)
	for _, r := range c.All {
		least, most = min(least, r.From, r.To), max(most, r.From, r.To)
	}
	if least == most {
		most = 1
	}
	height := len(c.All)*rowHeight + 2*rowsTop
	hidden := chart.Style{Hidden: true}
	graph := chart.Chart{Width: rowsWidth, Height: height,
		Background: chart.Style{ClassName: "chart-ground", Padding: chart.Box{Top: rowsTop, Bottom: rowsTop, Left: rowsLeft, Right: rowsRight}},
		Canvas:     chart.Style{ClassName: "chart-canvas"}, YAxis: chart.YAxis{Style: hidden, Range: &chart.ContinuousRange{Min: 0, Max: 1}},
		XAxis:  chart.XAxis{Style: hidden, Range: &chart.ContinuousRange{Min: float64(least), Max: float64(most)}},
		Series: []chart.Series{rowSeries{c.All}}}
	var b bytes.Buffer
	if err := graph.Render(chart.SVG, &b); err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	label := template.HTMLEscapeString(s.words.Say(l, c.Word))
	head := fmt.Sprintf(`<svg class="chart chart-rows" viewBox="0 0 %d %d" role="img" aria-label="%s">`, rowsWidth, height, label)
	_, drawing, _ := strings.Cut(b.String(), ">")
	return template.HTML(head + ownStyle.ReplaceAllString(drawing, `class="chart-canvas"`)), nil
}

// rowSeries draws the rows on the library's canvas.
type rowSeries struct{ rows []Row }

// GetName implements [chart.Series], as do the next four.
func (rowSeries) GetName() string { return "" }

// GetYAxis puts the rows on the first axis.
func (rowSeries) GetYAxis() chart.YAxisType { return chart.YAxisPrimary }

// GetStyle leaves the style to each row.
func (rowSeries) GetStyle() chart.Style { return chart.Style{} }

// Validate finds nothing wrong: rows are integers.
func (rowSeries) Validate() error { return nil }

// Render draws a bar, its label and its amount for each row, and the line of
// zero.
func (s rowSeries) Render(r chart.Renderer, canvas chart.Box, across, _ chart.Range, _ chart.Style) {
	x := func(n int64) int { return canvas.Left + across.Translate(float64(n)) }
	for i, row := range s.rows {
		top := rowsTop + i*rowHeight + (rowHeight-barThickness)/2
		left, right := min(x(row.From), x(row.To)), max(x(row.From), x(row.To))
		s.path(r, "chart-span chart-"+row.Kind, left, top, max(right, left+1), top+barThickness)
		s.text(r, "chart-label", row.Label, rowsLeft-10, top+barThickness-3)
		s.text(r, "chart-amount", row.Text, right+6, top+barThickness-3)
		if i > 0 && row.Kind != "sum" && row.From != 0 {
			s.path(r, "chart-link", x(row.From), top-rowHeight+barThickness, x(row.From), top)
		}
	}
	s.path(r, "chart-zero", x(0), rowsTop, x(0), rowsTop+len(s.rows)*rowHeight)
}

// path draws a box, or a line when it has no width.
func (rowSeries) path(r chart.Renderer, class string, left, top, right, bottom int) {
	r.ResetStyle()
	r.SetClassName(class)
	r.MoveTo(left, top)
	r.LineTo(right, top)
	r.LineTo(right, bottom)
	r.LineTo(left, bottom)
	r.Close()
	r.FillStroke()
}

func (rowSeries) text(r chart.Renderer, class, text string, x, y int) {
	r.ResetStyle()
	r.SetClassName(class)
	r.Text(template.HTMLEscapeString(text), x, y)
}
