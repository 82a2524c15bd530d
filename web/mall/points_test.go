package mall_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// life gives a member a bit of everything.
func (a *alliance) life(w *world, member string) {
	t := w.t
	ctx := context.Background()
	_, err := a.rewards.Register(ctx, []string{member})
	must(t, err)
	terms := rewards.Terms{Code: "prepayment", Name: "Prepayment", Kind: rewards.Prepayment, From: w.clock.Now().Add(time.Minute).UnixMilli(), LotMonths: 24,
		Steps: []rewards.Step{{From: 0, PerYuan: 10_000}}, Channels: map[rewards.Channel]rewards.Ratio{"app": 15_000}}
	rule, err := a.rewards.Propose(ctx, "maker", terms)
	must(t, err)
	_, err = a.rewards.Approve(ctx, "checker", rule.ID())
	must(t, err)
	w.clock.Advance(2 * time.Minute)
	must(t, a.rewards.Start(ctx))
	w.t.Cleanup(a.rewards.Close)
	for i, amount := range []int64{200_00, 1_000_00, 55_00} {
		o := a.rewards.Take(ctx, []rewards.Event{{ID: fmt.Sprintf("PAY-%s-%d", member, i), Member: member, Kind: rewards.Prepayment, Channel: "app", OccurredAt: w.clock.Now().UnixMilli(), Amount: amount}})
		must(t, o[0].Err)
		w.clock.Advance(time.Hour)
	}
	must(t, a.rewards.Cancel(ctx, "PAY-"+member+"-2", "payment returned").Err)
	w.clock.Advance(time.Hour)
	hold := w.give(utility, &ledger.Hold{Account: w.account(member), Amount: 300, To: "mall-bill", Reason: "mall bill-10"})
	w.give(utility, &ledger.Void{Hold: hold, Account: w.account(member), Reason: "cancelled"})
	hold = w.give(utility, &ledger.Hold{Account: w.account(member), Amount: 250, To: "mall-goods", Reason: "mall lamp"})
	w.give(utility, &ledger.Post{Hold: hold, Account: w.account(member)})
}

func TestHistorySaysWhatHappenedAndTheBalanceRunsWithIt(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	a.life(w, "M-1")
	a.link(t, "sky", "M-1", 900)
	b := w.signedIn("M-1")
	b.Send(quoted(t, b, "SKY", "EPT", "900").Path, url.Values{})
	b.Send(quoted(t, b, "EPT", "SKY", "100").Path, url.Values{})
	a.follow(t)
	got := b.Get("/mall/points")
	pagetest.Want(t, "points", got, http.StatusOK, "1,750", "November 2028", "Prepayment", "in the app", "Points taken back", "the payment was returned", "Order of goods",
		"Electricity bill credit", "Points given back", "Converted from Sky &lt;Air&gt;", "for 900 Sky", "Converted to Sky &lt;Air&gt;", "for 247 Sky")
	pagetest.Want(t, "home", b.Get("/mall"), http.StatusOK, "Converted to Sky", "Standard", "Earn")
	var balances []string
	for _, found := range regexp.MustCompile(`Balance </span>([0-9,]+)<`).FindAllStringSubmatch(got.Body, -1) {
		balances = append(balances, found[1])
	}
	if text := strings.Join(balances, " "); text != "1,750 1,850 1,550 1,800 1,500 1,800 1,882 1,800 300" {
		t.Errorf("the running balances are %s", text)
	}
}

func TestHistoryIsPagedAndAForgedPlaceIsTheFirstPage(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	for i := range int64(75) {
		w.earn("M-1", i+1, 6)
	}
	a.follow(t)
	b := w.signedIn("M-1")
	next := regexp.MustCompile(`rel="next" href="([^"#]+)`)
	seen, path := 0, "/mall/points"
	last := ""
	for path != "" {
		got := b.Get(path)
		pagetest.Want(t, path, got, http.StatusOK)
		seen += strings.Count(got.Body, `class="move-amount`)
		last = got.Body
		path = ""
		if link := next.FindStringSubmatch(got.Body); link != nil {
			path = link[1]
		}
		if seen == 30 {
			w.earn("M-1", 1_000_000, 6) // meanwhile
			a.follow(t)
			forged := strings.Replace(path, ".", ".9", 1)
			if got := b.Get(forged); !strings.Contains(got.Body, "1,002,850") {
				t.Error("a forged place is not the first page")
			}
			if got := w.signedIn("M-2").Get(path); strings.Contains(got.Body, "move-amount") {
				t.Error("a place of another member's shows something")
			}
		}
	}
	if seen != 75 || !strings.Contains(last, `Balance </span>1</small>`) {
		t.Errorf("%d entries were seen, the last page is\n%s", seen, last)
	}
}

