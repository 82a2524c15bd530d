package mall

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/mall"
)

// offerLine is one way to pay for a unit.
type offerLine struct {
	Value       string // in the form
	Points, Fen int64
	List        int64 // in points without the bonus, 0 if there is none
	Chosen      bool
	Short       int64 // points that the member lacks for one unit
}

// productBody is what the page of a product shows: the product, and the form with
// what was filled in and what is wrong with it.
type productBody struct {
	Card       card
	Kind       mall.Kind
	Paragraphs []string
	Offers     []offerLine
	Quantities []int64
	BillFen    int64
	Usable     int64
	Form       orderForm
	Wrong      map[string]string // words by field
	OnSale     bool
	Unlinked   bool // partner points, and the member has no account there
	Sandbox    bool
}

// quantityList is how many units a list offers; more are rarely wanted by one member.
const quantityList = 20

func (m *Mall) showProduct(v *visit) error {
	s, err := m.o.Shop.Show(v.r.Context(), viewer(v), v.r.PathValue("product"))
	if err != nil {
		return err
	}
	form := orderForm{Quantity: 1}
	if len(s.Offers) > 0 {
		first := inPoints(s.Offers)
		form.Points, form.Fen = first.Points, first.Fen
	}
	if err := m.remember(v, s.Product.Kind, &form); err != nil {
		return err
	}
	return m.productPage(v, http.StatusOK, s, form, nil)
}

func (m *Mall) productPage(v *visit, status int, s *mall.Shown, form orderForm, wrong map[string]string) error {
	p, err := m.purse(v)
	if err != nil {
		return err
	}
	b := productBody{Card: m.card(v, s), Kind: s.Product.Kind, BillFen: s.Product.BillFen, Usable: p.Usable, Form: form, Wrong: wrong,
		OnSale: s.Product.OnSale(m.o.Shop.Now()), Sandbox: m.o.Sandbox}
	for line := range strings.SplitSeq(pick(v.lang, s.Product.Description), "\n") {
		if strings.TrimSpace(line) != "" {
			b.Paragraphs = append(b.Paragraphs, line)
		}
	}
	slices.SortStableFunc(s.Offers, func(a, b mall.Offer) int { return cmp.Compare(a.Fen, b.Fen) })
	for _, o := range s.Offers {
		line := offerLine{Value: offerValue(o.Points, o.Fen), Points: o.Points, Fen: o.Fen, Chosen: o.Points == form.Points && o.Fen == form.Fen,
			Short: max(o.Points-p.Usable, 0)}
		if o.List > o.Points {
			line.List = o.List
		}
		b.Offers = append(b.Offers, line)
	}
	most := min(s.Product.QuantityMax, quantityList)
	if s.Available >= 0 {
		most = min(most, s.Available)
	}
	for n := int64(1); n <= most; n++ {
		b.Quantities = append(b.Quantities, n)
	}
	if s.Product.Kind == mall.PartnerPoints && m.o.Linked != nil {
		linked, err := m.o.Linked(v.r.Context(), v.Member, s.Product.Partner)
		if err != nil {
			return err
		}
		b.Unlinked = !linked
	}
	return m.showStatus(v, status, "product", b)
}

// remember fills in what the member gave the last time: few people move house
// between two orders.
func (m *Mall) remember(v *visit, k mall.Kind, form *orderForm) error {
	if k != mall.BillCredit && k != mall.Goods {
		return nil
	}
	orders, err := m.o.Shop.Orders(v.r.Context(), mall.OrderFilter{Member: v.Member, Limit: 20})
	if err != nil {
		return err
	}
	for _, o := range orders {
		switch {
		case k == mall.BillCredit && o.ContractAccount != "" && o.Status == mall.Fulfilled:
			form.Contract = o.ContractAccount
			return nil
		case k == mall.Goods && o.Kind == k && o.Address != nil:
			form.Address = *o.Address
			return nil
		}
	}
	return nil
}

func offerValue(points, fen int64) string { return fmt.Sprintf("%d-%d", points, fen) }

// orderForm is what a member fills in.
type orderForm struct {
	Quantity, Points, Fen int64
	Contract              string
	Address               mall.Address
}

// readOrderForm reads it out of a form that was sent. What cannot be read is left
// at zero, which the mall refuses.
func readOrderForm(form url.Values) (f orderForm) {
	points, fen, _ := strings.Cut(form.Get("offer"), "-")
	f.Quantity, f.Points, f.Fen = whole(form.Get("quantity")), whole(points), whole(fen)
	f.Contract = strings.TrimSpace(form.Get("contract"))
	f.Address = mall.Address{Name: strings.TrimSpace(form.Get("name")), Phone: strings.TrimSpace(form.Get("phone")),
		Region: strings.TrimSpace(form.Get("region")), Street: strings.TrimSpace(form.Get("street"))}
	return f
}

func whole(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Bounds of the fields, in bytes, are those of [mall.Address].
const (
	nameMax, phoneMax    = 100, 30
	regionMax, streetMax = 200, 400
	contractMax          = 40
)

// check says, by field, what is missing or too long.
func (f *orderForm) check(k mall.Kind) map[string]string {
	wrong := map[string]string{}
	field := func(name, value string, most int, needed bool) {
		switch {
		case needed && value == "":
			wrong[name] = "mall.shop.wrong.empty"
		case len(value) > most:
			wrong[name] = "mall.shop.wrong.long"
		case strings.ContainsFunc(value, func(r rune) bool {
			return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfffd
		}):
			wrong[name] = "mall.shop.wrong.characters"
		}
	}
	if k == mall.BillCredit {
		field("contract", f.Contract, contractMax, true)
	}
	if k == mall.Goods || k == mall.Service && f.Address != (mall.Address{}) {
		field("name", f.Address.Name, nameMax, true)
		field("phone", f.Address.Phone, phoneMax, true)
		field("region", f.Address.Region, regionMax, true)
		field("street", f.Address.Street, streetMax, true)
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}
