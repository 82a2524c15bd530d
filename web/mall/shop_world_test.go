package mall_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	shop "github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backoffice"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page"
)

// market is a mall for the pages, whose billing system and payment provider are
// reached over HTTP.
type market struct {
	*shop.Mall
	back   *backsim.System
	bourse *bourse
}

// standings: M-7 is gold and M-8 platinum.
type standings struct{}

func (standings) StandingOf(_ context.Context, member string) (shop.Standing, error) {
	return map[string]shop.Standing{"M-7": {Tier: "gold", Exclusive: true}, "M-8": {Tier: "platinum", Exclusive: true, Fast: true}}[member], nil
}

// bourse sells partner points to who is linked.
type bourse struct{ linked map[string]bool }

func (b *bourse) Convert(_ context.Context, p shop.Purchase) (shop.Answer, error) {
	if !b.linked[p.Member] {
		return shop.Answer{Outcome: shop.Declined, Code: "link_missing"}, nil
	}
	return shop.Answer{Outcome: shop.Done, Reference: "0198c5a1-8000-7c3a-9d0e-3f1f6a2b4c50"}, nil
}

// newMarket opens a world with a mall in it.
func newMarket(t testing.TB) (*world, *market) {
	t.Helper()
	k := &market{bourse: &bourse{linked: map[string]bool{}}}
	w := newWorld(t, func(w *world, o *mall.Options) {
		k.open(w)
		o.Shop, o.Sandbox = k, true
		o.Linked = func(_ context.Context, member, _ string) (bool, error) { return k.bourse.linked[member], nil }
		o.CompanyName = func(code string, l page.Language) string {
			return map[page.Language]string{page.Chinese: "云航", page.English: "Sky Air"}[l]
		}
	})
	return w, k
}

func (k *market) open(w *world) {
	k.back = backsim.New(func(member, account string) bool {
		return strings.TrimPrefix(member, "M-") == strings.TrimPrefix(account, "C-")
	})
	server := httptest.NewServer(k.back.Handler(nil))
	w.t.Cleanup(server.Close)
	office, err := backoffice.New(backoffice.Options{URL: server.URL, Timeout: time.Second})
	must(w.t, err)
	k.Mall, err = shop.New(shop.Options{Ledger: w.ledger, Identity: utility, Store: w.store, Billing: office, Payments: office, Exchange: k.bourse,
		Tiers: standings{}, Members: memberstest.NewKnown(accountKey), CodeKey: make([]byte, 32), RescanEvery: 20 * time.Millisecond, RetryFirst: time.Millisecond,
		RetryMax: 20 * time.Millisecond, Now: w.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	must(w.t, err)
	must(w.t, k.Start(context.Background()))
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = k.Close(ctx)
	})
}

func product(id string, kind shop.Kind, points int64) *shop.Product {
	p := &shop.Product{ID: id, Kind: kind, Category: "home", Name: shop.Text{ZH: "商品 " + id, EN: "Product " + id}, Summary: shop.Text{ZH: "说明", EN: "About it"},
		Prices: []shop.Price{{Points: points}}, Shelf: 10, QuantityMax: 5, Listed: true, Version: 1}
	switch kind {
	case shop.BillCredit:
		p.BillFen, p.Shelf, p.Category, p.Bonus, p.Picture = 1000, 0, "electricity", shop.Ratio{Num: 6, Den: 5}, "bill-credit"
	case shop.PartnerPoints:
		p.Partner = "sky"
	}
	return p
}

// put stocks a product.
func (k *market) put(t testing.TB, p *shop.Product, stock int64) {
	t.Helper()
	ctx := context.Background()
	must(t, k.SaveProduct(ctx, "ops", p))
	switch {
	case stock == 0:
	case p.Kind == shop.Voucher:
		codes := make([]string, stock)
		for i := range codes {
			codes[i] = fmt.Sprintf("%s-CODE-%d", strings.ToUpper(p.ID), i)
		}
		_, err := k.AddCodes(ctx, "ops", p.ID, 0, codes)
		must(t, err)
	default:
		_, err := k.AddStock(ctx, "ops", p.ID, stock, 0, "first delivery")
		must(t, err)
	}
}

// furnish puts something of every kind on the shelves.
func (k *market) furnish(t testing.TB) {
	t.Helper()
	for i, c := range []shop.Category{{ID: "electricity", Name: shop.Text{ZH: "电力专区", EN: "Electricity"}}, {ID: "home", Name: shop.Text{ZH: "家居", EN: "Home"}}} {
		c.Version, c.Shelf = 1, int64(i)
		must(t, k.SaveCategory(context.Background(), "ops", &c))
	}
	k.put(t, product("bill", shop.BillCredit, 1200), 0)
	lamp := product("lamp", shop.Goods, 500)
	lamp.Prices = append(lamp.Prices, shop.Price{Points: 200, Fen: 990}, shop.Price{Tier: "gold", Points: 400})
	lamp.Description = shop.Text{ZH: "第一行\n第二行", EN: "One line\nAnother <b>line</b>"}
	k.put(t, lamp, 5)
	k.put(t, product("film", shop.Voucher, 300), 3)
	k.put(t, product("audit", shop.Service, 800), 3)
	k.put(t, product("miles", shop.PartnerPoints, 100), 0)
	k.put(t, product("gone", shop.Goods, 100), 0)
	gold := product("piano", shop.Goods, 900)
	gold.Exclusive = true
	k.put(t, gold, 2)
}

// rich is a member with points.
func (w *world) rich(n int, points int64) string {
	w.t.Helper()
	member := fmt.Sprint("M-", n)
	w.earn(member, points, 6)
	return member
}

func (k *market) orders(t testing.TB, member string) []*shop.Order {
	t.Helper()
	all, err := k.Orders(context.Background(), shop.OrderFilter{Member: member, Limit: 50})
	must(t, err)
	return all
}

func (w *world) has(member string) (usable, held int64) {
	w.t.Helper()
	state, err := w.ledger.Account(context.Background(), w.account(member))
	must(w.t, err)
	for _, l := range state.Lots {
		usable += l.Amount
	}
	for _, h := range state.Holds {
		held += h.Amount
	}
	return usable, held
}