func TestAnEntryHasItsProofAndNobodyElseSeesIt(t *testing.T) {
	a := &alliance{}
	w := newWorld(t, withAlliance(a))
	a.life(w, "M-1")
	a.follow(t)
	b := w.signedIn("M-1")
	links := regexp.MustCompile(`/mall/points/([0-9a-f-]{36})"`).FindAllStringSubmatch(b.Get("/mall/points").Body, -1)
	id := links[len(links)-1][1]
	pagetest.Want(t, "while it is not signed", b.Get("/mall/points/"+id), http.StatusOK, "Being signed", "PAY-M-1-0", "CNY 200.00", "1 points per yuan", "channel factor 1.5", "prepayment, version 1")
	w.give(utility, &ledger.Checkpoint{})
	pagetest.Want(t, "signed", b.Get("/mall/points/"+id), http.StatusOK, "Can be verified", "pointgrid verify receipt-"+id+".json")
	file := b.Get("/mall/points/" + id + "/receipt")
	var r ledger.Receipt
	must(t, json.Unmarshal([]byte(file.Body), &r))
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	if err := r.Verify(map[string]ed25519.PublicKey{"test": key}); err != nil || !strings.Contains(file.Header.Get("Content-Disposition"), "receipt-"+id) {
		t.Errorf("the proof does not hold: %v", err)
	}
	if parsed, err := ledger.ParseReceipt([]byte(file.Body)); err != nil || parsed.Transfer.ID.String() != id {
		t.Errorf("the file is not what pointgrid verify reads: %v", err)
	}
	for _, path := range []string{"/mall/points/" + id, "/mall/points/" + id + "/receipt"} {
		pagetest.Want(t, "of another member", w.signedIn("M-2").Get(path), http.StatusNotFound, "no such page")
	}
	for _, path := range []string{"/mall/points/nonsense", "/mall/points/01900000-0000-7000-8000-000000000000"} {
		pagetest.Want(t, path, b.Get(path), http.StatusNotFound, "no such page")
	}
}

func TestAFrozenAccountAndADebtAreSaid(t *testing.T) {
	w := newWorld(t)
	id := w.earn("M-1", 100, 3)
	w.give(utility, &ledger.Hold{Account: w.account("M-1"), Amount: 40, To: "mall-goods"})
	w.give(utility, &ledger.TakeBack{Original: id, Account: w.account("M-1"), Reason: "cancelled event=PAY-1"})
	w.give(utility, &ledger.Freeze{Account: w.account("M-1"), Frozen: true, Reason: "stolen phone"})
	got := w.signedIn("M-1").Get("/mall")
	pagetest.Want(t, "home", got, http.StatusOK, "Your points are frozen", "And 40 to make up for", "And 40 set aside")
	if strings.Contains(got.Body, "stolen phone") {
		t.Error("the staff's reason is shown")
	}
}

func TestNoPageIsHeavy(t *testing.T) {
	const most = 100 << 10
	a := &alliance{}
	w := newWorld(t, withAlliance(a), withDoor(&door{}))
	a.life(w, "M-1")
	a.link(t, "sky", "M-1", 900)
	for range 60 {
		w.earn("M-1", 7, 6)
	}
	a.follow(t)
	b := w.signedIn("M-1")
	files := 0
	home := b.Get("/mall")
	for _, link := range regexp.MustCompile(`(?:href|src)="(/assets/[^"]+\.(?:css|js))"`).FindAllStringSubmatch(home.Body, -1) {
		r, err := http.NewRequest(http.MethodGet, w.url+link[1], nil)
		must(t, err)
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		files += int(resp.ContentLength)
		must(t, resp.Body.Close())
	}
	for _, path := range []string{"/mall", "/mall/me", "/mall/points", "/mall/partners", "/mall/partners/sky", "/mall/convert?from=EPT&to=SKY&amount=100", "/mall/conversions"} {
		got := b.Get(path)
		if weight := len(got.Body) + files; weight > most {
			t.Errorf("%s weighs %d bytes with style and script, at most %d", path, weight, most)
		} else {
			t.Logf("%s: %d bytes, with style and script %d", path, len(got.Body), weight)
		}
	}
}

func TestWithoutWhatIsBehindThereAreNoPages(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	for _, path := range []string{"/mall/convert", "/mall/partners", "/mall/conversions"} {
		if got := b.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if got := b.Get(mall.Area); strings.Contains(got.Body, "/mall/convert") {
		t.Error("home leads to a page that is not there")
	}
	pagetest.Want(t, "points", b.Get("/mall/points"), http.StatusOK, "No points yet")
}
