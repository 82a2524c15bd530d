package mall_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/partnersim"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// quoted asks for a rate and returns where it is confirmed.
func quoted(t *testing.T, b *pagetest.Browser, from, to, amount string) pagetest.Answer {
	t.Helper()
	got := b.Send("/mall/convert", url.Values{"from": {from}, "to": {to}, "amount": {amount}})
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Path, "/mall/quotes/") {
		t.Fatalf("asking for a rate leads to %d %s\n%s", got.Status, got.Path, got.Body)
	}
	return got
}

func TestElectricityPointsBecomeMiles(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	w.earn("M-1", 1_000, 6)
	membership := a.link(t, "sky", "M-1", 500)
	b := w.signedIn("M-1")
	pagetest.Want(t, "what is asked", b.Get("/mall/convert"), http.StatusOK, "You have 1,000 electricity points", "10 to 50,000 electricity points", "100,000 of 100,000")
	pagetest.Want(t, "what it gives", b.Get("/mall/convert?from=EPT&to=SKY&amount=100"), http.StatusOK,
		"100 electricity points become 247 Sky &lt;Air&gt; points.", "1 electricity point for 2.5 Sky &lt;Air&gt; points", "A fee of 1 electricity point", "rounded down")
	quote := quoted(t, b, "EPT", "SKY", "100")
	pagetest.Want(t, "the question", quote, http.StatusOK, "−100", "+247", `data-countdown="60"`, "Convert now")
	got := b.Send(quote.Path, url.Values{})
	pagetest.Want(t, "the result", got, http.StatusOK, "Done", "Download the proof", "Sky &lt;Air&gt; gave them")
	if balance := a.balance(t, "sky", membership); balance != 747 {
		t.Errorf("the airline has %d for the member, want 747", balance)
	}
	pagetest.Want(t, "home", b.Get("/mall"), http.StatusOK, "900")
	again := b.Send(quote.Path, url.Values{})
	if again.Path != got.Path {
		t.Errorf("the second click leads to %s, the first to %s", again.Path, got.Path)
	}
	pagetest.Want(t, "the list", b.Get("/mall/conversions"), http.StatusOK, "100 electricity points", "247 Sky")
	receipt := b.Get(got.Path + "/receipt")
	var r ledger.Receipt
	must(t, json.Unmarshal([]byte(receipt.Body), &r))
	if r.Transfer.Kind != ledger.KindConvertOut && r.Transfer.Kind != ledger.KindPost || r.VerifyPaths() != nil && !r.Provisional {
		t.Errorf("the proof is of %s: %v", r.Transfer.Kind, r.VerifyPaths())
	}
	other := w.signedIn("M-2")
	for _, path := range []string{got.Path, got.Path + "/receipt"} {
		if got := other.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("another member sees %s: %d", path, got.Status)
		}
	}
}

func TestPointsGoTheOtherWayAndAcross(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	sky, tel := a.link(t, "sky", "M-1", 9_000), a.link(t, "tel", "M-1", 0)
	b := w.signedIn("M-1")
	pagetest.Want(t, "in", b.Send(quoted(t, b, "SKY", "EPT", "3,000").Path, url.Values{}), http.StatusOK, "Done", "3,000", "1,000")
	pagetest.Want(t, "home", b.Get("/mall"), http.StatusOK, "1,000")
	pagetest.Want(t, "across", b.Send(quoted(t, b, "SKY", "TEL", "1200").Path, url.Values{}), http.StatusOK, "Done", "500")
	if s, x := a.balance(t, "sky", sky), a.balance(t, "tel", tel); s != 4_800 || x != 500 {
		t.Errorf("the airline has %d and the telecom %d, want 4800 and 500", s, x)
	}
}

func TestTheLevelsBonusIsSaidBeforePointsAreConverted(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	a.life(w, "M-1")
	a.link(t, "sky", "M-1", 90_000)
	b := w.signedIn("M-1")
	if page := b.Get("/mall/convert?from=SKY&to=EPT&amount=30,000"); strings.Contains(page.Body, "Your level adds") {
		t.Error("the lowest level adds something")
	}
	must(t, a.rewards.Take(t.Context(), []rewards.Event{{ID: "PAY-more", Member: "M-1", Kind: rewards.Prepayment, Channel: "app", OccurredAt: w.clock.Now().UnixMilli(), Amount: 1_000_00}})[0].Err)
	pagetest.Want(t, "in", b.Get("/mall/convert?from=SKY&to=EPT&amount=30,000"), http.StatusOK, "10,000", "Your level adds 100 points")
	pagetest.Want(t, "quote", b.Get(quoted(t, b, "SKY", "EPT", "30,000").Path), http.StatusOK, "Your level adds 100 points")
	if page := b.Get("/mall/convert?from=EPT&to=SKY&amount=100"); strings.Contains(page.Body, "Your level adds") {
		t.Error("the level adds to points that go out")
	}
}

