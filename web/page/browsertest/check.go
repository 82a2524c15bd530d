package browsertest

import (
	_ "embed"
	"strings"

	"github.com/chromedp/chromedp"
)

// weightMax is what a page may weigh without pictures, in bytes as they travel.
const weightMax = 100 << 10

//go:embed check.js
var ownChecks string

// serious runs axe-core and returns what matters.
const serious = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
	.filter(v => v.impact === "serious" || v.impact === "critical" || v.impact === "moderate")
	.map(v => "axe: " + v.id + " (" + v.impact + "): " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " [" + (n.any[0] ? n.any[0].message : "") + "]").join(" | ")))`

func (b *Tab) check(name string) {
	b.t.Helper()
	found := ask(b, chromedp.Evaluate[[]string](ownChecks))
	if b.axe != "" {
		ask(b, chromedp.Evaluate[int](b.axe+";0"))
		found = append(found, ask(b, chromedp.Evaluate[[]string](serious, chromedp.EvalAwaitPromise))...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	found = append(found, b.errors...)
	b.errors = nil
	if len(found) > 0 {
		b.t.Errorf("%s, %s:\n  %s", b.look.Name, name, strings.Join(found, "\n  "))
	}
	if b.weight > weightMax {
		b.t.Errorf("%s, %s: weighs %.0f bytes without pictures, at most %d", b.look.Name, name, b.weight, weightMax)
	}
}
