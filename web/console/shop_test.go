package console_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

var shopKey = []byte("an account key for tests, 32 bytes")

// openShop is a mall with a lamp, over the world's ledger.
func (w *world) openShop() *mall.Mall {
	w.t.Helper()
	m, err := mall.New(mall.Options{Ledger: w.stand.Ledger, Identity: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}, Store: malltest.NewMemory(),
		Members: memberstest.NewKnown(shopKey), CodeKey: make([]byte, 32), Now: w.stand.Clock, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	must(w.t, err)
	w.t.Cleanup(func() { _ = m.Close(context.Background()) })
	p := malltest.Product("lamp", mall.Goods)
	must(w.t, m.SaveProduct(context.Background(), "ops", p))
	_, err = m.AddStock(context.Background(), "ops", "lamp", 9, 0, "")
	must(w.t, err)
	w.shop = m
	return m
}

// order is one of a member for a lamp, that waits to be sent.
func (w *world) order(m *mall.Mall, key string) *mall.Order {
	w.t.Helper()
	account, err := ledger.MemberAccount(shopKey, "M-1")
	must(w.t, err)
	var random [10]byte
	_, _ = rand.Read(random[:])
	results, err := w.stand.Ledger.Submit(context.Background(), ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
		ledger.Command{ID: ledger.NewID(w.stand.Clock(), random), Body: &ledger.Issue{Account: account, Amount: 1_000, Expiry: ledger.DateOf(w.stand.Clock()).Month() + 6}})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%+v", results[0])
	}
	o, _, err := m.Place(context.Background(), mall.Request{Idempotency: mall.Idempotency{Key: key}, Client: "shop", Member: "M-1", Product: "lamp", Quantity: 2, Points: 100,
		Address: &mall.Address{Name: "王芳", Phone: "138", Region: "北京", Street: "<script>alert(1)</script>"}}, 10*time.Second)
	must(w.t, err)
	return o
}

func TestAPriceNeedsTwoPeople(t *testing.T) {
	w := newWorld(t)
	m := w.shop
	maker, checker, both := w.signedIn("maker"), w.signedIn("checker"), w.signedIn("both")
	pagetest.Want(t, "a product that is not there", maker.Send("/console/shop/prices", url.Values{"product": {"nothing"}, "points": {"80"}}), 422, "no product of this ID")
	pagetest.Want(t, "no price", maker.Send("/console/shop/prices", url.Values{"product": {"lamp"}, "points": {"cheap"}}), 422, "lamp")
	pagetest.Want(t, "proposed", both.Send("/console/shop/prices", url.Values{"product": {"lamp"}, "points": {"80"}, "note": {"<b>autumn</b>"}}), 200, "is proposed", "&lt;b&gt;autumn", "staff/both")
	pagetest.Want(t, "proposed twice", maker.Send("/console/shop/prices", url.Values{"product": {"lamp"}, "points": {"70"}}), 422, "waits for a decision")
	open, err := m.Proposals(context.Background(), mall.Proposed, ledger.ID{}, 9)
	must(t, err)
	path := "/console/shop/proposals/" + open[0].ID.String()
	pagetest.Want(t, "approved by who proposed", both.Send(path+"/approve", url.Values{}), 422, "two people")
	pagetest.Want(t, "approved by a maker", maker.Send(path+"/approve", url.Values{}), http.StatusForbidden)
	pagetest.Want(t, "approved", checker.Send(path+"/approve", url.Values{}), 200, "Approved")
	pagetest.Want(t, "approved again", checker.Send(path+"/approve", url.Values{}), 422, "decided this already")
	if s, err := m.Show(context.Background(), mall.Viewer{}, "lamp"); err != nil || s.Product.Prices[0].Points != 80 {
		t.Errorf("the lamp costs %+v, %v", s.Product.Prices, err)
	}
}

