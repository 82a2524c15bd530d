package page_test

import (
	"maps"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// Each text colour with what it stands on, and the ratio that WCAG 2.2 wants:
// 4.5 for text (1.4.3), 3 for borders of fields and pictures (1.4.11).
var pairs = []struct {
	front, ground string
	ratio         float64
}{
	{"ink", "paper", 4.5}, {"ink", "card", 4.5}, {"ink", "sunken", 4.5}, {"ink-soft", "paper", 4.5}, {"ink-soft", "card", 4.5}, {"ink-soft", "sunken", 4.5},
	{"brand", "card", 4.5}, {"brand", "paper", 4.5}, {"brand", "sunken", 4.5}, {"brand", "brand-soft", 4.5}, {"brand-strong", "card", 4.5},
	{"on-brand", "brand", 4.5}, {"on-brand", "brand-strong", 4.5}, {"rail-ink", "rail", 4.5}, {"rail-ink", "rail-current", 4.5}, {"rail-mark", "rail", 3},
	{"ok", "ok-soft", 4.5}, {"warn", "warn-soft", 4.5}, {"bad", "bad-soft", 4.5}, {"info", "info-soft", 4.5}, {"mute", "mute-soft", 4.5}, {"bad", "card", 4.5},
	{"on-code", "code", 4.5}, {"line-strong", "card", 3}, {"line-strong", "paper", 3}, {"focus", "card", 3}, {"focus", "paper", 3},
	{"gauge-ok", "card", 3}, {"gauge-warn", "card", 3}, {"gauge-bad", "card", 3},
}

var token = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// themes are the colours by theme; dark.css sets anew what page.css has set.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	colours := map[string]string{}
	for _, sheet := range []string{"page", "dark"} {
		css, err := os.ReadFile("base/assets/" + sheet + ".css")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range token.FindAllSubmatch(css, -1) {
			name := string(c[1])
			if _, light := all["page"][name]; sheet == "dark" && !light {
				t.Errorf("dark.css sets --%s, which page.css does not have", name)
			}
			colours[name] = string(c[2])
		}
		all[sheet] = maps.Clone(colours)
	}
	return all
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(colour, 16, 32)
	if err != nil || colour == "" {
		t.Fatalf("colour %q", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestTextStandsOutFromWhatItStandsOn(t *testing.T) {
	for theme, colours := range themes(t) {
		for _, p := range pairs {
			a, b := luminance(t, colours[p.front]), luminance(t, colours[p.ground])
			if ratio := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); ratio < p.ratio {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", theme, p.front, p.ground, ratio, p.ratio)
			}
		}
	}
}
