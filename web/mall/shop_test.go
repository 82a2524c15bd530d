package mall_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	shop "github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
)

func TestShelvesShowElectricityFirstAndWhatOthersPay(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	w.rich(1, 5_000)
	w.rich(7, 5_000)
	one, gold := w.signedIn("M-1"), w.signedIn("M-7")
	page := one.get("/mall/shelves")
	want(t, "shelves", page, http.StatusOK, "Electricity first", "Product bill", "points count 1.2×", "1,000", "Sold out", "Sky Air", "only 3 left", "or fewer points and cash", "/mall/pictures/bill-credit.")
	if strings.Index(page.body, "Product bill") > strings.Index(page.body, "Product lamp") {
		t.Error("electricity's own does not come first")
	}
	if strings.Contains(page.body, "Product piano") || strings.Contains(page.body, "Your tier") {
		t.Error("somebody without a tier sees the exclusive shelf, or a price of a tier")
	}
	want(t, "gold's shelves", gold.get("/mall/shelves"), http.StatusOK, "Product piano", "Your tier&#39;s price", ">400<")
	want(t, "the exclusive shelf", gold.get("/mall/shelves?shelf=exclusive"), http.StatusOK, "Product piano")
	want(t, "the exclusive shelf, shut", one.get("/mall/shelves?shelf=exclusive"), http.StatusOK, "opens with a higher tier")
	want(t, "an exclusive product", one.get("/mall/products/piano"), http.StatusNotFound)
	for query, there := range map[string]bool{"?q=lamp": true, "?q=%E5%95%86%E5%93%81": true, "?category=home": true, "?category=electricity": false, "?q=nothing": false, "?q=%3Cscript%3E": false} {
		if got := one.get("/mall/shelves" + query); got.status != http.StatusOK || strings.Contains(got.body, "Product lamp") != there || strings.Contains(got.body, "<script>") {
			t.Errorf("%s: %d, or the lamp is there %v", query, got.status, !there)
		}
	}
	for _, query := range []string{"?after=x", "?shelf=secret", "?after=999999999.x", "?q=" + strings.Repeat("x", 300)} {
		want(t, query, one.get("/mall/shelves"+query), http.StatusNotFound)
	}
}

