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
	"github.com/pointgrid/pointgrid/web/page/pagetest"
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
	got := w.signedIn("anna.sky").Get("/portal")
	pagetest.Want(t, "overview", got, http.StatusOK, "Sky &lt;Air&gt;", "900 SKYM", "CNY 15.00", "<td>41</td>", `aria-label="What you owe until the next settlement: 0.1 %"`, "Nothing to look after")
}

func TestConversionsAreListedFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		w.convert("sky", 300)
	}
	b := w.signedIn("anna.sky")
	first := b.Get("/portal/conversions")
	pagetest.Want(t, "first page", first, http.StatusOK, "Older")
	if n := strings.Count(first.Body, `data-label="Status"`); n != 25 {
		t.Errorf("first page has %d rows, want 25", n)
	}
	_, rest, _ := strings.Cut(first.Body, `rel="next" href="`)
	next, _, _ := strings.Cut(rest, `"`)
	second := b.Get(strings.ReplaceAll(next, "&amp;", "&"))
	if n := strings.Count(second.Body, `data-label="Status"`); n != 5 {
		t.Errorf("second page has %d rows, want 5", n)
	}
	pagetest.Want(t, "second page", second, http.StatusOK, "To the newest")
	pagetest.Want(t, "a status that none has", b.Get("/portal/conversions?status=failed"), http.StatusOK, "None that fits")
	pagetest.Want(t, "a day before", b.Get("/portal/conversions?day=2020-02-02"), http.StatusOK, "None that fits")
	pagetest.Want(t, "today", b.Get("/portal/conversions?day="+w.clock.Now().UTC().Format(time.DateOnly)), http.StatusOK, "300 SKYM")
	pagetest.Want(t, "what is no day", b.Get("/portal/conversions?day=soon"), http.StatusUnprocessableEntity, "Not a date")
	pagetest.Want(t, "what is no status", b.Get("/portal/conversions?status=<b>&before=x"), http.StatusOK, "300 SKYM")
}

func TestAConversionTellsItsStory(t *testing.T) {
	w := newWorld(t)
	c := w.convert("sky", 600)
	party := exchange.Party{Client: "sky-app", Partner: "sky"}
	_, _, err := w.service.Reverse(t.Context(), party, exchange.ReverseRequest{Conversion: c.ID, Amount: 300, Reason: "<script>alert(1)</script>", Reference: "r-1",
		Idempotency: exchange.Idempotency{Key: "rev", Hash: ledger.Hash{9}}}, time.Minute)
	must(t, err)
	got := w.signedIn("fritz.sky").Get("/portal/conversions/" + c.ID.String())
	pagetest.Want(t, "conversion", got, http.StatusOK, "600 SKYM", "198 EPT", "were debited before", "Recorded on the ledger in window", "A reversal of 300 SKYM was asked for",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "300 SKYM of it were taken back", "pointgrid verify receipt-"+c.ID.String())
	if strings.Contains(got.Body, "<script>alert") {
		t.Error("the reason is not escaped")
	}
}

func TestAReceiptIsDownloadedAsTheLedgerGivesIt(t *testing.T) {
	w := newWorld(t)
	c := w.convert("sky", 600)
	got := w.signedIn("anna.sky").Get("/portal/conversions/" + c.ID.String() + "/receipt")
	if got.Header.Get("Content-Disposition") != `attachment; filename="receipt-`+c.ID.String()+`.json"` {
		t.Errorf("the file is %q", got.Header.Get("Content-Disposition"))
	}
	receipt, err := ledger.ParseReceipt([]byte(got.Body))
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
	pagetest.Want(t, "list", b.Get("/portal/agreements"), http.StatusOK, "In force", "Waits for you", "Version 2, SKYM into EPT")
	got := b.Get("/portal/agreements/" + id.String())
	pagetest.Want(t, "the one offered", got, http.StatusOK, "3 SKYM give 1.25 EPT", "2.00 %, taken from the member", "at most CNY 10,000.00", "30 to 300,000 SKYM",
		"The utility proposed it.", "The other company has not answered.", offered.Hash().String(), "agreement accept "+id.String())
	if n := strings.Count(got.Body, `class="changed"`); n != 2 {
		t.Errorf("%d terms are marked as changed, want rate and fee", n)
	}
}

func TestLimitsShowExposureAgainstItsCap(t *testing.T) {
	w := newWorld(t)
	w.convert("sky", 300_000)
	w.convert("sky", 285_000)
	got := w.signedIn("fritz.sky").Get("/portal/limits")
	pagetest.Want(t, "limits", got, http.StatusOK, "gauge-bad", "97.5 %", "CNY 9,750.00", "CNY 250.00 are left", "1 minute", "No cap")
}

func TestTheQuickStartNamesTheCompanysOwnAddresses(t *testing.T) {
	w := newWorld(t)
	w.convert("shop", 3000)
	b := w.signedIn("sara.shop")
	for _, language := range []string{"curl", "go", "python", "java", "cobol"} {
		pagetest.Want(t, language, b.Get("/portal/quickstart?in="+language), http.StatusOK, w.url, "shop-app", "/keys/shop.pem", "SHOP", "reference")
	}
	pagetest.Want(t, "without a link", w.signedIn("anna.sky").Get("/portal/quickstart"), http.StatusOK, "No member is linked yet")
}

func TestTheClockIsMoved(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	before := w.clock.Now()
	pagetest.Want(t, "an hour", b.Send("/portal/clock", url.Values{"hours": {"1"}}), http.StatusOK, "The clock now says", "on the way: 1")
	if moved := w.clock.Now().Sub(before); moved != time.Hour {
		t.Errorf("moved by %s", moved)
	}
	for _, hours := range []string{"", "0", "-1", "745", "1h", "99999999999999999999"} {
		pagetest.Want(t, hours, b.Send("/portal/clock", url.Values{"hours": {hours}}), http.StatusUnprocessableEntity, "The clock was not moved")
	}
}

func TestPagesAreInTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	b.Header.Set("Accept-Language", "zh-TW, en;q=0.5")
	pagetest.Want(t, "as the browser asks", b.Get("/portal"), http.StatusOK, `lang="zh-CN"`, "概览", "云航")
	got := b.Post("/preferences", url.Values{"lang": {"en"}, "to": {"/portal/limits"}})
	pagetest.Want(t, "as chosen", got, http.StatusOK, `lang="en"`, "Limits and exposure")
	if got.Path != "/portal/limits" {
		t.Errorf("the switch leads to %s", got.Path)
	}
	pagetest.Want(t, "dark", b.Post("/preferences", url.Values{"theme": {"dark"}, "to": {"/portal"}}), http.StatusOK, `media="screen"`)
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "/portal\r\nX: y", ""} {
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if got := b.Post("/preferences", url.Values{"lang": {"zh"}, "to": {to}}).Header.Get("Location"); got != "/" {
			t.Errorf("a switch on %q leads to %q", to, got)
		}
	}
}
