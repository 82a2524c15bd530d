package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Gauge shows how much of a bound is used, as a half circle with marks.
type Gauge struct {
	Used, Cap int64
	Marks     []int64 // in permille of Cap; from the first on the gauge warns, from the last on it alarms
	Word      string  // key of what it shows, for those who do not see it
}

// Text is how much is used. What is there is never shown as nothing.
func (g Gauge) Text() string {
	if p := Permille(g.Used, g.Cap); p > 0 || g.Used <= 0 {
		return Percent(p)
	}
	return "< " + Percent(1)
}

// Level is "ok", "warn" or "bad".
func (g Gauge) Level() string {
	p := Permille(g.Used, g.Cap)
	switch n := len(g.Marks); {
	case n > 0 && p >= g.Marks[n-1]:
		return "bad"
	case n > 0 && p >= g.Marks[0]:
		return "warn"
	}
	return "ok"
}

// The picture: a half circle around the middle of its lower edge.
const (
	gaugeWidth, gaugeHeight = 200, 112
	gaugeX, gaugeY          = 100.0, 100.0
	gaugeRadius             = 82.0
)

// point is on a circle at a part of a thousand from left to right. Nothing that
// is drawn is ever computed with again, so it need not be exact.
func point(permille int64, radius float64) (x, y float64) {
	angle := math.Pi * (1 - float64(permille)/1000)
	return gaugeX + radius*math.Cos(angle), gaugeY - radius*math.Sin(angle)
}

func arc(from, to int64) string {
	x1, y1 := point(from, gaugeRadius)
	x2, y2 := point(to, gaugeRadius)
	return fmt.Sprintf("M%.1f %.1fA%.0f %.0f 0 0 1 %.1f %.1f", x1, y1, gaugeRadius, gaugeRadius, x2, y2)
}

func (g Gauge) draw(s *Set, l Language) template.HTML {
	p := Permille(g.Used, g.Cap)
	text := template.HTMLEscapeString(g.Text())
	label := template.HTMLEscapeString(s.words.Say(l, g.Word)) + ": " + text
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="gauge gauge-%s" viewBox="0 0 %d %d" role="img" aria-label="%s"><path class="gauge-track" d="%s"/>`,
		g.Level(), gaugeWidth, gaugeHeight, label, arc(0, 1000))
	if g.Used > 0 {
		fmt.Fprintf(&b, `<path class="gauge-value" d="%s"/>`, arc(0, max(p, 8)))
	}
	for _, m := range g.Marks {
		x1, y1 := point(m, gaugeRadius-11)
		x2, y2 := point(m, gaugeRadius+11)
		fmt.Fprintf(&b, `<path class="gauge-mark" d="M%.1f %.1fL%.1f %.1f"/>`, x1, y1, x2, y2)
	}
	fmt.Fprintf(&b, `<text class="gauge-text" x="%.0f" y="%.0f">%s</text></svg>`, gaugeX, gaugeY-10, text)
	return template.HTML(b.String())
}
