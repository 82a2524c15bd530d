package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

// withMall serves the alliance with a mall in which the member M-1 has points.
func withMall(t *testing.T) (*world, *backsim.System) {
	t.Helper()
	w := newWorld(t)
	back := backsim.New(func(member, account string) bool { return member == "M-1" && account == "C-1" })
	m, err := mall.New(mall.Options{Ledger: w.ledger, Identity: gateway, Store: malltest.NewMemory(), Billing: back, Payments: back,
		Members: memberstest.NewKnown(accountKey), CodeKey: make([]byte, 32), Now: time.Now, Random: rand.Reader, Logger: w.options.Logger})
	must(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	account, err := ledger.MemberAccount(accountKey, "M-1")
	must(t, err)
	w.give(gateway, &ledger.Issue{Account: account, Amount: 10_000, Expiry: ledger.MonthOf(2099, 12)})
	w.options.Mall, w.options.Metrics = m, prometheus.NewRegistry()
	w.serve()
	return w, back
}

const (
	billProduct = `{"id":"bill-10","kind":"bill_credit","category":"electricity","name":{"zh":"十元电费","en":"10 yuan off the bill"},
		"prices":[{"points":"1000","fen":"0"},{"points":"500","fen":"400"},{"points":"900","fen":"0","channel":"app"}],"bonus":{"num":"6","den":"5"},"shelf":0,"quantity_max":10,"bill_fen":"1000","listed":true}`
	lampProduct = `{"id":"lamp","kind":"goods","category":"home","name":{"zh":"<b>灯</b>","en":"LED lamp"},"description":{"zh":"","en":"two\nlines"},
		"prices":[{"points":"100","fen":"0"}],"shelf":10,"quantity_max":5,"listed":true}`
	filmProduct = `{"id":"film","kind":"voucher","category":"leisure","name":{"zh":"电影票","en":"Film ticket"},"partner":"sky",
		"prices":[{"points":"300","fen":"0"}],"shelf":20,"quantity_max":2,"listed":true}`
	lampOrder = `{"member":"M-1","product":"lamp","quantity":2,"price":{"points":"100","fen":"0"},"address":{"name":"王芳","phone":"1","region":"北京","street":"<script>"}}`
)

// shelves makes the products, as the operator.
func (w *world) shelves() {
	w.t.Helper()
	for _, p := range []string{billProduct, lampProduct, filmProduct} {
		w.as("ops").post("/v1/products", p, "Idempotency-Key", p[6:12]).is(201)
	}
	w.as("ops").post("/v1/products/lamp/stock", `{"delta":"7","version":0,"reason":"first delivery"}`).is(200)
	w.as("ops").post("/v1/products/film/codes", `{"version":0,"codes":["FILM-1","FILM-2"]}`).is(200)
}

func TestTheCatalogueIsKeptAndBrowsed(t *testing.T) {
	w, _ := withMall(t)
	w.shelves()
	ops := w.as("ops")
	a := ops.get("/v1/products?limit=2").is(200)
	if a.text("products.0.id") != "bill-10" || a.text("products.0.offers.1.points") != "834" || a.text("products.1.available") != "7" || a.text("next_cursor") == "" {
		t.Errorf("the first page is %s", a.body)
	}
	if a := ops.get("/v1/products?limit=2&cursor=" + a.text("next_cursor")).is(200); a.count("products") != 1 || a.text("products.0.id") != "film" {
		t.Errorf("the second page is %s", a.body)
	}
	for query, want := range map[string]int{"?q=lamp": 1, "?q=%E7%94%B5": 2, "?kind=voucher": 1, "?category=home&q=led": 1, "?q=nothing": 0} {
		if n := ops.get("/v1/products" + query).is(200).count("products"); n != want {
			t.Errorf("%s finds %d, want %d", query, n, want)
		}
	}
	ops.get("/v1/products?kind=dream").refused(400, "invalid_request")
	ops.get("/v1/products?q=" + strings.Repeat("%E7%94%B5", 201)).invalid("q length")
	for _, channel := range []string{"", "a", "App", "1a", "app%0A", strings.Repeat("a", 41)} {
		ops.get("/v1/products?channel=" + channel).invalid("channel pattern")
		ops.get("/v1/products/bill-10?channel=" + channel).invalid("channel pattern")
		ops.get("/v1/products?category=" + channel).invalid("category pattern")
	}
	for _, path := range []string{"/v1/products", "/v1/orders"} {
		ops.get(path, "PointGrid-Member", "").invalid("PointGrid-Member length")
		ops.get(path, "PointGrid-Member", strings.Repeat("M", 65)).invalid("PointGrid-Member length")
	}
	if a := ops.get("/v1/products/bill-10?channel=app", "PointGrid-Member", "M-1").is(200); a.count("offers") != 1 || a.text("offers.0.points") != "750" {
		t.Errorf("in the app it is %s", a.body)
	}
	change := `{"version":1,"listed":false,"prices":[{"points":"120","fen":"0"}]}`
	if a := ops.do("PATCH", "/v1/products/lamp", change, "Content-Type", "application/json").is(200); a.text("offers.0.points") != "120" || !strings.Contains(string(a.body), `"version":2`) {
		t.Errorf("changed, it is %s", a.body)
	}
	ops.do("PATCH", "/v1/products/lamp", change, "Content-Type", "application/json").refused(409, "changed")
	ops.post("/v1/products", lampProduct).refused(409, "changed")
	ops.post("/v1/products", strings.Replace(filmProduct, `"shelf":20`, `"shelf":0`, 1)).refused(422, "invalid")
	ops.post("/v1/products/lamp/stock", `{"delta":"-8","version":1}`).refused(422, "stock_below_zero")
	ops.post("/v1/products/lamp/stock", `{"delta":"1","version":0}`).refused(409, "changed")
	ops.get("/v1/products/nothing").refused(404, "not_found")
	w.as("sky-app").get("/v1/products").refused(403, "scope_missing")
	if strings.Contains(w.log.String(), "FILM-1") {
		t.Error("a code is in the log")
	}
}

func TestOrdersOverTheAPI(t *testing.T) {
	w, back := withMall(t)
	w.shelves()
	ops := w.as("ops")
	order := func(key, body string) *answer { return ops.post("/v1/orders", body, "Idempotency-Key", key) }
	bill := `{"member":"M-1","product":"bill-10","quantity":2,"price":{"points":"417","fen":"400"},"contract_account":"C-1"}`
	a := order("k1", bill).is(201)
	if a.text("status") != "fulfilled" || a.text("points") != "834" || a.text("fen") != "800" || a.text("bill_fen") != "2000" || strings.Contains(string(a.body), "M-1") {
		t.Errorf("the order is %s", a.body)
	}
	if b := back.Books(); b.Bills["C-1"] != 2000 || b.Cash != 800 {
		t.Errorf("books are %+v", b)
	}
	if again := order("k1", bill).is(201); again.text("id") != a.text("id") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a repeat is %s", again.body)
	}
	order("k1", lampOrder).refused(422, "idempotency_key_reused")
	ops.post("/v1/orders", bill).refused(400, "idempotency_key_missing")
	if a := order("k2", strings.Replace(bill, `"417"`, `"416"`, 1)).refused(422, "price_changed"); a.text("offers.0.points") != "417" {
		t.Errorf("the refusal is %s", a.body)
	}
	order("k3", strings.Replace(bill, "C-1", "C-2", 1)).refused(422, "foreign_contract_account")
	order("k4", strings.Replace(bill, `"quantity":2`, `"quantity":11`, 1)).refused(422, "quantity_refused")
	order("k5", strings.Replace(bill, "bill-10", "nothing", 1)).refused(422, "product_unknown")
	order("k6", strings.Replace(bill, "M-1", "M-2", 1)).refused(422, "foreign_contract_account")
	order("k7", `{"member":"M-1","quantity":0}`).refused(400, "invalid_request")
	back.Break(backsim.Fault{Verb: "apply", Kind: backsim.Decline, Count: 1})
	if a := order("k8", bill).refused(422, "billing_declined"); a.text("order_id") == "" || a.header.Get("Location") == "" {
		t.Errorf("a cancelled order is answered %s", a.body)
	}
	film := order("k9", `{"member":"M-1","product":"film","quantity":1,"price":{"points":"300","fen":"0"}}`).is(201)
	if strings.Contains(string(film.body), "FILM-1") {
		t.Error("the answer that may be repeated has the code")
	}
	if a := ops.get(film.header.Get("Location")).is(200); a.text("codes.0") != "FILM-1" {
		t.Errorf("the order is %s", a.body)
	}
	if a := ops.get("/v1/orders?status=fulfilled", "PointGrid-Member", "M-1").is(200); a.count("orders") != 2 {
		t.Errorf("orders are %s", a.body)
	}
	if n := ops.get("/v1/orders", "PointGrid-Member", "M-2").is(200).count("orders"); n != 0 {
		t.Errorf("another member has %d orders", n)
	}
}

