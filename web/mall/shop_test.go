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
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

func TestShelvesShowElectricityFirstAndWhatOthersPay(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	w.rich(1, 5_000)
	w.rich(7, 5_000)
	one, gold := w.signedIn("M-1"), w.signedIn("M-7")
	page := one.Get("/mall/shelves")
	pagetest.Want(t, "shelves", page, http.StatusOK, "Electricity first", "Product bill", "points count 1.2×", "1,000", "Sold out", "Sky Air", "only 3 left", "or fewer points and cash", "/mall/pictures/bill-credit.")
	if strings.Index(page.Body, "Product bill") > strings.Index(page.Body, "Product lamp") {
		t.Error("electricity's own does not come first")
	}
	if strings.Contains(page.Body, "Product piano") || strings.Contains(page.Body, "Your tier") {
		t.Error("somebody without a tier sees the exclusive shelf, or a price of a tier")
	}
	pagetest.Want(t, "gold's shelves", gold.Get("/mall/shelves"), http.StatusOK, "Product piano", "Your tier&#39;s price", ">400<")
	pagetest.Want(t, "the exclusive shelf", gold.Get("/mall/shelves?shelf=exclusive"), http.StatusOK, "Product piano")
	pagetest.Want(t, "the exclusive shelf, shut", one.Get("/mall/shelves?shelf=exclusive"), http.StatusOK, "opens with a higher tier")
	pagetest.Want(t, "an exclusive product", one.Get("/mall/products/piano"), http.StatusNotFound)
	for query, there := range map[string]bool{"?q=lamp": true, "?q=%E5%95%86%E5%93%81": true, "?category=home": true, "?category=electricity": false, "?q=nothing": false, "?q=%3Cscript%3E": false} {
		if got := one.Get("/mall/shelves" + query); got.Status != http.StatusOK || strings.Contains(got.Body, "Product lamp") != there || strings.Contains(got.Body, "<script>") {
			t.Errorf("%s: %d, or the lamp is there %v", query, got.Status, !there)
		}
	}
	for _, query := range []string{"?after=x", "?shelf=secret", "?after=999999999.x", "?q=" + strings.Repeat("x", 300)} {
		pagetest.Want(t, query, one.Get("/mall/shelves"+query), http.StatusNotFound)
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
		got := b.Get(next)
		for _, m := range regexp.MustCompile(`href="/mall/products/(p-\d+)"`).FindAllStringSubmatch(got.Body, -1) {
			seen[m[1]]++
		}
		next = ""
		if m := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(got.Body); m != nil {
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
func confirmed(b *pagetest.Browser, product string, form url.Values) (pagetest.Answer, url.Values) {
	b.T.Helper()
	got := b.Send("/mall/products/"+product+"/confirm", form)
	next := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(got.Body, -1) {
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
	pagetest.Want(t, "the product", b.Get("/mall/products/bill"), http.StatusOK, "Contract account", "Listed at 1,200 points", "How do you want to pay")
	confirm, form := confirmed(b, "bill", fields("offer", "1000-0", "quantity", "2", "contract", "C-1"))
	pagetest.Want(t, "the confirmation", confirm, http.StatusOK, "2,000", "3,000", "Credited to C-1", "20.00")
	if usable, _ := w.has("M-1"); usable != 5_000 || len(k.orders(t, "M-1")) != 0 {
		t.Error("something was done before it was confirmed")
	}
	done := b.Send("/mall/orders", form)
	pagetest.Want(t, "the order", done, http.StatusOK, "Done", "Bill credited", "Download the proof", "C-1")
	if usable, _ := w.has("M-1"); usable != 3_000 || k.back.Books().Bills["C-1"] != 2_000 {
		t.Errorf("the member has %d, the books are %+v", usable, k.back.Books())
	}
	pagetest.Want(t, "the list", b.Get("/mall/orders"), http.StatusOK, "Product bill", "Done")
	pagetest.Want(t, "the next time", b.Get("/mall/products/bill"), http.StatusOK, `value="C-1"`)
	proof := b.Get(done.Path + "/proof")
	if proof.Status != http.StatusOK || !strings.Contains(proof.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(proof.Body, `"batch_path"`) {
		t.Errorf("the proof is %d %v %.200s", proof.Status, proof.Header, proof.Body)
	}
	stranger := w.signedIn(w.rich(2, 10))
	for _, path := range []string{done.Path, done.Path + "/proof", done.Path + "/cancel"} {
		pagetest.Want(t, "a stranger at "+path, stranger.Get(path), http.StatusNotFound)
	}
	pagetest.Want(t, "a stranger cancels", stranger.Send(done.Path+"/cancel", url.Values{}), http.StatusNotFound)
}

func TestTwoTabsAndADoubleClickAreOneOrder(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	_, first := confirmed(b, "film", fields("offer", "300-0"))
	_, second := confirmed(b, "film", fields("offer", "300-0"))
	var wg sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		form := first
		if i%2 == 1 {
			form = second
		}
		wg.Go(func() { paths[i] = b.Do(http.MethodPost, "/mall/orders", form).Path })
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
	pagetest.Want(t, "sent again", b.Do(http.MethodPost, "/mall/orders", first), http.StatusOK, "ordered this already", "FILM-CODE-0")
	_, later := confirmed(b, "film", fields("offer", "300-0"))
	b.Do(http.MethodPost, "/mall/orders", later)
	if all := k.orders(t, "M-1"); len(all) != 2 {
		t.Errorf("wanted once more, there are %d orders", len(all))
	}
	changed := url.Values{}
	for name, v := range first {
		changed[name] = v
	}
	changed.Set("quantity", "2")
	if got := b.Do(http.MethodPost, "/mall/orders", changed); got.Status != http.StatusConflict || len(k.orders(t, "M-1")) != 2 {
		t.Errorf("a form that was changed on the way: %d", got.Status)
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
		got, _ := confirmed(b, c.product, c.form)
		if pagetest.Want(t, name, got, c.status, c.words); strings.Contains(got.Body, "<script>alert") {
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
	_, form := confirmed(b, "film", fields("offer", "300-0"))
	p := product("film", shop.Voucher, 350)
	p.Version = 2
	must(t, k.SaveProduct(context.Background(), "ops", p))
	pagetest.Want(t, "at the old price", b.Do(http.MethodPost, "/mall/orders", form), http.StatusUnprocessableEntity, "The price has changed", "350", "Nothing was ordered")
	_, form = confirmed(b, "film", fields("offer", "350-0"))
	w.clock.Advance(time.Hour)
	pagetest.Want(t, "an hour later", b.Do(http.MethodPost, "/mall/orders", form), http.StatusUnprocessableEntity, "shown too long ago")
	_, form = confirmed(b, "film", fields("offer", "350-0"))
	w.machine.Advance(9 * time.Hour)
	got := b.Do(http.MethodPost, "/mall/orders", form)
	pagetest.Want(t, "after the session's end", got, http.StatusOK, "ended")
	if got.Path != "/mall/sign-in" || len(k.orders(t, "M-1")) != 0 {
		t.Errorf("it leads to %s, with %d orders", got.Path, len(k.orders(t, "M-1")))
	}
}

func TestGoodsAreSentOrTakenBack(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	confirm, form := confirmed(b, "lamp", parcel("offer", "200-990", "quantity", "2"))
	pagetest.Want(t, "the confirmation", confirm, http.StatusOK, "400", "19.80", "paid in cash", "&lt;script&gt;", "13800000000")
	placed := b.Do(http.MethodPost, "/mall/orders", form)
	pagetest.Want(t, "the order", placed, http.StatusOK, "Waiting to be sent", "Cash paid", "Cancel this order", "&lt;script&gt;")
	if usable, held := w.has("M-1"); usable != 4_600 || held != 400 || k.back.Books().Cash != 1_980 {
		t.Errorf("usable %d, held %d, books %+v", usable, held, k.back.Books())
	}
	pagetest.Want(t, "the question", b.Get(placed.Path+"/cancel"), http.StatusOK, "Cancel this order?", "400 points", "19.80")
	cancelled := b.Send(placed.Path+"/cancel", url.Values{})
	pagetest.Want(t, "cancelled", cancelled, http.StatusOK, "The order is cancelled", "You cancelled it", "Points and cash are back")
	pagetest.Want(t, "cancelled twice", b.Send(placed.Path+"/cancel", url.Values{}), http.StatusOK, "The order is cancelled")
	if usable, held := w.has("M-1"); usable != 5_000 || held != 0 || k.back.Books().Cash != 0 {
		t.Errorf("afterwards usable %d, held %d, books %+v", usable, held, k.back.Books())
	}
	pagetest.Want(t, "the next time", b.Get("/mall/products/lamp"), http.StatusOK, `value="13800000000"`)
	_, form = confirmed(b, "lamp", parcel("offer", "500-0"))
	placed = b.Do(http.MethodPost, "/mall/orders", form)
	id, err := ledger.ParseID(strings.TrimPrefix(placed.Path, "/mall/orders/"))
	must(t, err)
	_, err = k.Dispatch(context.Background(), id, "SF-1")
	must(t, err)
	pagetest.Want(t, "sent", b.Get(placed.Path), http.StatusOK, "Sent", "SF-1", "Parcel number")
	pagetest.Want(t, "the form of a return", b.Get(placed.Path+"/return"), http.StatusOK, "Return this order", "<option value=\"1\">")
	pagetest.Want(t, "too many words", b.Send(placed.Path+"/return", url.Values{"quantity": {"1"}, "reason": {strings.Repeat("x", 300)}}), http.StatusUnprocessableEntity, "too long")
	pagetest.Want(t, "more than there were", b.Send(placed.Path+"/return", url.Values{"quantity": {"2"}}), http.StatusOK, "cannot be returned")
	pagetest.Want(t, "asked", b.Send(placed.Path+"/return", url.Values{"quantity": {"1"}, "reason": {"<b>broken</b>"}}), http.StatusOK, "You asked to return 1 unit")
	claims, err := k.Claims(context.Background(), shop.ClaimFilter{State: shop.ClaimOpen, Limit: 9})
	must(t, err)
	if usable, _ := w.has("M-1"); len(claims) != 1 || claims[0].Reason != "<b>broken</b>" || usable != 4_500 {
		t.Fatalf("claims are %+v, usable %d", claims, usable)
	}
	pagetest.Want(t, "a stranger returns", w.signedIn(w.rich(3, 10)).Send(placed.Path+"/return", url.Values{"quantity": {"1"}}), http.StatusNotFound)
	_, err = k.Grant(context.Background(), "wu", claims[0].ID, true, 10*time.Second)
	must(t, err)
	pagetest.Want(t, "granted", b.Get(placed.Path), http.StatusOK, "Returned", "1 unit, 500 points", "given back")
	if usable, _ := w.has("M-1"); usable != 5_000 {
		t.Errorf("afterwards the member has %d", usable)
	}
	pagetest.Want(t, "too late", b.Send(placed.Path+"/cancel", url.Values{}), http.StatusOK, "too late to cancel")
}

func TestABillingSystemThatHangsLosesNothing(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	_, form := confirmed(b, "bill", fields("offer", "1000-0", "contract", "C-1"))
	k.back.Break(backsim.Fault{Verb: "apply", Kind: backsim.Hang})
	order := b.Do(http.MethodPost, "/mall/orders", form)
	pagetest.Want(t, "while it is pending", order, http.StatusOK, "under way", "Look again")
	if !strings.Contains(order.Body, `http-equiv="refresh"`) {
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
	pagetest.Want(t, "afterwards", b.Get(order.Path), http.StatusOK, "did not come about", "Points and cash are back")
	if usable, _ := w.has("M-1"); usable != 5_000 || k.back.Books().Bills["C-1"] != 0 {
		t.Errorf("usable %d, books %+v", usable, k.back.Books())
	}
}

func TestPartnerPointsNeedAnAccountThere(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.signedIn(w.rich(1, 5_000))
	pagetest.Want(t, "without", b.Get("/mall/products/miles"), http.StatusOK, "First link your account with Sky Air")
	_, form := confirmed(b, "miles", fields("offer", "100-0"))
	pagetest.Want(t, "ordered all the same", b.Do(http.MethodPost, "/mall/orders", form), http.StatusOK, "did not come about", "not linked")
	k.bourse.linked["M-1"] = true
	pagetest.Want(t, "with", b.Get("/mall/products/miles"), http.StatusOK, "How do you want to pay")
	_, form = confirmed(b, "miles", fields("offer", "100-0", "quantity", "3"))
	pagetest.Want(t, "ordered", b.Do(http.MethodPost, "/mall/orders", form), http.StatusOK, "Points converted", "Done")
}

func TestPicturesCanDoNothing(t *testing.T) {
	w, k := newMarket(t)
	k.furnish(t)
	b := w.browser() // of nobody
	m := regexp.MustCompile(`src="(/mall/pictures/[^"]+)"`).FindStringSubmatch(w.signedIn("M-1").Get("/mall/shelves").Body)
	if m == nil {
		t.Fatal("no picture on the shelves")
	}
	got := b.Get(m[1])
	if got.Status != 200 || got.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") ||
		!strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d %v", m[1], got.Status, got.Header)
	}
	for _, path := range []string{"/mall/pictures/kettle.svg", "/mall/pictures/kettle.000000000000.svg", "/mall/pictures/p-1", "/mall/pictures/..%2f..%2fdoc.go"} {
		if got := b.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestWithoutAMallThereAreNoShelves(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("M-1")
	pagetest.Want(t, "shelves", b.Get("/mall/shelves"), http.StatusNotFound)
	if strings.Contains(b.Get("/mall").Body, "/mall/shelves") {
		t.Error("home leads to shelves that are not there")
	}
}