func TestStaffSendOrdersAndAnswerClaims(t *testing.T) {
	w := newWorld(t)
	m := w.shop
	first, second := w.order(m, "k1"), w.order(m, "k2")
	b := w.signedIn("maker")
	pagetest.Want(t, "the queue", b.Get("/console/shop"), 200, "2 × LED bulb", "&lt;script&gt;", first.ID.String(), second.ID.String())
	pagetest.Want(t, "sent", b.Send("/console/shop/orders/"+first.ID.String()+"/sent", url.Values{"reference": {"SF-1"}}), 200, "sent off")
	_, err := m.Cancel(context.Background(), second.ID)
	must(t, err)
	pagetest.Want(t, "sent after it was cancelled", b.Send("/console/shop/orders/"+second.ID.String()+"/sent", url.Values{}), 422, "does not wait any more")
	for _, answer := range []string{"decline", "grant"} {
		c, err := m.AskReturn(context.Background(), "M-1", first.ID, 1, "<b>broken</b>")
		must(t, err)
		pagetest.Want(t, "the claim", b.Get("/console/shop"), 200, "&lt;b&gt;broken", "1 × LED bulb")
		pagetest.Want(t, answer, b.Send("/console/shop/claims/"+c.ID.String()+"/"+answer, url.Values{"answer": {"show it"}, "restock": {"on"}}), 200)
	}
	o, err := m.Order(context.Background(), first.ID)
	must(t, err)
	if o.Reference != "SF-1" || o.Returned != 1 {
		t.Errorf("the order is %+v", o)
	}
	pagetest.Want(t, "what is none", b.Send("/console/shop/claims/x/grant", url.Values{}), http.StatusNotFound)
	pagetest.Want(t, "a partner", w.signedIn("sky.finance").Get("/console/shop"), http.StatusForbidden)
}

// Who approves must see what a price would buy from then on, not the price alone.
func TestWhoApprovesAPriceSeesWhatElseChanges(t *testing.T) {
	w := newWorld(t)
	s, err := w.shop.Show(context.Background(), mall.Viewer{}, "lamp")
	must(t, err)
	p := s.Product.Clone()
	p.Version++
	p.Name.EN = "Another lamp altogether"
	_, err = w.shop.Propose(context.Background(), "client-of-the-maker", p, "nothing changes")
	must(t, err)
	pagetest.Want(t, "the proposal", w.signedIn("checker").Get("/console/shop"), http.StatusOK, "LED bulb", "→", "Another lamp altogether", "name:")
}

// A dispute about the same order would need a checker too.
func TestAReturnOfMuchNeedsAChecker(t *testing.T) {
	w := newWorld(t)
	o := w.order(w.shop, "k1")
	_, err := w.shop.Dispatch(context.Background(), o.ID, "SF-1")
	must(t, err)
	c, err := w.shop.AskReturn(context.Background(), "M-1", o.ID, 2, "broken")
	must(t, err)
	path := "/console/shop/claims/" + c.ID.String() + "/grant"
	pagetest.Want(t, "by a maker", w.signedIn("maker").Send(path, url.Values{}), http.StatusUnprocessableEntity, "role of a checker")
	pagetest.Want(t, "by a checker", w.signedIn("checker").Send(path, url.Values{}), http.StatusOK)
	if o, err = w.shop.Order(context.Background(), o.ID); err != nil || o.Returned != 2 {
		t.Errorf("the order is %+v, %v", o, err)
	}
}

func TestThePageAboutTheMallIsGoodToLookAt(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) {
			w := newWorld(t)
			first := w.order(w.shop, "k1")
			w.order(w.shop, "k2")
			_, err := w.shop.Dispatch(context.Background(), first.ID, "SF-1")
			must(t, err)
			_, err = w.shop.AskReturn(context.Background(), "M-1", first.ID, 1, "灯不亮")
			must(t, err)
			tab := w.office(t, chrome, look, "both", "/console/shop")
			tab.Type("#product", "lamp")
			tab.Type("#points", "80")
			tab.Follow("section form.form .button-main")
			tab.Look("shop")
		})
	}
}
