package mall_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	shop "github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// display is what the browser tests see on the shelves.
func (k *market) display(t testing.TB) {
	t.Helper()
	k.furnish(t)
	for _, c := range []struct {
		id, zh, en, sayZH, sayEN, picture string
		kind                              shop.Kind
		points, stock                     int64
	}{
		{"kettle", "节能电热水壶", "Energy-saving kettle", "一级能效，1.5 升", "Best efficiency class, 1.5 litres", "kettle", shop.Goods, 9800, 40},
		{"led-bulbs", "LED 节能灯泡四只装", "Four LED bulbs", "九瓦，暖白光", "9 W, warm white", "led-bulbs", shop.Goods, 2600, 300},
		{"cinema", "电影票兑换码", "Cinema ticket", "全国通用，一年内有效", "For any cinema, within a year", "cinema", shop.Voucher, 3500, 20},
		{"energy-audit", "家庭用能诊断", "Home energy audit", "工程师上门，给出节电方案", "An engineer visits and shows where you can save", "energy-audit", shop.Service, 6000, 10},
		{"bill-50", "电费抵扣 50 元", "50 yuan off your electricity bill", "大额抵扣更划算", "More for your points", "bill-credit-large", shop.BillCredit, 5880, 0},
	} {
		p := product(c.id, c.kind, c.points)
		p.Name, p.Summary, p.Picture = shop.Text{ZH: c.zh, EN: c.en}, shop.Text{ZH: c.sayZH, EN: c.sayEN}, c.picture
		k.put(t, p, c.stock)
	}
}

func TestAMemberSpendsPointsOnAPhone(t *testing.T) {
	b := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) {
			w, k := newMarket(t)
			k.display(t)
			w.rich(7, 42_000)
			tab := b.Open(t, look)
			tab.Go(w.url+"/test/sign-in?member=M-7", "home")
			tab.Go(w.url+"/mall/shelves", "shelves")
			tab.Go(w.url+"/mall/shelves?shelf=exclusive", "exclusive")
			tab.Go(w.url+"/mall/products/bill-50", "product-bill")
			tab.Type("#contract", "C-8")
			tab.Follow("form.card .button-main")
			tab.Look("product-wrong")
			tab.Type("#contract", "C-7")
			tab.Follow("form.card .button-main")
			tab.Look("confirm-bill")
			tab.Follow("form.order-bar .button-main")
			tab.Look("order-bill")
			if k.back.Books().Bills["C-7"] != 1_000 {
				t.Errorf("the books are %+v", k.back.Books())
			}
			walkGoods(t, w, k, tab)
			walkReturn(t, w, k, tab)
			tab.Go(w.url+"/mall/products/cinema", "product-voucher")
			tab.Follow("form.card .button-main")
			tab.Follow("form.order-bar .button-main")
			tab.Look("order-voucher")
			if got := tab.Text(".voucher-codes code"); got != "CINEMA-CODE-0" {
				t.Errorf("the code is %q", got)
			}
			tab.Go(w.url+"/mall/orders", "orders")
			tab.Go(w.url+"/mall/products/gone", "product-sold-out")
			tab.Go(w.url+"/mall/products/miles", "product-unlinked")
			tab.Go(w.url+"/mall/shelves?q=nothing", "nothing-found")
			stranger := b.Open(t, look)
			stranger.Go(w.url+"/test/sign-in?member=M-1", "home-empty")
			stranger.Go(w.url+"/mall/orders", "orders-empty")
			stranger.Go(w.url+"/mall/shelves?shelf=exclusive", "exclusive-shut")
			stranger.Go(w.url+"/mall/products/cinema", "product-poor")
			stranger.Follow("form.card .button-main")
			stranger.Look("refused")
		})
	}
}

// walkReturn orders goods, and asks for a return once they were sent.
func walkReturn(t *testing.T, w *world, k *market, tab *browsertest.Tab) {
	tab.Go(w.url+"/mall/products/led-bulbs", "product-goods-again")
	tab.Follow("form.card .button-main")
	tab.Follow("form.order-bar .button-main")
	id, err := ledger.ParseID(strings.TrimPrefix(tab.Path(), "/mall/orders/"))
	must(t, err)
	_, err = k.Dispatch(context.Background(), id, "SF-1234567890")
	must(t, err)
	tab.Go(w.url+"/mall/orders/"+id.String(), "order-sent")
	tab.Follow(`a[href$="/return"]`)
	tab.Look("return")
	tab.Type("#reason", "灯不亮")
	tab.Follow("form.form .button-main")
	tab.Look("order-return-asked")
	claims, err := k.Claims(context.Background(), shop.ClaimFilter{Order: id, Limit: 1})
	must(t, err)
	if len(claims) != 1 {
		t.Fatal("the return was not asked for")
	}
	_, err = k.Grant(context.Background(), "wu", claims[0].ID, true, 10*time.Second)
	must(t, err)
	tab.Go(w.url+"/mall/orders/"+id.String(), "order-returned")
}

// walkGoods orders goods with cash, and cancels them.
func walkGoods(t *testing.T, w *world, k *market, tab *browsertest.Tab) {
	tab.Go(w.url+"/mall/products/lamp", "product-goods")
	tab.Click(".pay-way:first-of-type input")
	tab.Type("#name", "王芳")
	tab.Type("#phone", "13800000000")
	tab.Type("#region", "北京市朝阳区")
	tab.Type("#street", "<b>长安街</b> 1 号")
	tab.Follow("form.card .button-main")
	tab.Look("confirm-goods")
	tab.Follow("form.order-bar .button-main")
	tab.Look("order-goods")
	id, err := ledger.ParseID(strings.TrimPrefix(tab.Path(), "/mall/orders/"))
	must(t, err)
	tab.Follow(`a[href$="/cancel"]`)
	tab.Look("order-cancel")
	tab.Follow(".button-bad")
	tab.Look("order-cancelled")
	if o, err := k.Order(context.Background(), id); err != nil || o.Status != shop.Cancelled {
		t.Errorf("the order is %+v, %v", o, err)
	}
}
