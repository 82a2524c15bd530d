package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Mall is where members spend points; [mall.Mall] is one, and says which errors
// the methods return.
type Mall interface {
	Now() int64
	Show(ctx context.Context, v mall.Viewer, id string) (*mall.Shown, error)
	Browse(ctx context.Context, v mall.Viewer, f mall.ProductFilter, query string) ([]*mall.Shown, error)
	SaveProduct(ctx context.Context, by string, p *mall.Product) error
	Stock(ctx context.Context, product string) (*mall.Stock, error)
	AddStock(ctx context.Context, by, product string, delta, version int64, reason string) (*mall.Stock, error)
	AddCodes(ctx context.Context, by, product string, version int64, codes []string) (added int64, err error)

	Categories(ctx context.Context) ([]*mall.Category, error)
	SaveCategory(ctx context.Context, by string, c *mall.Category) error
	AddPicture(ctx context.Context, by string, content []byte) (*mall.Picture, error)
	Propose(ctx context.Context, by string, p *mall.Product, note string) (*mall.Proposal, error)
	Approve(ctx context.Context, by string, id ledger.ID) (*mall.Proposal, error)
	Reject(ctx context.Context, by string, id ledger.ID, reason string) (*mall.Proposal, error)
	Proposal(ctx context.Context, id ledger.ID) (*mall.Proposal, error)
	Proposals(ctx context.Context, state mall.ProposalState, before ledger.ID, limit int) ([]*mall.Proposal, error)
	Claims(ctx context.Context, f mall.ClaimFilter) ([]*mall.Claim, error)
	Grant(ctx context.Context, by string, id ledger.ID, restock bool, wait time.Duration) (*mall.Claim, error)
	Decline(ctx context.Context, by string, id ledger.ID, answer string) (*mall.Claim, error)
	Sales(ctx context.Context, from, until ledger.Month, visit func(*mall.Sale) error) error

	Place(ctx context.Context, r mall.Request, wait time.Duration) (o *mall.Order, replayed bool, err error)
	Order(ctx context.Context, id ledger.ID) (*mall.Order, error)
	Orders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error)
	Codes(ctx context.Context, o *mall.Order) ([]string, error)
	Dispatch(ctx context.Context, id ledger.ID, reference string) (*mall.Order, error)
	Cancel(ctx context.Context, id ledger.ID) (*mall.Order, error)
	GiveBack(ctx context.Context, r mall.ReturnRequest, wait time.Duration) (back *mall.Return, replayed bool, err error)
	Returns(ctx context.Context, order ledger.ID) ([]*mall.Return, error)
}

// mallOperations are for the utility's shop. None of them has a caller of a partner:
// no client of one can have the scope.
func (a *API) mallOperations() []operation {
	const products, orders, proposals = "/v1/products", "/v1/orders", "/v1/product_proposals"
	all := []operation{
		{method: http.MethodGet, path: products, handle: a.listProducts},
		{method: http.MethodPost, path: products, handle: withExplained(a.forms.product, saved(a, a.createProduct))},
		{method: http.MethodGet, path: products + "/:product_id", handle: a.getProduct},
		{method: http.MethodPatch, path: products + "/:product_id", handle: withExplained(a.forms.productChange, a.changeProduct)},
		{method: http.MethodGet, path: products + "/:product_id/stock", handle: a.getStock},
		{method: http.MethodPost, path: products + "/:product_id/stock", handle: withExplained(a.forms.stockChange, saved(a, a.changeStock))},
		{method: http.MethodPost, path: products + "/:product_id/codes", handle: withExplained(a.forms.codes, saved(a, a.addCodes))},
		{method: http.MethodGet, path: "/v1/product_categories", handle: a.listCategories},
		{method: http.MethodPut, path: "/v1/product_categories/:category_id", handle: withExplained(a.forms.category, a.saveCategory)},
		{method: http.MethodGet, path: proposals, handle: a.listProposals},
		{method: http.MethodPost, path: proposals, handle: withExplained(a.forms.proposal, saved(a, a.proposeProduct))},
		{method: http.MethodGet, path: proposals + "/:id", handle: a.getProposal},
		{method: http.MethodPost, path: proposals + "/:id/approval", handle: a.approveProposal},
		{method: http.MethodPost, path: proposals + "/:id/rejection", handle: withExplained(a.forms.mallRejection, a.rejectProposal)},
		{method: http.MethodGet, path: "/v1/return_claims", handle: a.listClaims},
		{method: http.MethodPost, path: "/v1/return_claims/:id/grant", handle: withExplained(a.forms.claimGrant, a.grantClaim)},
		{method: http.MethodPost, path: "/v1/return_claims/:id/refusal", handle: withExplained(a.forms.claimRefusal, a.declineClaim)},
		{method: http.MethodPost, path: "/v1/pictures", handle: a.addPicture},
		{method: http.MethodGet, path: "/v1/spending", handle: a.getSpending},
		{method: http.MethodPost, path: orders, limit: converting, handle: withExplained(a.forms.mallOrder, a.createOrder)},
		{method: http.MethodGet, path: orders, handle: a.listOrders},
		{method: http.MethodGet, path: orders + "/:id", handle: a.getOrder},
		{method: http.MethodPost, path: orders + "/:id/shipment", handle: withExplained(a.forms.dispatch, a.dispatchOrder)},
		{method: http.MethodPost, path: orders + "/:id/cancellation", handle: a.cancelOrder},
		{method: http.MethodPost, path: orders + "/:id/returns", handle: withExplained(a.forms.returnGoods, a.createReturn)},
		{method: http.MethodGet, path: orders + "/:id/returns", handle: a.listReturns},
	}
	for i := range all {
		all[i].scope = partners.ScopeMall
		all[i].handle = a.withMall(all[i].handle)
	}
	return all
}

