package malltest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/mall"
)

// Run checks that a store keeps the promises of [mall.Store]. open returns an
// empty store and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) mall.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, mall.Store)
	}{
		{"categories and products change by one version at a time", versions},
		{"products are filtered, found and paged", browsing},
		{"a proposal is decided once, with what it is about", proposing},
		{"a picture is there once", picturing},
		{"a claim is decided once, and an order has one at a time", claiming},
		{"stock changes by one at a time and is never below zero", stocking},
		{"codes are there once and given once", codes},
		{"an order comes back as it was", roundTrip},
		{"an order takes its stock once, or none", ordering},
		{"the stock of an order moves once", moving},
		{"five hundred for a hundred", race},
		{"orders are filtered and paged", listing},
		{"unfinished orders are found when they are due", unfinished},
		{"a return counts once", returning},
		{"sales are added up by month and product", sales},
		{"what is not there is not found", missing},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func versions(t *testing.T, s mall.Store) {
	ctx := context.Background()
	c := &mall.Category{ID: "home", Name: mall.Text{ZH: "家", EN: "Home"}, Shelf: 3, Version: 1}
	must(t, s.SaveCategory(ctx, c, change("home", mall.ChangedCategory, 1)))
	if err := s.SaveCategory(ctx, c, change("home", mall.ChangedCategory, 1)); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("the same version of a category again: %v", err)
	}
	c.Version, c.Shelf = 2, 1
	must(t, s.SaveCategory(ctx, c, change("home", mall.ChangedCategory, 2)))
	all, err := s.Categories(ctx)
	must(t, err)
	if len(all) != 1 || !reflect.DeepEqual(all[0], c) {
		t.Errorf("categories are %+v", all)
	}

	p := Product("lamp", mall.Goods)
	p.Tiers, p.Bonus, p.SaleUntil = []string{"gold"}, mall.Ratio{Num: 6, Den: 5}, 99
	p.Exclusive, p.Picture = true, "led-bulbs"
	p.Prices = append(p.Prices, mall.Price{Tier: "gold", Channel: "app", Points: 50, Fen: 20})
	must(t, s.SaveProduct(ctx, p, change("lamp", mall.ChangedProduct, 1)))
	got, err := s.Product(ctx, "lamp")
	must(t, err)
	if !reflect.DeepEqual(got, p) {
		t.Errorf("product\n got %+v\nwant %+v", got, p)
	}
	stockIs(t, s, "lamp", 0, 0, 0)
	p.Version, p.Name = 3, mall.Text{ZH: "台灯", EN: "Desk light"}
	if err := s.SaveProduct(ctx, p, change("lamp", mall.ChangedProduct, 3)); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("a version left out: %v", err)
	}
	p.Version = 2
	must(t, s.SaveProduct(ctx, p, change("lamp", mall.ChangedProduct, 2)))
	late := Product("lamp", mall.Goods)
	late.Version, late.Name = 2, mall.Text{ZH: "旧", EN: "Stale"}
	if err := s.SaveProduct(ctx, late, change("lamp", mall.ChangedProduct, 2)); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("a version that is there: %v", err)
	}
	for query, want := range map[string]int{"desk": 1, "bulb": 0, "stale": 0} {
		if all, err := s.Products(ctx, mall.ProductFilter{Wanted: mall.Wanted(query), Limit: 5}); err != nil || len(all) != want {
			t.Errorf("%q finds %d products, %v; want %d", query, len(all), err, want)
		}
	}
	log, err := s.MallChanges(ctx, "lamp")
	must(t, err)
	if len(log) != 2 || !reflect.DeepEqual(log[1], change("lamp", mall.ChangedProduct, 2)) {
		t.Errorf("the log is %+v", log)
	}
}

func browsing(t *testing.T, s mall.Store) {
	ctx := context.Background()
	for i, c := range []struct {
		name mall.Text
		kind mall.Kind
	}{
		{mall.Text{ZH: "空气净化器", EN: "Air purifier"}, mall.Goods}, {mall.Text{ZH: "空调清洗", EN: "Air conditioner cleaning"}, mall.Service},
		{mall.Text{ZH: "电费抵扣券", EN: "Bill credit"}, mall.BillCredit}, {mall.Text{ZH: "Çay demliği", EN: "Tea pot 100% x_y"}, mall.Goods},
	} {
		p := Product(fmt.Sprintf("p-%d", i), c.kind)
		p.Name, p.Summary, p.Shelf = c.name, mall.Text{}, int64(5-i)
		if i == 3 {
			p.SaleFrom, p.Category, p.Exclusive = 100, "other", true
		}
		must(t, s.SaveProduct(ctx, p, change(p.ID, mall.ChangedProduct, 1)))
	}
	for _, c := range []struct {
		query  string
		filter mall.ProductFilter
		want   []string
	}{
		{"", mall.ProductFilter{}, []string{"p-3", "p-2", "p-1", "p-0"}},
		{"", mall.ProductFilter{OnSaleAt: 50}, []string{"p-2", "p-1", "p-0"}},
		{"", mall.ProductFilter{Category: "other"}, []string{"p-3"}},
		{"", mall.ProductFilter{Access: mall.OpenOnly}, []string{"p-2", "p-1", "p-0"}},
		{"", mall.ProductFilter{Access: mall.ExclusiveOnly}, []string{"p-3"}},
		{"", mall.ProductFilter{Kind: mall.Goods}, []string{"p-3", "p-0"}},
		{"air", mall.ProductFilter{}, []string{"p-1", "p-0"}},
		{"AIR pur", mall.ProductFilter{}, []string{"p-0"}},
		{"air", mall.ProductFilter{Kind: mall.Service, OnSaleAt: 5}, []string{"p-1"}},
		{"空", mall.ProductFilter{}, []string{"p-1", "p-0"}},
		{"空调", mall.ProductFilter{}, []string{"p-1"}},
		{"空调 clean", mall.ProductFilter{}, []string{"p-1"}},
		{"电费", mall.ProductFilter{}, []string{"p-2"}},
		{"费电", mall.ProductFilter{}, nil},
		{"ça", mall.ProductFilter{}, []string{"p-3"}},
		{"100%", mall.ProductFilter{}, []string{"p-3"}},
		{"p%r", mall.ProductFilter{}, nil},
		{"' OR 1=1 --", mall.ProductFilter{}, nil},
		{"nothing", mall.ProductFilter{}, nil},
	} {
		c.filter.Wanted = mall.Wanted(c.query)
		if got := everything(t, s, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%q with %+v finds %v, want %v", c.query, c.filter, got, c.want)
		}
	}
}

