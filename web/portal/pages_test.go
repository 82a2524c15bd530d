package portal_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

func pages(t testing.TB, logger *slog.Logger) *page.Set {
	t.Helper()
	s, err := page.New(page.Options{Families: []page.Family{entrance.Family(), portal.Family()}, Location: time.UTC, Logger: logger})
	must(t, err)
	return s
}

func TestTheOverviewShowsTodayAndTheDaysBefore(t *testing.T) {
	w := newWorld(t)
	w.convert("sky", 300)
	w.convert("sky", 600)
	got := w.signedIn("anna.sky").get("/portal")
	want(t, "overview", got, http.StatusOK, "Sky &lt;Air&gt;", "900 SKYM", "CNY 15.00", "<td>41</td>", `aria-label="What you owe until the next settlement: 0.1 %"`, "Nothing to look after")
}

func TestConversionsAreListedFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		w.convert("sky", 300)
	}
	b := w.signedIn("anna.sky")
	first := b.get("/portal/conversions")
	want(t, "first page", first, http.StatusOK, "Older")
	if n := strings.Count(first.body, `data-label="Status"`); n != 25 {
		t.Errorf("first page has %d rows, want 25", n)
	}
	_, rest, _ := strings.Cut(first.body, `rel="next" href="`)
	next, _, _ := strings.Cut(rest, `"`)
	second := b.get(strings.ReplaceAll(next, "&amp;", "&"))
	if n := strings.Count(second.body, `data-label="Status"`); n != 5 {
		t.Errorf("second page has %d rows, want 5", n)
	}
	want(t, "second page", second, http.StatusOK, "To the newest")
	want(t, "a status that none has", b.get("/portal/conversions?status=failed"), http.StatusOK, "None that fits")
	want(t, "a day before", b.get("/portal/conversions?day=2020-02-02"), http.StatusOK, "None that fits")
	want(t, "today", b.get("/portal/conversions?day="+w.clock.Now().UTC().Format(time.DateOnly)), http.StatusOK, "300 SKYM")
	want(t, "what is no day", b.get("/portal/conversions?day=soon"), http.StatusUnprocessableEntity, "Not a date")
	want(t, "what is no status", b.get("/portal/conversions?status=<b>&before=x"), http.StatusOK, "300 SKYM")
}

func TestAConversionTellsItsStory(t *testing.T) {
	w := newWorld(t)
	c := w.convert("sky", 600)
	party := exchange.Party{Client: "sky-app", Partner: "sky"}
	_, _, err := w.service.Reverse(t.Context(), party, exchange.ReverseRequest{Conversion: c.ID, Amount: 300, Reason: "<script>alert(1)</script>", Reference: "r-1",
		Idempotency: exchange.Idempotency{Key: "rev", Hash: ledger.Hash{9}}}, time.Minute)
	must(t, err)
	got := w.signedIn("fritz.sky").get("/portal/conversions/" + c.ID.String())
	want(t, "conversion", got, http.StatusOK, "600 SKYM", "198 EPT", "were debited before", "Recorded on the ledger in window", "A reversal of 300 SKYM was asked for",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "300 SKYM of it were taken back", "pointgrid verify receipt-"+c.ID.String())
	if strings.Contains(got.body, "<script>alert") {
		t.Error("the reason is not escaped")
	}
}

func TestAReceiptIsDownloadedAsTheLedgerGivesIt(t *testing.T) {
	w := newWorld(t)
	c := w.convert("sky", 600)
	got := w.signedIn("anna.sky").get("/portal/conversions/" + c.ID.String() + "/receipt")
	if got.header.Get("Content-Disposition") != `attachment; filename="receipt-`+c.ID.String()+`.json"` {
		t.Errorf("the file is %q", got.header.Get("Content-Disposition"))
	}
	receipt, err := ledger.ParseReceipt([]byte(got.body))
	must(t, err)
	if receipt.Transfer.ID != c.ID {
		t.Errorf("it is of %s", receipt.Transfer.ID)
	}
}

func TestAgreementsShowTheirHistoryAndWhatChanged(t *testing.T) {
	w := newWorld(t)
	offered := terms(companies[0], ledger.In, 2)
	offered.Rate.ToUnits = 1_250_000
	id := w.give(gateway, &ledger.ProposeAgreement{Terms: offered})
	b := w.signedIn("fritz.sky")
	want(t, "list", b.get("/portal/agreements"), http.StatusOK, "In force", "Waits for you", "Version 2, SKYM into EPT")
	got := b.get("/portal/agreements/" + id.String())
	want(t, "the one offered", got, http.StatusOK, "3 SKYM give 1.25 EPT", "2.00 %, taken from the member", "at most CNY 10,000.00", "30 to 300,000 SKYM",
		"The utility proposed it.", "The other company has not answered.", offered.Hash().String(), "agreement accept "+id.String())
	if n := strings.Count(got.body, `class="changed"`); n != 2 {
		t.Errorf("%d terms are marked as changed, want rate and fee", n)
	}
}

func TestLimitsShowExposureAgainstItsCap(t *testing.T) {
	w := newWorld(t)
	w.convert("sky", 300_000)
	w.convert("sky", 285_000)
	got := w.signedIn("fritz.sky").get("/portal/limits")
	want(t, "limits", got, http.StatusOK, "gauge-bad", "97.5 %", "CNY 9,750.00", "CNY 250.00 are left", "1 minute", "No cap")
}

func TestTheQuickStartNamesTheCompanysOwnAddresses(t *testing.T) {
	w := newWorld(t)
	w.convert("shop", 3000)
	b := w.signedIn("sara.shop")
	for _, language := range []string{"curl", "go", "python", "java", "cobol"} {
		want(t, language, b.get("/portal/quickstart?in="+language), http.StatusOK, w.url, "shop-app", "/keys/shop.pem", "SHOP", "reference")
	}
	want(t, "without a link", w.signedIn("anna.sky").get("/portal/quickstart"), http.StatusOK, "No member is linked yet")
}

func TestTheClockIsMoved(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	before := w.clock.Now()
	want(t, "an hour", b.send("/portal/clock", url.Values{"hours": {"1"}}), http.StatusOK, "The clock now says", "on the way: 1")
	if moved := w.clock.Now().Sub(before); moved != time.Hour {
		t.Errorf("moved by %s", moved)
	}
	for _, hours := range []string{"", "0", "-1", "745", "1h", "99999999999999999999"} {
		want(t, hours, b.send("/portal/clock", url.Values{"hours": {hours}}), http.StatusUnprocessableEntity, "The clock was not moved")
	}
}

func TestPagesAreInTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	b.header.Set("Accept-Language", "zh-TW, en;q=0.5")
	want(t, "as the browser asks", b.get("/portal"), http.StatusOK, `lang="zh-CN"`, "概览", "云航")
	got := b.post("/preferences", url.Values{"lang": {"en"}, "to": {"/portal/limits"}})
	want(t, "as chosen", got, http.StatusOK, `lang="en"`, "Limits and exposure")
	if got.path != "/portal/limits" {
		t.Errorf("the switch leads to %s", got.path)
	}
	want(t, "dark", b.post("/preferences", url.Values{"theme": {"dark"}, "to": {"/portal"}}), http.StatusOK, `media="screen"`)
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "/portal\r\nX: y", ""} {
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if got := b.post("/preferences", url.Values{"lang": {"zh"}, "to": {to}}).header.Get("Location"); got != "/" {
			t.Errorf("a switch on %q leads to %q", to, got)
		}
	}
}
