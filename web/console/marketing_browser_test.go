package console_test

import (
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// TestMarketingsViewInABrowser walks through marketing's pages in a real browser: on
// a desk and on a phone, in both languages, in the light and in the dark.
func TestMarketingsViewInABrowser(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) {
			w := newWorld(t)
			w.busy()
			staff := w.office(t, chrome, look, "marketing", "/console/marketing")
			staff.Look("m1-overview")
			staff.Follow("a[href*='/marketing/channels']")
			staff.Look("m2-channels")
			staff.open("/console/marketing/members", "m3-members")
			staff.open("/console/marketing/spending", "m4-spending")
			staff.open("/console/marketing/conversions", "m5-conversions")
			staff.open("/console/marketing/rules", "m6-rules")
			staff.Follow("a[href*='preview=prepayment.2']")
			staff.Look("m7-rules-tried")
			staff.open("/console/marketing?from=2026-01-01&to=2026-11-22", "m8-a-year")
			staff.open("/console/marketing/spending?from=2020-01-01&to=2020-01-02", "m9-nothing")
			staff.open("/console/marketing?from=2026-11-22&to=2026-11-01", "m10-no-period")
			if text := staff.Text("nav"); strings.Contains(text, "Payments") || strings.Contains(text, "付款") {
				t.Errorf("marketing is led to payments: %s", text)
			}
		})
	}
}