func TestGoodsAreSentCancelledAndReturnedOverTheAPI(t *testing.T) {
	w, _ := withMall(t)
	w.shelves()
	ops := w.as("ops")
	var paths [2]string
	for i := range paths {
		a := ops.post("/v1/orders", lampOrder, "Idempotency-Key", fmt.Sprint("k", i)).is(201)
		paths[i] = a.header.Get("Location")
		if a.text("status") != "held" || !strings.Contains(string(a.body), `"waiting":true`) || a.text("address.street") != "<script>" {
			t.Errorf("the order is %s", a.body)
		}
	}
	if n := ops.get("/v1/orders?waiting=true").is(200).count("orders"); n != 2 {
		t.Errorf("%d orders wait, want 2", n)
	}
	ops.post(paths[0]+"/returns", `{"quantity":1}`, "Idempotency-Key", "early").refused(422, "not_returnable")
	if a := ops.post(paths[0]+"/shipment", `{"reference":"SF-1"}`).is(200); a.text("status") != "fulfilled" || a.text("reference") != "SF-1" {
		t.Errorf("sent, it is %s", a.body)
	}
	for range 2 {
		if a := ops.do("POST", paths[1]+"/cancellation", "").is(200); a.text("status") != "cancelled" || a.text("failure.code") != "cancelled_by_member" {
			t.Errorf("cancelled, it is %s", a.body)
		}
	}
	ops.do("POST", paths[0]+"/cancellation", "").refused(422, "not_cancellable")
	ops.post(paths[1]+"/shipment", `{}`).refused(422, "not_waiting")
	a := ops.post(paths[0]+"/returns", `{"quantity":1,"reason":"坏了","restock":true}`, "Idempotency-Key", "r1").is(201)
	if a.text("status") != "completed" || a.text("points") != "100" {
		t.Errorf("the return is %s", a.body)
	}
	ops.post(paths[0]+"/returns", `{"quantity":2}`, "Idempotency-Key", "r2").refused(422, "quantity_refused")
	if n := ops.get(paths[0] + "/returns").is(200).count("returns"); n != 1 {
		t.Errorf("%d returns", n)
	}
	if a := ops.get("/v1/products/lamp/stock").is(200); a.text("available") != "6" || a.text("consumed") != "1" || a.text("reserved") != "0" {
		t.Errorf("the stock is %s", a.body)
	}
	ops.get("/v1/orders/0198c5a1-8000-7c3a-9d0e-3f1f6a2b4c50").refused(404, "not_found")
	if strings.Contains(w.log.String(), "王芳") || strings.Contains(w.log.String(), "M-1") {
		t.Error("the log has a member")
	}
}

