package mall_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	shop "github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/session"
)

// The size at which pages must be quick.
const (
	benchMembers  = 100_000
	benchProducts = 1_000
	benchSessions = 500
)

// crowd is a large mall with members who are signed in.
type crowd struct {
	*world
	cookies []string
}

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	w, k := newMarket(b)
	c := &crowd{world: w}
	kinds := []shop.Kind{shop.Goods, shop.BillCredit, shop.Service, shop.Voucher, shop.PartnerPoints}
	for i := range benchProducts {
		p := product(fmt.Sprintf("product-%04d", i), kinds[i%len(kinds)], int64(100+i))
		p.Shelf = min(int64(i/10+1), shop.ShelfMax)
		p.Description = shop.Text{ZH: "一段介绍商品的文字。", EN: "A paragraph about the product, as long as such paragraphs are."}
		stock := int64(50)
		if !p.Kind.Stocked() {
			stock = 0
		}
		k.put(b, p, stock)
	}
	for _, category := range []string{"electricity", "home", "leisure"} {
		must(b, k.SaveCategory(context.Background(), "ops", &shop.Category{ID: category, Name: shop.Text{ZH: category, EN: category}, Version: 1}))
	}
	c.populate()
	return c
}

// populate gives everybody points and lets some sign in.
func (c *crowd) populate() {
	c.t.Helper()
	const batch = 1000
	for from := 0; from < benchMembers; from += batch {
		commands := make([]ledger.Command, batch)
		for i := range commands {
			commands[i] = ledger.Command{ID: c.newID(), Body: &ledger.Issue{Account: c.account(fmt.Sprint("M-", from+i)), Amount: 5_000, Expiry: c.month() + 6}}
		}
		_, err := c.ledger.Submit(context.Background(), utility, commands...)
		must(c.t, err)
	}
	for n := range benchSessions {
		v, err := c.sessions.Open(context.Background(), fmt.Sprint("M-", n*(benchMembers/benchSessions)), session.Person{Name: "李小明"}, "")
		must(c.t, err)
		rec := httptest.NewRecorder()
		c.mall.SessionCookie(rec, v.Token)
		c.cookies = append(c.cookies, rec.Result().Cookies()[0].Name+"="+v.Token)
	}
}

// ask fetches a page as the n-th member and returns how long that took.
func (c *crowd) ask(n int, path string) time.Duration {
	r, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	must(c.t, err)
	r.Header.Set("Cookie", c.cookies[n%len(c.cookies)])
	began := time.Now()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	var sink [4096]byte
	for err == nil {
		_, err = resp.Body.Read(sink[:])
	}
	if resp.StatusCode != http.StatusOK {
		c.t.Errorf("%s: %d", path, resp.StatusCode)
	}
	return time.Since(began)
}

// walk is what members look at, one page after another.
func walk(n int) string {
	switch n % 5 {
	case 0:
		return mall.Area + "/shelves"
	case 1:
		return mall.Area + "/shelves?category=home&after=40.product-0399"
	case 2:
		return mall.Area + fmt.Sprintf("/products/product-%04d", n%benchProducts)
	case 3:
		return mall.Area + "/shelves?q=product-07"
	}
	return mall.Area + "/orders"
}

// BenchmarkMallPages shows what each page costs, one after another, over HTTP.
func BenchmarkMallPages(b *testing.B) {
	c := newCrowd(b)
	for name, path := range map[string]func(int) string{
		"shelves": func(int) string { return mall.Area + "/shelves" },
		"product": func(n int) string { return mall.Area + fmt.Sprintf("/products/product-%04d", n%benchProducts) },
		"search":  func(int) string { return mall.Area + "/shelves?q=product-07" },
		"orders":  func(int) string { return mall.Area + "/orders" },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				c.ask(n, path(n))
			}
		})
	}
}

// BenchmarkMallAt200 asks for 200 pages a second, whether the ones before were
// answered or not, and reports the times of answers.
func BenchmarkMallAt200(b *testing.B) {
	c := newCrowd(b)
	const rate = 200
	b.ResetTimer()
	took := make([]time.Duration, b.N)
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	var wg sync.WaitGroup
	for n := range b.N {
		<-tick.C
		wg.Go(func() { took[n] = c.ask(n, walk(n)) })
	}
	wg.Wait()
	slices.Sort(took)
	ms := func(share int) float64 { return float64(took[(len(took)-1)*share/1000].Microseconds()) / 1000 }
	b.ReportMetric(ms(500), "p50-ms")
	b.ReportMetric(ms(990), "p99-ms")
	b.ReportMetric(ms(1000), "max-ms")
}