func TestTwoTabsAndDoubleClicksMakeOneConversion(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	w.earn("M-1", 1_000, 6)
	membership := a.link(t, "sky", "M-1", 0)
	b := w.signedIn("M-1")
	quote := quoted(t, b, "EPT", "SKY", "100")
	token, _ := quote.Token()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := b.Do(http.MethodPost, quote.Path, url.Values{"form_token": {token}}); got.Status != http.StatusOK {
				t.Errorf("one of many clicks: %d %s", got.Status, got.Path)
			}
		})
	}
	all.Wait()
	if balance := a.balance(t, "sky", membership); balance != 247 {
		t.Errorf("the airline has %d, want 247", balance)
	}
	found, err := a.exchange.Conversions(t.Context(), exchange.Party{Client: "mall"}, exchange.Filter{Limit: 10})
	must(t, err)
	if len(found) != 1 {
		t.Errorf("%d conversions were made", len(found))
	}
}

func TestWhatIsOffTheAgreementIsExplained(t *testing.T) {
	a := &alliance{share: 5_000}
	w := newWorld(t, withAlliance(a))
	w.earn("M-1", 100_000, 6)
	a.link(t, "sky", "M-1", 0)
	a.link(t, "mart", "M-1", 0)
	b := w.signedIn("M-1")
	pagetest.Want(t, "the level's share", b.Get("/mall/convert?from=EPT&to=SKY"), http.StatusOK, "50,000 of 50,000", "50% of what both companies allow")
	for amount, words := range map[string]string{"105": "multiple of the step", "0": "Please type a number", "5": "less than the least", "60000": "more than can be converted at once",
		"-10": "Please type a number", "1.5": "Please type a number", "abc": "Please type a number", "99999999999999999999": "Please type a number", "1e3": "Please type a number",
		"<script>": "Please type a number"} {
		got := b.Get("/mall/convert?from=EPT&to=SKY&amount=" + url.QueryEscape(amount))
		pagetest.Want(t, amount, got, http.StatusOK, words)
		if strings.Contains(got.Body, "<script>\"") {
			t.Errorf("%s is not escaped", amount)
		}
		pagetest.Want(t, amount+" sent", b.Send("/mall/convert", url.Values{"from": {"EPT"}, "to": {"SKY"}, "amount": {amount}}), http.StatusUnprocessableEntity, words)
	}
	var quotes []string
	for range 3 {
		quotes = append(quotes, quoted(t, b, "EPT", "SKY", "20000").Path)
	}
	for _, path := range quotes[:2] {
		b.Send(path, url.Values{})
	}
	pagetest.Want(t, "what is left", b.Get("/mall/convert?from=EPT&to=SKY"), http.StatusOK, "10,000 of 50,000")
	pagetest.Want(t, "beyond the level", b.Send(quotes[2], url.Values{}), http.StatusUnprocessableEntity, "Nothing was converted", "more than you may convert today")
	pagetest.Want(t, "asked for beyond the level", b.Get("/mall/convert?from=EPT&to=SKY&amount=20000"), http.StatusOK, "more than you may convert today")
	pagetest.Want(t, "a direction that begins there", b.Get("/mall/convert?from=MART&to=EPT"), http.StatusOK, "begin in the app of Lindi Stores")
	pagetest.Want(t, "cents", b.Get("/mall/convert?from=EPT&to=MART&amount=1"), http.StatusOK, "1 electricity point become 1.15 Lindi Stores points.")
}