func TestManyProductsArePagedEachOnce(t *testing.T) {
	w, k := newMarket(t)
	for i := range 50 {
		k.put(t, product(fmt.Sprintf("p-%02d", i), shop.PartnerPoints, 10), 0)
	}
	b := w.signedIn("M-1")
	next, seen := "/mall/shelves?q=product", map[string]int{}
	for pages := 0; next != ""; pages++ {
		if pages > 3 {
			t.Fatal("the pages do not end")
		}
		got := b.get(next)
		for _, m := range regexp.MustCompile(`href="/mall/products/(p-\d+)"`).FindAllStringSubmatch(got.body, -1) {
			seen[m[1]]++
		}
		next = ""
		if m := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(got.body); m != nil {
			next = html.UnescapeString(m[1])
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d products were shown, want 50", len(seen))
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// confirmed fills in the form of a product and returns the one of the page that
// confirms.
func (b *browser) confirmed(product string, form url.Values) (answer, url.Values) {
	b.t.Helper()
	got := b.send("/mall/products/"+product+"/confirm", form)
	next := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(got.body, -1) {
		next.Set(m[1], html.UnescapeString(m[2]))
	}
	delete(next, "to")
	return got, next
}

func fields(pairs ...string) url.Values {
	v := url.Values{"quantity": {"1"}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func parcel(pairs ...string) url.Values {
	return fields(append([]string{"name", "王芳", "phone", "13800000000", "region", "北京市朝阳区", "street", `<script>alert("1")</script>`}, pairs...)...)
}

func TestABillIsCreditedAfterItWasConfirmed(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	want(t, "the product", b.get("/mall/products/bill"), http.StatusOK, "Contract account", "Listed at 1,200 points", "How do you want to pay")
	confirm, form := b.confirmed("bill", fields("offer", "1000-0", "quantity", "2", "contract", "C-1"))
	want(t, "the confirmation", confirm, http.StatusOK, "2,000", "3,000", "Credited to C-1", "20.00")
	if usable, _ := w.has("M-1"); usable != 5_000 || len(k.orders(t, "M-1")) != 0 {
		t.Error("something was done before it was confirmed")
	}
	done := b.send("/mall/orders", form)
	want(t, "the order", done, http.StatusOK, "Done", "Bill credited", "Download the proof", "C-1")
	if usable, _ := w.has("M-1"); usable != 3_000 || k.back.Books().Bills["C-1"] != 2_000 {
		t.Errorf("the member has %d, the books are %+v", usable, k.back.Books())
	}
	want(t, "the list", b.get("/mall/orders"), http.StatusOK, "Product bill", "Done")
	want(t, "the next time", b.get("/mall/products/bill"), http.StatusOK, `value="C-1"`)
	proof := b.get(done.path + "/proof")
	if proof.status != http.StatusOK || !strings.Contains(proof.header.Get("Content-Disposition"), "attachment") || !strings.Contains(proof.body, `"batch_path"`) {
		t.Errorf("the proof is %d %v %.200s", proof.status, proof.header, proof.body)
	}
	stranger := w.signedIn(w.rich(2, 10))
	for _, path := range []string{done.path, done.path + "/proof", done.path + "/cancel"} {
		want(t, "a stranger at "+path, stranger.get(path), http.StatusNotFound)
	}
	want(t, "a stranger cancels", stranger.send(done.path+"/cancel", url.Values{}), http.StatusNotFound)
}

func TestTwoTabsAndADoubleClickAreOneOrder(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	_, first := b.confirmed("film", fields("offer", "300-0"))
	_, second := b.confirmed("film", fields("offer", "300-0"))
	var wg sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		form := first
		if i%2 == 1 {
			form = second
		}
		wg.Go(func() { paths[i] = b.do(http.MethodPost, "/mall/orders", form).path })
	}
	wg.Wait()
	if all := k.orders(t, "M-1"); len(all) != 1 {
		t.Fatalf("there are %d orders, want one", len(all))
	}
	for _, p := range paths {
		if p != paths[0] || !strings.HasPrefix(p, "/mall/orders/") {
			t.Errorf("one leads to %s, another to %s", p, paths[0])
		}
	}
	want(t, "sent again", b.do(http.MethodPost, "/mall/orders", first), http.StatusOK, "ordered this already", "FILM-CODE-0")
	_, later := b.confirmed("film", fields("offer", "300-0"))
	b.do(http.MethodPost, "/mall/orders", later)
	if all := k.orders(t, "M-1"); len(all) != 2 {
		t.Errorf("wanted once more, there are %d orders", len(all))
	}
	changed := url.Values{}
	for name, v := range first {
		changed[name] = v
	}
	changed.Set("quantity", "2")
	if got := b.do(http.MethodPost, "/mall/orders", changed); got.status != http.StatusConflict || len(k.orders(t, "M-1")) != 2 {
		t.Errorf("a form that was changed on the way: %d", got.status)
	}
}

func TestWhatStandsInTheWayIsSaidInPlainWords(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 1_500))
	for name, c := range map[string]struct {
		product string
		form    url.Values
		status  int
		words   string
	}{
		"a forged price":         {"lamp", parcel("offer", "1-0"), 422, "The price has changed"},
		"a mixed price":          {"lamp", parcel("offer", "200-0"), 422, "The price has changed"},
		"gold's price":           {"lamp", parcel("offer", "400-0"), 422, "The price has changed"},
		"nonsense":               {"lamp", parcel("offer", "x", "quantity", "-1"), 422, "Not so many"},
		"a foreign account":      {"bill", fields("offer", "1000-0", "contract", "C-2"), 422, "not yours"},
		"no account":             {"bill", fields("offer", "1000-0"), 422, "Please fill this in"},
		"half an address":        {"lamp", fields("offer", "500-0", "name", "王芳"), 422, "Please fill this in"},
		"an endless address":     {"lamp", parcel("offer", "500-0", "street", strings.Repeat("长", 200)), 422, "too long"},
		"a character that turns": {"lamp", parcel("offer", "500-0", "name", "a\u202eb"), 422, "cannot be used"},
		"too many":               {"lamp", parcel("offer", "500-0", "quantity", "6"), 422, "Not so many"},
		"more than there are":    {"film", fields("offer", "300-0", "quantity", "4"), 422, "Sold out"},
		"sold out":               {"gone", parcel("offer", "100-0"), 422, "Sold out"},
		"too few points":         {"audit", fields("offer", "800-0", "quantity", "2"), 422, "Not enough points"},
		"no such product":        {"nothing", fields("offer", "1-0"), 404, "no such page"},
	} {
		got, _ := b.confirmed(c.product, c.form)
		if want(t, name, got, c.status, c.words); strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s: a script came through", name)
		}
	}
	if usable, held := w.has("M-1"); usable != 1_500 || held != 0 || len(k.orders(t, "M-1")) != 0 {
		t.Error("something was done")
	}
	if strings.Contains(w.log.String(), "王芳") || strings.Contains(w.log.String(), "M-1") {
		t.Error("the log has a member")
	}
}

func TestAPriceThatChangesWhileItIsLookedAtIsShownAnew(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 1_500))
	_, form := b.confirmed("film", fields("offer", "300-0"))
	p := product("film", shop.Voucher, 350)
	p.Version = 2
	must(t, k.SaveProduct(context.Background(), "ops", p))
	want(t, "at the old price", b.do(http.MethodPost, "/mall/orders", form), http.StatusUnprocessableEntity, "The price has changed", "350", "Nothing was ordered")
	_, form = b.confirmed("film", fields("offer", "350-0"))
	w.clock.Advance(time.Hour)
	want(t, "an hour later", b.do(http.MethodPost, "/mall/orders", form), http.StatusUnprocessableEntity, "shown too long ago")
	_, form = b.confirmed("film", fields("offer", "350-0"))
	w.machine.Advance(9 * time.Hour)
	got := b.do(http.MethodPost, "/mall/orders", form)
	want(t, "after the session's end", got, http.StatusOK, "ended")
	if got.path != "/mall/sign-in" || len(k.orders(t, "M-1")) != 0 {
		t.Errorf("it leads to %s, with %d orders", got.path, len(k.orders(t, "M-1")))
	}
}

