package mall

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/page"
)

func (m *Mall) shopLeaves() []leaf {
	if m.o.Shop == nil {
		return nil
	}
	return []leaf{
		{http.MethodGet, "/shelves", m.showShelves},
		{http.MethodGet, "/products/{product}", m.showProduct},
		{http.MethodPost, "/products/{product}/confirm", m.confirmOrder},
		{http.MethodGet, "/orders", m.showOrders},
		{http.MethodPost, "/orders", m.placeOrder},
		{http.MethodGet, "/orders/{order}", m.showOrder},
		{http.MethodGet, "/orders/{order}/proof", m.showProof},
		{http.MethodGet, "/orders/{order}/cancel", m.askCancel},
		{http.MethodPost, "/orders/{order}/cancel", m.cancelOrder},
		{http.MethodGet, "/orders/{order}/return", m.askReturn},
		{http.MethodPost, "/orders/{order}/return", m.claimReturn},
	}
}

// channel is where these pages are, for prices of the utility's own channels.
const channel = "app"

func viewer(v *visit) mall.Viewer { return mall.Viewer{Member: v.Member, Channel: channel} }

// pick is a text in a language.
func pick(l page.Language, t mall.Text) string {
	if l == page.Chinese {
		return t.ZH
	}
	return t.EN
}

// shelfPage is how many products a page has: two, three and four columns come out.
const shelfPage = 24

// card is a product as a shelf has it.
type card struct {
	ID, Name, Summary string
	Picture           string // URL
	Company           string // empty for electricity's own
	Points, Fen       int64  // of the cheapest offer
	More              bool   // there is another offer
	Was               int64  // what others pay, if that is more
	Tier              bool   // because of the member's tier, and not of the channel
	Factor            string // how many times a point counts, such as 1.2
	Left              int64  // -1 where that is not limited
	Ends              string // how long it is still sold
	Closed            string // why the member cannot order it now: "sold_out" or "tier"
	Exclusive         bool
}

// few is from where on a card says how many are left.
const few = 10

// Few reports whether hardly any are left.
func (c card) Few() bool { return c.Left > 0 && c.Left <= few }

func (m *Mall) card(v *visit, s *mall.Shown) card {
	p := s.Product
	c := card{ID: p.ID, Name: pick(v.lang, p.Name), Summary: pick(v.lang, p.Summary), Picture: pictureURL(p.Picture, p.Kind), Left: s.Available,
		Exclusive: p.Exclusive, Company: m.company(v, p.Partner), Factor: factor(p.Bonus), Ends: m.ends(v, p)}
	if len(s.Offers) > 0 {
		first := s.Offers[0]
		c.Points, c.Fen, c.More = first.Points, first.Fen, len(s.Offers) > 1
		c.Was, c.Tier = others(s)
	}
	switch {
	case s.Available == 0:
		c.Closed = "sold_out"
	case !s.ForYou:
		c.Closed = "tier"
	}
	return c
}

// others is what somebody without a tier pays elsewhere for the same offer, 0 unless
// that is more, and whether the tier makes the difference.
func others(s *mall.Shown) (was int64, tier bool) {
	first := s.Offers[0]
	for _, o := range s.List {
		if o.Fen == first.Fen && o.Points > first.Points {
			was = o.Points
		}
	}
	for _, price := range s.Product.Prices {
		tier = tier || price.Tier != "" && price.Points == first.List && price.Fen == first.Fen
	}
	return was, tier && was > 0
}

