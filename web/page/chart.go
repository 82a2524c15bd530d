package page

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	chart "github.com/wcharczuk/go-chart/v2"
)

// Bars is a chart of counts, one bar for each of a few days or things. The table
// of the same figures belongs beside it, for those who do not see it.
type Bars struct {
	Word string // key of what it shows
	All  []Bar
}

// Bar is one of them.
type Bar struct {
	Label string
	Count int64
}

// The chart is drawn small, so that its words can be read on a phone.
const barsWidth, barsHeight = 560, 240

// draw leaves the geometry to the library and the looks to the style sheet: with
// class names it writes no style attributes, which our policy forbids.
func (c Bars) draw(s *Set, l Language) (template.HTML, error) {
	values := make([]chart.Value, len(c.All))
	var most int64
	for i, b := range c.All {
		values[i] = chart.Value{Value: float64(b.Count), Label: template.HTMLEscapeString(b.Label), Style: chart.Style{ClassName: "chart-bar"}}
		most = max(most, b.Count)
	}
	if len(values) == 0 {
		return "", nil
	}
	graph := chart.BarChart{Width: barsWidth, Height: barsHeight, Bars: values, BarWidth: barWidth(len(values)), BarSpacing: barWidth(len(values)) / 2,
		Background: chart.Style{ClassName: "chart-ground", Padding: chart.Box{Top: 14, Left: 8, Right: 36, Bottom: 20}},
		Canvas:     chart.Style{ClassName: "chart-canvas"}, XAxis: chart.Style{ClassName: "chart-axis", FontSize: 8},
		YAxis: chart.YAxis{Style: chart.Style{ClassName: "chart-axis", FontSize: 8}, Range: &chart.ContinuousRange{Min: 0, Max: float64(ceiling(most))},
			ValueFormatter: func(v any) string { return Amount(int64(v.(float64)), 0) }, Ticks: ticks(ceiling(most))}}
	var b bytes.Buffer
	if err := graph.Render(chart.SVG, &b); err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	label := template.HTMLEscapeString(s.words.Say(l, c.Word))
	head := fmt.Sprintf(`<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">`, barsWidth, barsHeight, label)
	_, drawing, _ := strings.Cut(b.String(), ">")
	return template.HTML(head + ownStyle.ReplaceAllString(drawing, `class="chart-grid"`)), nil
}

// ownStyle is what the library writes where it knows no class name: on the lines
// of the grid.
var ownStyle = regexp.MustCompile(`style="[^"]*"`)

// barWidth leaves a third between two bars, and room for the axis.
func barWidth(n int) int { return max(4, (barsWidth-60)*2/(3*n+1)) }

// ceiling is a round number, at least n and 4, that four parts divide.
func ceiling(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, c := range [...]int64{4, 8, 12, 20} {
			if n <= c*unit || unit > 1<<58/20 {
				return c * unit
			}
		}
	}
}

func ticks(top int64) []chart.Tick {
	var all []chart.Tick
	for i := int64(0); i <= 4; i++ {
		v := top / 4 * i
		all = append(all, chart.Tick{Value: float64(v), Label: Amount(v, 0)})
	}
	return all
}