func TestAPriceIsProposedByOneAndApprovedByAnother(t *testing.T) {
	w, _ := withMall(t)
	w.shelves()
	ops, shop := w.as("ops"), w.as("ops-checker")
	cheaper := `{"product_id":"lamp","change":{"version":1,"prices":[{"points":"80","fen":"0"}],"picture":"led-bulbs"},"note":"autumn"}`
	a := ops.post("/v1/product_proposals", cheaper).is(201)
	if a.text("state") != "proposed" || a.text("maker") != "ops" || a.text("product.offers.0.points") != "80" {
		t.Errorf("the proposal is %s", a.body)
	}
	path := "/v1/product_proposals/" + a.text("id")
	ops.post("/v1/product_proposals", cheaper).refused(409, "proposal_open")
	ops.post("/v1/product_proposals", `{"note":"nothing"}`).refused(400, "invalid_request")
	ops.do("POST", path+"/approval", "").refused(422, "same_person")
	if a := ops.get("/v1/product_proposals?state=proposed").is(200); a.count("proposals") != 1 {
		t.Errorf("open are %s", a.body)
	}
	if a := shop.do("POST", path+"/approval", "").is(200); a.text("state") != "approved" || a.text("checker") != "ops-checker" {
		t.Errorf("approved, it is %s", a.body)
	}
	shop.post(path+"/rejection", `{}`).refused(409, "already_decided")
	if a := ops.get("/v1/products/lamp").is(200); a.text("offers.0.points") != "80" || a.text("picture") != "led-bulbs" {
		t.Errorf("the lamp is %s", a.body)
	}
	fan := strings.ReplaceAll(lampProduct, `"id":"lamp"`, `"id":"fan"`)
	path = "/v1/product_proposals/" + ops.post("/v1/product_proposals", `{"product":`+fan+`}`).is(201).text("id")
	if a := shop.post(path+"/rejection", `{"reason":"too many fans"}`).is(200); a.text("state") != "rejected" || ops.get(path).is(200).text("reason") != "too many fans" {
		t.Errorf("rejected, it is %s", a.body)
	}
	ops.get("/v1/products/fan").refused(404, "not_found")
}