func TestGoodsAreSentOrTakenBack(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	confirm, form := b.confirmed("lamp", parcel("offer", "200-990", "quantity", "2"))
	want(t, "the confirmation", confirm, http.StatusOK, "400", "19.80", "paid in cash", "&lt;script&gt;", "13800000000")
	placed := b.do(http.MethodPost, "/mall/orders", form)
	want(t, "the order", placed, http.StatusOK, "Waiting to be sent", "Cash paid", "Cancel this order", "&lt;script&gt;")
	if usable, held := w.has("M-1"); usable != 4_600 || held != 400 || k.back.Books().Cash != 1_980 {
		t.Errorf("usable %d, held %d, books %+v", usable, held, k.back.Books())
	}
	want(t, "the question", b.get(placed.path+"/cancel"), http.StatusOK, "Cancel this order?", "400 points", "19.80")
	cancelled := b.send(placed.path+"/cancel", url.Values{})
	want(t, "cancelled", cancelled, http.StatusOK, "The order is cancelled", "You cancelled it", "Points and cash are back")
	want(t, "cancelled twice", b.send(placed.path+"/cancel", url.Values{}), http.StatusOK, "The order is cancelled")
	if usable, held := w.has("M-1"); usable != 5_000 || held != 0 || k.back.Books().Cash != 0 {
		t.Errorf("afterwards usable %d, held %d, books %+v", usable, held, k.back.Books())
	}
	want(t, "the next time", b.get("/mall/products/lamp"), http.StatusOK, `value="13800000000"`)
	_, form = b.confirmed("lamp", parcel("offer", "500-0"))
	placed = b.do(http.MethodPost, "/mall/orders", form)
	id, err := ledger.ParseID(strings.TrimPrefix(placed.path, "/mall/orders/"))
	must(t, err)
	_, err = k.Dispatch(context.Background(), id, "SF-1")
	must(t, err)
	want(t, "sent", b.get(placed.path), http.StatusOK, "Sent", "SF-1", "Parcel number")
	want(t, "the form of a return", b.get(placed.path+"/return"), http.StatusOK, "Return this order", "<option value=\"1\">")
	want(t, "too many words", b.send(placed.path+"/return", url.Values{"quantity": {"1"}, "reason": {strings.Repeat("x", 300)}}), http.StatusUnprocessableEntity, "too long")
	want(t, "more than there were", b.send(placed.path+"/return", url.Values{"quantity": {"2"}}), http.StatusOK, "cannot be returned")
	want(t, "asked", b.send(placed.path+"/return", url.Values{"quantity": {"1"}, "reason": {"<b>broken</b>"}}), http.StatusOK, "You asked to return 1 unit")
	claims, err := k.Claims(context.Background(), shop.ClaimFilter{State: shop.ClaimOpen, Limit: 9})
	must(t, err)
	if usable, _ := w.has("M-1"); len(claims) != 1 || claims[0].Reason != "<b>broken</b>" || usable != 4_500 {
		t.Fatalf("claims are %+v, usable %d", claims, usable)
	}
	want(t, "a stranger returns", w.signedIn(w.rich(3, 10)).send(placed.path+"/return", url.Values{"quantity": {"1"}}), http.StatusNotFound)
	_, err = k.Grant(context.Background(), "wu", claims[0].ID, true, 10*time.Second)
	must(t, err)
	want(t, "granted", b.get(placed.path), http.StatusOK, "Returned", "1 unit, 500 points", "given back")
	if usable, _ := w.has("M-1"); usable != 5_000 {
		t.Errorf("afterwards the member has %d", usable)
	}
	want(t, "too late", b.send(placed.path+"/cancel", url.Values{}), http.StatusOK, "too late to cancel")
}