func TestARateThatExpiredOrAForeignOneIsRefused(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	w.earn("M-1", 1_000, 6)
	membership := a.link(t, "sky", "M-1", 0)
	b := w.signedIn("M-1")
	quote := quoted(t, b, "EPT", "SKY", "100")
	w.clock.Advance(61 * time.Second)
	pagetest.Want(t, "too late", b.Send(quote.Path, url.Values{}), http.StatusUnprocessableEntity, "Nothing was converted", "The rate has expired")
	pagetest.Want(t, "looked at again", b.Get(quote.Path), http.StatusOK, "The rate has expired and nothing was done")
	fresh := quoted(t, b, "EPT", "SKY", "100")
	b.Send(fresh.Path, url.Values{"from": {"1"}, "to": {"1000000"}, "amount": {"1"}}) // forged fields count for nothing
	if balance := a.balance(t, "sky", membership); balance != 247 {
		t.Errorf("the airline has %d, want 247", balance)
	}
	a.link(t, "sky", "M-2", 0)
	w.earn("M-2", 1_000, 6)
	other := w.signedIn("M-2")
	pagetest.Want(t, "a quote that another used", other.Send(fresh.Path, url.Values{}), http.StatusNotFound, "There is no such page")
	partners, err := a.exchange.Quote(t.Context(), exchange.Party{Client: "sky-app", Partner: "sky"}, exchange.QuoteRequest{Source: "SKY", Destination: "EPT", From: 300})
	must(t, err)
	for _, id := range []string{partners.ID.String(), "nonsense", "01900000000070008000000000000000"} {
		if got := b.Get("/mall/quotes/" + id); got.Status != http.StatusNotFound {
			t.Errorf("the quote %s: %d", id, got.Status)
		}
	}
	if got := b.Do(http.MethodPost, fresh.Path, url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("without the form's token: %d", got.Status)
	}
}

func TestWithoutPointsOrALinkNothingMovesAndThePageSaysWhy(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	b := w.signedIn("M-1")
	pagetest.Want(t, "nobody is linked", b.Get("/mall/convert"), http.StatusOK, "No partner account yet", "Link a partner account")
	a.link(t, "sky", "M-1", 0)
	got := b.Send("/mall/convert", url.Values{"from": {"EPT"}, "to": {"SKY"}, "amount": {"100"}})
	pagetest.Want(t, "no points", got, http.StatusUnprocessableEntity, "don&#39;t have enough points")
	w.earn("M-1", 120, 1)
	first, second := quoted(t, b, "EPT", "SKY", "100"), quoted(t, b, "EPT", "SKY", "100")
	pagetest.Want(t, "enough for one", b.Send(first.Path, url.Values{}), http.StatusOK, "Done")
	pagetest.Want(t, "spent meanwhile", settled(t, b, b.Send(second.Path, url.Values{})), http.StatusOK, "Not converted, and nothing lost", "don&#39;t have enough points")
	w.earn("M-1", 100, 1)
	got = b.Send(quoted(t, b, "SKY", "EPT", "600").Path, url.Values{})
	pagetest.Want(t, "no miles", settled(t, b, got), http.StatusOK, "Not converted, and nothing lost", "don&#39;t have enough points")
	quote := quoted(t, b, "EPT", "SKY", "100")
	b.Send("/mall/partners/sky/unlink", url.Values{})
	pagetest.Want(t, "unlinked meanwhile", b.Send(quote.Path, url.Values{}), http.StatusUnprocessableEntity, "link your partner account first")
}

var refresh = regexp.MustCompile(`http-equiv="refresh" content="\d+;url=([^"]+)"`)

// settled asks again, as the page does by itself, until the conversion has ended.
func settled(t *testing.T, b *pagetest.Browser, got pagetest.Answer) pagetest.Answer {
	t.Helper()
	for range 100 {
		next := refresh.FindStringSubmatch(got.Body)
		if next == nil {
			return got
		}
		time.Sleep(50 * time.Millisecond)
		got = b.Get(next[1])
	}
	t.Fatal("it goes on and on")
	return got
}

func TestAPartnerThatHangsLosesNothing(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	w.earn("M-1", 1_000, 6)
	membership := a.link(t, "sky", "M-1", 0)
	must(t, a.hosts["sky"].Faults().Add(partnersim.Fault{Verb: partnersim.AnyVerb, Kind: partnersim.FaultHang}))
	b := w.signedIn("M-1")
	got := b.Send(quoted(t, b, "EPT", "SKY", "100").Path, url.Values{})
	pagetest.Want(t, "meanwhile", got, http.StatusOK, "Under way", `http-equiv="refresh"`)
	pagetest.Want(t, "what is set aside", b.Get("/mall"), http.StatusOK, "And 100 set aside")
	a.hosts["sky"].Faults().Clear()
	w.clock.Advance(2 * time.Second)
	ended := settled(t, b, got)
	if balance := a.balance(t, "sky", membership); strings.Contains(ended.Body, "nothing lost") != (balance == 0) || balance != 0 && balance != 247 {
		t.Errorf("the airline has %d and the page says\n%s", balance, ended.Body)
	}
}