// withMall answers what only a mall can when there is none.
func (a *API) withMall(handle func(*request) (reply, error)) func(*request) (reply, error) {
	return func(r *request) (reply, error) {
		if a.o.Mall == nil {
			return reply{}, later("unavailable", "this gateway has no mall", time.Minute)
		}
		return handle(r)
	}
}

const (
	memberHeader = "PointGrid-Member"
	memberMax    = 64  // bytes
	searchMax    = 200 // characters
)

// memberNamed is the member of the header, empty where it is not there.
func (r *request) memberNamed() (string, error) {
	named := r.c.Request.Header.Values(memberHeader)
	if len(named) == 0 {
		return "", nil
	}
	if len(named) > 1 || named[0] == "" || len(named[0]) > memberMax {
		return "", problem.Invalid(problem.Field{Header: memberHeader, Code: "length", Detail: "must be there once, with 1 to 64 bytes"})
	}
	return named[0], nil
}

// viewer is whose prices are asked for.
func (r *request) viewer(query url.Values) (mall.Viewer, error) {
	channel := query.Get("channel")
	if query.Has("channel") && !mall.ValidChannel(channel) {
		return mall.Viewer{}, problem.Invalid(problem.Parameter("channel", "pattern", "must be a code of 2 to 40 of a-z, 0-9 and -, and begin with a letter"))
	}
	member, err := r.memberNamed()
	return mall.Viewer{Member: member, Channel: channel}, err
}

