package page

import (
	"fmt"
	"html/template"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// functions are those that templates may use, in a language.
func (s *Set) functions(l Language) template.FuncMap {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).In(s.o.Location) }
	element := func(t time.Time, text string) template.HTML {
		return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(text) + `</time>`)
	}
	return template.FuncMap{
		"t":         func(key string, values ...any) string { return s.words.Say(l, key, values...) },
		"tell":      func(key string, values []any) string { return s.words.Say(l, key, values...) },
		"say":       func(f *Flash) string { return s.words.Say(l, f.Word, f.Pairs()...) },
		"has":       s.words.Has,
		"asset":     s.assets.url,
		"icon":      s.assets.icon,
		"props":     props,
		"amount":    Amount,
		"decimal":   func(millionths int64) string { return Millionths(millionths, 0) },
		"count":     func(n int64) string { return Amount(n, 0) },
		"money":     func(millionths int64) string { return Money(l, millionths) },
		"percent":   Percent,
		"instant":   func(ms int64) template.HTML { return element(at(ms), InstantText(l, at(ms))) },
		"short":     func(ms int64) template.HTML { return element(at(ms), ShortText(l, at(ms))) },
		"moment":    func(ms int64) template.HTML { return element(at(ms), MomentText(l, at(ms))) },
		"date":      func(d ledger.Date) string { return DateText(l, d.In(time.UTC)) },
		"gauge":     func(g Gauge) template.HTML { return g.draw(s, l) },
		"bars":      func(c Bars) (template.HTML, error) { return c.draw(s, l) },
		"rows":      func(c Rows) (template.HTML, error) { return c.draw(s, l) },
		"exact":     func(millionths int64) string { return Exact(l, millionths) },
		"fen":       func(cents int64) string { return Fen(l, cents) },
		"monthname": func(m ledger.Month) string { return MonthText(l, m) },
		"weekday": func(d ledger.Date) string {
			return s.words.Say(l, "weekday."+strconv.Itoa(int(d.In(time.UTC).Weekday())))
		},
		"span": func(d time.Duration) string { return s.words.Span(l, d) },
		"zone": func() string { return s.o.Location.String() },
	}
}

// props makes what a part of a page takes out of pairs of name and value.
func props(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("props: %d values, want pairs of name and value", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("props: %v is not a name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