// everything reads all pages of two.
func everything(t *testing.T, s mall.Store, f mall.ProductFilter) (ids []string) {
	t.Helper()
	f.Limit = 2
	for {
		page, err := s.Products(context.Background(), f)
		must(t, err)
		for _, p := range page {
			ids = append(ids, p.ID)
			f.AfterShelf, f.AfterID = p.Shelf, p.ID
		}
		if len(page) < 2 {
			return ids
		}
	}
}

func stocking(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 5)
	for name, err := range map[string]error{
		"a number that is there": s.AddStock(ctx, 1, change("lamp", mall.ChangedStock, 1)),
		"a number left out":      s.AddStock(ctx, 1, change("lamp", mall.ChangedStock, 3)),
		"more than there is":     s.AddStock(ctx, -6, change("lamp", mall.ChangedStock, 2)),
	} {
		if !errors.Is(err, mall.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, s.AddStock(ctx, -5, change("lamp", mall.ChangedStock, 2)))
	stockIs(t, s, "lamp", 0, 0, 0)
	Stock(t, s, "fan", 7)
	all, err := s.Stocks(ctx, []string{"lamp", "fan", "nothing"})
	must(t, err)
	if len(all) != 2 {
		t.Errorf("stocks are %+v", all)
	}
}

func codes(t *testing.T, s mall.Store) {
	ctx := context.Background()
	for _, id := range []string{"film", "tea"} {
		must(t, s.SaveProduct(ctx, Product(id, mall.Voucher), change(id, mall.ChangedProduct, 1)))
	}
	added, err := s.AddCodes(ctx, []mall.SealedCode{sealed(1), sealed(2), sealed(1)}, change("film", mall.ChangedCodes, 1))
	if err != nil || added != 2 {
		t.Fatalf("%d added, %v", added, err)
	}
	if _, err := s.AddCodes(ctx, []mall.SealedCode{sealed(9)}, change("film", mall.ChangedCodes, 1)); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("a number that is there: %v", err)
	}
	if added, err = s.AddCodes(ctx, []mall.SealedCode{sealed(2), sealed(3)}, change("film", mall.ChangedCodes, 2)); err != nil || added != 1 {
		t.Errorf("%d added, %v; one was there", added, err)
	}
	stockIs(t, s, "film", 3, 0, 0)
	if err := s.GiveCodes(ctx, ID(1), "tea", 1); !errors.Is(err, mall.ErrSoldOut) {
		t.Errorf("codes of a product without: %v", err)
	}
	for range 2 {
		must(t, s.GiveCodes(ctx, ID(1), "film", 2))
	}
	if err := s.GiveCodes(ctx, ID(2), "film", 2); !errors.Is(err, mall.ErrSoldOut) {
		t.Errorf("more than are left: %v", err)
	}
	must(t, s.GiveCodes(ctx, ID(2), "film", 1))
	for n, want := range map[int][]mall.SealedCode{1: {sealed(1), sealed(2)}, 2: {sealed(3)}, 3: nil} {
		if got, err := s.Codes(ctx, ID(n)); err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("order %d has %v, %v; want %v", n, got, err, want)
		}
	}
}

func missing(t *testing.T, s mall.Store) {
	ctx := context.Background()
	errs := map[string]error{}
	_, errs["product"] = s.Product(ctx, "x")
	_, errs["stock"] = s.Stock(ctx, "x")
	errs["stock to add to"] = s.AddStock(ctx, 1, change("x", mall.ChangedStock, 1))
	_, errs["codes to add to"] = s.AddCodes(ctx, []mall.SealedCode{sealed(1)}, change("x", mall.ChangedCodes, 1))
	_, errs["order"] = s.MallOrder(ctx, ID(1))
	_, errs["key"] = s.MallOrderByKey(ctx, "shop", "x")
	_, errs["proposal"] = s.Proposal(ctx, ID(1))
	_, errs["claim"] = s.Claim(ctx, ID(1))
	_, errs["picture"] = s.Picture(ctx, "p-1")
	errs["order to update"] = s.UpdateMallOrder(ctx, Order(1, "x", 1))
	_, errs["return"] = s.Return(ctx, ID(1))
	errs["return to update"] = s.UpdateReturn(ctx, giveBack(1, 2, 1, 0))
	_, errs["order to return"] = s.CreateReturn(ctx, giveBack(1, 2, 1, 0))
	for what, err := range errs {
		if !errors.Is(err, mall.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}
