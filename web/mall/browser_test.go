package mall_test

import (
	"fmt"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// TestAMembersDay is what a member does on a phone, from signing in to signing out, in
// a real browser: on a phone and on a desk, in both languages, in the light and in
// the dark.
func TestAMembersDay(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) { day(t, chrome, look) })
	}
}

// visitor is a tab of a member.
type visitor struct {
	*browsertest.Tab
	testing.TB
	url string
}

func (v visitor) open(path, name string) { v.Go(v.url+path, name) }

// follow and click first bring what is clicked on to where the tab bar does not cover
// it, as a thumb would.
func (v visitor) follow(selector string) { v.show(selector); v.Follow(selector) }
func (v visitor) click(selector string)  { v.show(selector); v.Click(selector) }

func (v visitor) show(selector string) {
	v.Value(fmt.Sprintf(`document.querySelector(%q).scrollIntoView({block: "center"}), ""`, selector))
}

func (v visitor) at(path string) {
	v.Helper()
	if got := v.Path(); got != path {
		v.Fatalf("the browser is at %s, want %s", got, path)
	}
}

func day(t *testing.T, chrome *browsertest.Browser, look browsertest.Look) {
	a, d := &alliance{share: 5_000}, &door{}
	w := newWorld(t, withAlliance(a), withDoor(d))
	a.life(w, "M-1")
	w.earn("M-1", 88, 0)
	a.join(t, "sky", "SKY-000001", 12_000)
	a.join(t, "mart", "MART-20260001", 12_345)
	w.give(utility, &ledger.Checkpoint{})
	a.follow(t)
	v := visitor{chrome.Open(t, look), t, w.url}

	v.open("/mall/points", "01-sign-in")
	v.follow("a[href*='/sign-in/start']")
	v.Look("02-provider")
	v.follow("a[href*='member=M-1']")
	v.at("/mall/points")
	v.Look("03-points")
	v.open("/mall", "04-home")
	v.follow(".moves li:last-child a")
	v.Look("05-entry")
	v.click(".card details summary")
	v.Look("05b-entry-open")
	v.open("/mall/convert", "06-convert-nobody")
	v.open("/mall/partners", "07-partners")
	v.follow("a[href='/mall/partners/sky']")
	v.Look("08-link")
	v.Type("#membership", "SKY-404")
	v.click("input[name=consent]")
	v.follow("form[action='/mall/partners/sky'] button")
	v.Look("09-link-refused")
	v.Type("#membership", "SKY-000001")
	v.click("input[name=consent]")
	v.follow("form[action='/mall/partners/sky'] button")
	v.Look("10-linked")
	v.open("/mall/partners/sky", "11-partner")
	v.open("/mall/partners/mart", "12-link-mart")
	v.Type("#membership", "MART-20260001")
	v.click("input[name=consent]")
	v.follow("form[action='/mall/partners/mart'] button")

	v.open("/mall/convert?to=SKY", "13-convert")
	v.Type("#amount", "105")
	v.WaitFor("#outcome .message")
	v.Look("14-off-step")
	v.Type("#amount", "120")
	v.WaitFor("#outcome .outcome")
	v.Look("15-live")
	v.follow("#outcome form button")
	v.Look("16-quote")
	v.follow("form[action^='/mall/quotes/'] button")
	v.Look("17-converted")
	v.open("/mall/convert?from=SKY&to=EPT&amount=900", "18-in")
	v.follow("#outcome form button")
	v.follow("form[action^='/mall/quotes/'] button")
	v.open("/mall/convert?from=EPT&to=SKY&amount=40000", "19-too-much")
	v.open("/mall/convert?from=SKY&to=EPT&amount=90000", "19b-more-than-there-is")
	v.follow("#outcome form button")
	v.follow("form[action^='/mall/quotes/'] button")
	v.Look("20-refused")
	v.open("/mall/conversions", "21-conversions")
	a.follow(t)
	v.open("/mall", "22-home")
	v.open("/mall/points", "23-points")
	v.open("/mall/me", "24-me")
	v.open("/mall/nowhere", "25-not-found")
	v.open("/mall/me", "26-me-again")
	v.follow("form[action='/mall/sign-out'] button")
	v.at("/mall/signed-out")
	v.Look("27-signed-out")
}