func TestABillingSystemThatHangsLosesNothing(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	_, form := b.confirmed("bill", fields("offer", "1000-0", "contract", "C-1"))
	k.back.Break(backsim.Fault{Verb: "apply", Kind: backsim.Hang})
	order := b.do(http.MethodPost, "/mall/orders", form)
	want(t, "while it is pending", order, http.StatusOK, "under way", "Look again")
	if !strings.Contains(order.body, `http-equiv="refresh"`) {
		t.Error("the page does not look again by itself")
	}
	if usable, held := w.has("M-1"); usable != 4_000 || held != 1_000 {
		t.Errorf("usable %d, held %d", usable, held)
	}
	w.clock.Advance(time.Hour) // past the deadline: what is unknown is taken back
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if k.orders(t, "M-1")[0].Step == shop.StepDone {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s it is %+v", k.orders(t, "M-1")[0])
		}
	}
	want(t, "afterwards", b.get(order.path), http.StatusOK, "did not come about", "Points and cash are back")
	if usable, _ := w.has("M-1"); usable != 5_000 || k.back.Books().Bills["C-1"] != 0 {
		t.Errorf("usable %d, books %+v", usable, k.back.Books())
	}
}

func TestPartnerPointsNeedAnAccountThere(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	want(t, "without", b.get("/mall/products/miles"), http.StatusOK, "First link your account with Sky Air")
	_, form := b.confirmed("miles", fields("offer", "100-0"))
	want(t, "ordered all the same", b.do(http.MethodPost, "/mall/orders", form), http.StatusOK, "did not come about", "not linked")
	k.bourse.linked["M-1"] = true
	want(t, "with", b.get("/mall/products/miles"), http.StatusOK, "How do you want to pay")
	_, form = b.confirmed("miles", fields("offer", "100-0", "quantity", "3"))
	want(t, "ordered", b.do(http.MethodPost, "/mall/orders", form), http.StatusOK, "Points converted", "Done")
}

func TestPicturesCanDoNothing(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.browser() // of nobody
	m := regexp.MustCompile(`src="(/mall/pictures/[^"]+)"`).FindStringSubmatch(w.signedIn("M-1").get("/mall/shelves").body)
	if m == nil {
		t.Fatal("no picture on the shelves")
	}
	got := b.get(m[1])
	if got.status != 200 || got.header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(got.header.Get("Cache-Control"), "immutable") ||
		!strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d %v", m[1], got.status, got.header)
	}
	for _, path := range []string{"/mall/pictures/kettle.svg", "/mall/pictures/kettle.000000000000.svg", "/mall/pictures/p-1", "/mall/pictures/..%2f..%2fdoc.go"} {
		if got := b.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestWithoutAMallThereAreNoShelves(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	want(t, "shelves", b.get("/mall/shelves"), http.StatusNotFound)
	if strings.Contains(b.get("/mall").body, "/mall/shelves") {
		t.Error("home leads to shelves that are not there")
	}
}