func TestCategoriesPicturesAndTheReportOfSpending(t *testing.T) {
	w, _ := withMall(t)
	w.shelves()
	ops := w.as("ops")
	category := `{"name":{"zh":"家居","en":"Home"},"shelf":3,"version":0}`
	ops.do("PUT", "/v1/product_categories/home", category, "Content-Type", "application/json").is(200)
	ops.do("PUT", "/v1/product_categories/home", category, "Content-Type", "application/json").refused(409, "changed")
	if a := ops.get("/v1/product_categories").is(200); a.count("categories") != 1 || a.text("categories.0.name.en") != "Home" {
		t.Errorf("categories are %s", a.body)
	}
	ops.do("POST", "/v1/pictures", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "Content-Type", "image/png").refused(422, "invalid")
	ops.do("POST", "/v1/pictures", "x", "Content-Type", "image/svg+xml").refused(415, "unsupported_media_type")
	var drawn bytes.Buffer
	must(t, png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 2, 2))))
	if a := ops.do("POST", "/v1/pictures", drawn.String(), "Content-Type", "image/png").is(201); !strings.HasPrefix(a.text("id"), "p-") {
		t.Errorf("the picture is %s", a.body)
	}
	ops.post("/v1/orders", `{"member":"M-1","product":"bill-10","quantity":1,"price":{"points":"834","fen":"0"},"contract_account":"C-1"}`, "Idempotency-Key", "k1").is(201)
	ops.post("/v1/orders", `{"member":"M-1","product":"film","quantity":1,"price":{"points":"300","fen":"0"}}`, "Idempotency-Key", "k2").is(201)
	this := ledger.DateOf(time.Now()).Month().String()
	if a := ops.get("/v1/spending?from=2020-01&until=2021-12").is(200); a.count("months") != 0 {
		t.Errorf("long ago: %s", a.body)
	}
	if a := ops.get("/v1/spending?from=" + this + "&until=" + this).is(200); a.text("spent.own_points") != "834" || a.text("spent.points") != "1134" || a.count("months.0.products") != 2 {
		t.Errorf("the report is %s", a.body)
	}
	ops.get("/v1/spending?from=2021-12&until=2020-01").refused(400, "invalid_request")
}

func TestAGatewayWithoutAMallSaysSo(t *testing.T) {
	newWorld(t).as("ops").get("/v1/products").refused(503, "unavailable")
}