func (a *API) listProducts(r *request) (reply, error) {
	query, err := r.query("channel", "q", "category", "kind", "on_sale", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	v, err := r.viewer(query)
	if err != nil {
		return reply{}, err
	}
	kind, wrong := oneOf(query, "kind", "bill_credit", "goods", "voucher", "partner_points", "service")
	onSale, bad := oneOf(query, "on_sale", "true", "false")
	wrong = append(wrong, bad...)
	if query.Has("category") && !mall.ValidCategory(query.Get("category")) {
		wrong = append(wrong, problem.Parameter("category", "pattern", "must be a code of 2 to 40 of a-z, 0-9 and -, and begin with a letter"))
	}
	if utf8.RuneCountInString(query.Get("q")) > searchMax {
		wrong = append(wrong, problem.Parameter("q", "length", "must have at most 200 characters"))
	}
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	f := mall.ProductFilter{Category: query.Get("category"), Kind: mall.Kind(kind), Limit: page.limit}
	if onSale != "false" {
		f.OnSaleAt = a.o.Mall.Now()
	}
	if len(page.after) > 8 {
		f.AfterShelf, f.AfterID = int64(binary.BigEndian.Uint64(page.after)), string(page.after[8:])
	}
	found, err := a.o.Mall.Browse(r.context(), v, f, query.Get("q"))
	if err != nil {
		return reply{}, err
	}
	return a.productPage(r, page, found), nil
}

func (a *API) productPage(r *request, page page, found []*mall.Shown) reply {
	out := MallProductPage{Products: make([]MallProduct, 0, len(found))}
	var last []byte
	for _, s := range found {
		out.Products = append(out.Products, *a.renderProduct(s))
		last = append(binary.BigEndian.AppendUint64(nil, uint64(s.Product.Shelf)), s.Product.ID...)
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last)
	return answer
}

func (a *API) getProduct(r *request) (reply, error) {
	query, err := r.query("channel")
	if err != nil {
		return reply{}, err
	}
	v, err := r.viewer(query)
	if err != nil {
		return reply{}, err
	}
	return a.shown(r, v, r.c.Param("product_id"))
}

func (a *API) shown(r *request, v mall.Viewer, id string) (reply, error) {
	s, err := a.o.Mall.Show(r.context(), v, id)
	if err != nil {
		return reply{}, err
	}
	return ok(a.renderProduct(s)), nil
}

func (a *API) createProduct(r *request, b MallProductRequest) (reply, error) {
	p, err := b.product()
	if err != nil {
		return reply{}, err
	}
	if err := a.o.Mall.SaveProduct(r.context(), r.party.Client, p); err != nil {
		return reply{}, err
	}
	answer, err := a.shown(r, mall.Viewer{}, p.ID)
	answer.status, answer.location = http.StatusCreated, "/v1/products/"+p.ID
	return answer, err
}

// product is the one that a body describes.
func (b *MallProductRequest) product() (*mall.Product, error) {
	p := &mall.Product{ID: b.ID, Kind: mall.Kind(b.Kind), Category: b.Category, Name: readText(b.Name), Summary: readText(b.Summary),
		Description: readText(b.Description), Partner: b.Partner, Prices: readPrices(b.Prices), Bonus: readRatio(&b.Bonus),
		Shelf: int64(b.Shelf), Tiers: b.Tiers, QuantityMax: int64(b.QuantityMax), BillFen: digits(b.BillFen), Exclusive: b.Exclusive, Picture: b.Picture,
		Listed: b.Listed, Version: 1}
	return p, readSale(p, &b.SaleFrom, &b.SaleUntil)
}

func (a *API) changeProduct(r *request, b MallProductChange) (reply, error) {
	p, err := a.changed(r, r.c.Param("product_id"), &b)
	if err != nil {
		return reply{}, err
	}
	if err := a.o.Mall.SaveProduct(r.context(), r.party.Client, p); err != nil {
		return reply{}, err
	}
	return a.shown(r, mall.Viewer{}, p.ID)
}

// changed is the next version of a product, with a change.
func (a *API) changed(r *request, id string, b *MallProductChange) (*mall.Product, error) {
	s, err := a.o.Mall.Show(r.context(), mall.Viewer{}, id)
	if err != nil {
		return nil, err
	}
	p := s.Product
	if p.Version != b.Version {
		return nil, mall.ErrChanged
	}
	p.Version++
	return p, b.apply(p)
}

func (b *MallProductChange) apply(p *mall.Product) error {
	set(&p.Category, b.Category)
	set(&p.Listed, b.Listed)
	set(&p.Tiers, b.Tiers)
	set(&p.Exclusive, b.Exclusive)
	set(&p.Picture, b.Picture)
	if b.BillFen != nil {
		p.BillFen = digits(*b.BillFen)
	}
	for to, from := range map[*mall.Text]*MallText{&p.Name: b.Name, &p.Summary: b.Summary, &p.Description: b.Description} {
		if from != nil {
			*to = readText(*from)
		}
	}
	if b.Prices != nil {
		p.Prices = readPrices(b.Prices)
	}
	if b.Bonus != nil {
		p.Bonus = readRatio(b.Bonus)
	}
	if b.Shelf != nil {
		p.Shelf = int64(*b.Shelf)
	}
	if b.QuantityMax != nil {
		p.QuantityMax = int64(*b.QuantityMax)
	}
	return readSale(p, b.SaleFrom, b.SaleUntil)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (a *API) getStock(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	s, err := a.o.Mall.Stock(r.context(), r.c.Param("product_id"))
	if err != nil {
		return reply{}, err
	}
	return ok(renderStock(s)), nil
}

func (a *API) changeStock(r *request, b MallStockChange) (reply, error) {
	delta, err := strconv.ParseInt(b.Delta, 10, 64)
	if err != nil {
		return reply{}, err // the schema has at most ten digits
	}
	s, err := a.o.Mall.AddStock(r.context(), r.party.Client, r.c.Param("product_id"), delta, b.Version, b.Reason)
	if err != nil {
		return reply{}, err
	}
	return ok(renderStock(s)), nil
}

func (a *API) addCodes(r *request, b MallCodes) (reply, error) {
	product := r.c.Param("product_id")
	added, err := a.o.Mall.AddCodes(r.context(), r.party.Client, product, b.Version, b.Codes)
	if err != nil {
		return reply{}, err
	}
	s, err := a.o.Mall.Stock(r.context(), product)
	if err != nil {
		return reply{}, err
	}
	return ok(&MallCodesAdded{Added: added, Stock: *renderStock(s)}), nil
}