// factor writes a ratio with at most two decimals, rounded down: 6/5 is 1.2.
func factor(r mall.Ratio) string {
	if r.Den < 1 || r.Num <= r.Den {
		return ""
	}
	text := page.Amount(r.Num*100/r.Den, 2)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func (m *Mall) company(v *visit, code string) string {
	if code == "" || m.o.CompanyName == nil {
		return code
	}
	return m.o.CompanyName(code, v.lang)
}

// ends says how long a product is still sold, empty when that is far away.
func (m *Mall) ends(v *visit, p *mall.Product) string {
	left := time.Duration(p.SaleUntil-m.o.Shop.Now()) * time.Millisecond
	switch {
	case p.SaleUntil == 0 || left > 60*24*time.Hour:
		return ""
	case left >= 48*time.Hour:
		return m.say(v, "mall.shop.ends_days", "n", int64(left/(24*time.Hour)))
	case left >= 2*time.Hour:
		return m.say(v, "mall.shop.ends_hours", "n", int64(left/time.Hour))
	}
	return m.say(v, "mall.shop.ends_minutes", "n", max(int64(left/time.Minute), 1))
}

// chip is a choice of a category.
type chip struct {
	Name, Href string
	Current    bool
}

// shelvesBody is what a page of shelves shows.
type shelvesBody struct {
	Query    string
	Title    string // of what was chosen
	Category string
	Chips    []chip
	First    []card // electricity's own shelf
	Rest     []card
	Usable   int64
	Shut     bool   // there is an exclusive shelf, and it is not open to the member
	Home     string // where the first page is, when this is another
	Next     string
}

func (m *Mall) showShelves(v *visit) error {
	query := v.r.URL.Query()
	f, err := m.shelfFilter(query)
	if err != nil {
		return err
	}
	found, err := m.o.Shop.Browse(v.r.Context(), viewer(v), f, query.Get("q"))
	if err != nil {
		return err
	}
	b := shelvesBody{Query: query.Get("q"), Category: query.Get("category")}
	if len(found) > shelfPage {
		found = found[:shelfPage]
		b.Next = nextPage(query, found[shelfPage-1].Product)
	}
	if query.Has("after") {
		b.Home = pageOf(query, "")
	}
	plain := b.Query == "" && b.Category == "" && f.Access == mall.AnyAccess && b.Home == ""
	for _, s := range found {
		if plain && s.Product.Shelf == 0 {
			b.First = append(b.First, m.card(v, s))
		} else {
			b.Rest = append(b.Rest, m.card(v, s))
		}
	}
	if err := m.around(v, &b, f.Access); err != nil {
		return err
	}
	return m.show(v, "shelves", b)
}

// around adds what stands around the products.
func (m *Mall) around(v *visit, b *shelvesBody, access mall.Access) error {
	categories, err := m.o.Shop.Categories(v.r.Context())
	if err != nil {
		return err
	}
	standing, err := m.o.Shop.Standing(v.r.Context(), v.Member)
	if err != nil {
		return err
	}
	p, err := m.purse(v)
	if err != nil {
		return err
	}
	b.Usable = p.Usable
	exclusive := access == mall.ExclusiveOnly
	b.Shut = exclusive && !standing.Exclusive
	b.Chips = []chip{{m.say(v, "mall.shop.all"), Area + "/shelves", b.Category == "" && !exclusive && b.Query == ""}}
	for _, c := range categories {
		name := pick(v.lang, c.Name)
		b.Chips = append(b.Chips, chip{name, Area + "/shelves?category=" + url.QueryEscape(c.ID), c.ID == b.Category})
		if c.ID == b.Category {
			b.Title = name
		}
	}
	b.Chips = append(b.Chips, chip{m.say(v, "mall.shop.exclusive"), Area + "/shelves?shelf=exclusive", exclusive})
	if exclusive {
		b.Title = m.say(v, "mall.shop.exclusive")
	}
	return nil
}

// queryMax bounds what is searched for, in bytes.
const queryMax = 200

// shelfFilter reads what is asked for. What no page of ours asks for is not there.
func (m *Mall) shelfFilter(query url.Values) (f mall.ProductFilter, err error) {
	f = mall.ProductFilter{Category: query.Get("category"), OnSaleAt: m.o.Shop.Now(), Limit: shelfPage + 1}
	switch query.Get("shelf") {
	case "":
	case "exclusive":
		f.Access = mall.ExclusiveOnly
	default:
		return f, errNotFound
	}
	if len(f.Category) > 40 || len(query.Get("q")) > queryMax {
		return f, errNotFound
	}
	if query.Has("after") {
		shelf, id, _ := strings.Cut(query.Get("after"), ".")
		if f.AfterShelf, err = strconv.ParseInt(shelf, 10, 16); err != nil || len(id) > 40 {
			return f, errNotFound
		}
		f.AfterID = cmp.Or(id, "-")
	}
	return f, nil
}

func nextPage(query url.Values, last *mall.Product) string {
	return pageOf(query, strconv.FormatInt(last.Shelf, 10)+"."+last.ID)
}

// pageOf is where another page of the same products is.
func pageOf(query url.Values, after string) string {
	next := url.Values{}
	for _, name := range []string{"q", "category", "shelf"} {
		if query.Get(name) != "" {
			next.Set(name, query.Get(name))
		}
	}
	if after != "" {
		next.Set("after", after)
	}
	return strings.TrimSuffix(Area+"/shelves?"+next.Encode(), "?")
}
