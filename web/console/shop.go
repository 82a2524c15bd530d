package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
)

// Shop is the mall as its staff see it; [mall.Mall] is one.
type Shop interface {
	Show(ctx context.Context, v mall.Viewer, id string) (*mall.Shown, error)
	Propose(ctx context.Context, by string, p *mall.Product, note string) (*mall.Proposal, error)
	Approve(ctx context.Context, by string, id ledger.ID) (*mall.Proposal, error)
	Reject(ctx context.Context, by string, id ledger.ID, reason string) (*mall.Proposal, error)
	Proposals(ctx context.Context, state mall.ProposalState, before ledger.ID, limit int) ([]*mall.Proposal, error)
	Order(ctx context.Context, id ledger.ID) (*mall.Order, error)
	Orders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error)
	Dispatch(ctx context.Context, id ledger.ID, reference string) (*mall.Order, error)
	Claims(ctx context.Context, f mall.ClaimFilter) ([]*mall.Claim, error)
	Grant(ctx context.Context, by string, id ledger.ID, restock bool, wait time.Duration) (*mall.Claim, error)
	Decline(ctx context.Context, by string, id ledger.ID, answer string) (*mall.Claim, error)
}

// shopkeepers send orders off and answer claims.
var shopkeepers = []signin.Role{signin.Maker, signin.Checker, signin.Support}

func (c *Console) shopLeaves() []leaf {
	if c.o.Shop == nil {
		return nil
	}
	get, post := http.MethodGet, http.MethodPost
	return []leaf{
		{get, "/shop", c.showShop, shopkeepers, 0},
		{post, "/shop/prices", c.proposePrice, makers, 0},
		{post, "/shop/proposals/{proposal}/approve", c.approvePrice, checkers, 0},
		{post, "/shop/proposals/{proposal}/reject", c.rejectPrice, deciders, 0},
		{post, "/shop/orders/{sent}/sent", c.sendOrder, shopkeepers, 0},
		{post, "/shop/claims/{claim}/grant", c.grantClaim, shopkeepers, 0},
		{post, "/shop/claims/{claim}/decline", c.declineClaim, shopkeepers, 0},
	}
}

// shopList bounds each list of the page; the oldest work is at hand first.
const shopList = 50

// priceChange is a proposal as who decides sees it.
type priceChange struct {
	*mall.Proposal
	Name string
	New  bool
	Was  []mall.Price // as it stands now
	// Others are what else would change, field by field: a price that stays says nothing
	// of what it buys.
	Others []string
	Mine   bool // the reader made it, and cannot approve it
}

// waitingOrder is one that people are to send off or carry out.
type waitingOrder struct {
	*mall.Order
	Name string
}

// openClaim is a member's wish to return something.
type openClaim struct {
	*mall.Claim
	Name   string
	Points int64
	Fen    int64
}

// shopBody is what the page about the mall shows, and what was typed.
type shopBody struct {
	Changes                  []priceChange
	Queue                    []waitingOrder
	Claims                   []openClaim
	CanPropose, CanApprove   bool
	Refusal                  *refusal
	Product, Points, Becomes string
}

// by is who a member of staff is in the mall's log: no client of the API has such a
// name.
func (v *visit) by() string { return "staff/" + v.User.Login }

func inWords(l page.Language, t mall.Text) string {
	if l == page.Chinese {
		return t.ZH
	}
	return t.EN
}

func (c *Console) showShop(v *visit) error { return c.shopPage(v, http.StatusOK, &shopBody{}) }

func (c *Console) shopPage(v *visit, status int, b *shopBody) error {
	b.CanPropose, b.CanApprove = v.User.Has(makers...), v.User.Has(checkers...)
	for _, fill := range []func(*visit, *shopBody) error{c.changesWaiting, c.ordersWaiting, c.claimsWaiting} {
		if err := fill(v, b); err != nil {
			return err
		}
	}
	return c.showStatus(v, status, "shop", b)
}

func (c *Console) changesWaiting(v *visit, b *shopBody) error {
	found, err := c.o.Shop.Proposals(v.r.Context(), mall.Proposed, ledger.ID{}, shopList)
	if err != nil {
		return err
	}
	for _, x := range found {
		change := priceChange{Proposal: x, Name: inWords(v.lang, x.Product.Name), New: x.Product.Version == 1, Mine: x.Maker == v.by()}
		before := &mall.Product{}
		if !change.New {
			s, err := c.o.Shop.Show(v.r.Context(), mall.Viewer{}, x.Product.ID)
			if err != nil {
				return err
			}
			before, change.Was = s.Product, s.Product.Prices
		}
		if change.Others, err = otherChanges(before, x.Product); err != nil {
			return err
		}
		b.Changes = append(b.Changes, change)
	}
	return nil
}

// notOthers are shown apart, or follow from the proposal itself.
var notOthers = []string{"prices", "version", "updated_at", "created_at", "id"}

// otherChanges compares products by the fields that the API gives them.
func otherChanges(before, after *mall.Product) (changes []string, _ error) {
	was, errWas := fieldsOf(before)
	becomes, errBecomes := fieldsOf(after)
	if err := errors.Join(errWas, errBecomes); err != nil {
		return nil, err
	}
	for name := range was {
		if _, stays := becomes[name]; !stays {
			becomes[name] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(becomes)) {
		if !slices.Contains(notOthers, name) && !bytes.Equal(was[name], becomes[name]) {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", name, cutField(was[name]), cutField(becomes[name])))
		}
	}
	return changes, nil
}

func fieldsOf(p *mall.Product) (fields map[string]json.RawMessage, err error) {
	b, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	return fields, err
}

// cutField is a value as long as a table has room for.
func cutField(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "–"
	}
	runes := []rune(string(raw))
	return string(runes[:min(len(runes), 120)])
}

func (c *Console) ordersWaiting(v *visit, b *shopBody) error {
	found, err := c.o.Shop.Orders(v.r.Context(), mall.OrderFilter{Waiting: true, Limit: shopList})
	for _, o := range found {
		b.Queue = append(b.Queue, waitingOrder{o, inWords(v.lang, o.Name)})
	}
	return err
}

func (c *Console) claimsWaiting(v *visit, b *shopBody) error {
	found, err := c.o.Shop.Claims(v.r.Context(), mall.ClaimFilter{State: mall.ClaimOpen, Limit: shopList})
	if err != nil {
		return err
	}
	for _, x := range found {
		o, err := c.o.Shop.Order(v.r.Context(), x.Order)
		if err != nil {
			return err
		}
		// No overflow: the mall has bounded price and quantity.
		b.Claims = append(b.Claims, openClaim{x, inWords(v.lang, o.Name), o.Points * x.Quantity, o.Fen * x.Quantity})
	}
	return nil
}

// proposePrice puts another price in points, for everybody and everywhere, to a
// checker.
func (c *Console) proposePrice(v *visit) error {
	form := v.r.PostForm
	b := &shopBody{Product: form.Get("product"), Points: form.Get("points"), Becomes: form.Get("note")}
	s, err := c.o.Shop.Show(v.r.Context(), mall.Viewer{}, b.Product)
	if err != nil {
		return c.shopAnswer(v, b, err, "")
	}
	points, err := strconv.ParseInt(b.Points, 10, 64)
	if err != nil {
		return c.shopAnswer(v, b, &mall.Refusal{Code: "invalid_value"}, "")
	}
	p := s.Product.Clone()
	p.Version++
	changed := false
	for i := range p.Prices {
		if price := &p.Prices[i]; price.Tier == "" && price.Channel == "" && price.Fen == 0 {
			price.Points, changed = points, true
		}
	}
	if !changed {
		p.Prices = append(p.Prices, mall.Price{Points: points})
	}
	_, err = c.o.Shop.Propose(v.r.Context(), v.by(), p, b.Becomes)
	return c.shopAnswer(v, b, err, "flash.shop_proposed")
}

// shopID reads the ID that a path names.
func (v *visit) shopID(name string) (ledger.ID, error) {
	id, err := ledger.ParseID(v.r.PathValue(name))
	if err != nil {
		return id, errNotFound
	}
	return id, nil
}

func (c *Console) approvePrice(v *visit) error {
	id, err := v.shopID("proposal")
	if err != nil {
		return err
	}
	_, err = c.o.Shop.Approve(v.r.Context(), v.by(), id)
	return c.shopAnswer(v, &shopBody{}, err, "flash.shop_approved")
}

func (c *Console) rejectPrice(v *visit) error {
	id, err := v.shopID("proposal")
	if err != nil {
		return err
	}
	_, err = c.o.Shop.Reject(v.r.Context(), v.by(), id, v.r.PostForm.Get("reason"))
	return c.shopAnswer(v, &shopBody{}, err, "flash.shop_rejected")
}

func (c *Console) sendOrder(v *visit) error {
	id, err := v.shopID("sent")
	if err != nil {
		return err
	}
	_, err = c.o.Shop.Dispatch(v.r.Context(), id, v.r.PostForm.Get("reference"))
	return c.shopAnswer(v, &shopBody{}, err, "flash.shop_sent")
}

// grantWait is how long a page waits for points to be given back.
const grantWait = 5 * time.Second

func (c *Console) grantClaim(v *visit) error {
	id, err := v.shopID("claim")
	if err != nil {
		return err
	}
	if err := c.mayGrant(v, id); err != nil {
		return c.shopAnswer(v, &shopBody{}, err, "")
	}
	_, err = c.o.Shop.Grant(v.r.Context(), v.by(), id, v.r.PostForm.Get("restock") == "on", grantWait)
	return c.shopAnswer(v, &shopBody{}, err, "flash.shop_granted")
}

// mayGrant refuses a claim that is worth more than one person may give back to who is
// no checker: a dispute about the same order would need one too.
func (c *Console) mayGrant(v *visit, id ledger.ID) error {
	if c.o.ReturnMax == 0 || v.User.Has(checkers...) {
		return nil
	}
	found, err := c.o.Shop.Claims(v.r.Context(), mall.ClaimFilter{State: mall.ClaimOpen, Limit: shopList})
	for _, x := range found {
		if err != nil || x.ID != id {
			continue
		}
		o, err := c.o.Shop.Order(v.r.Context(), x.Order)
		if err != nil {
			return err
		}
		if o.Points*x.Quantity <= c.o.ReturnMax { // no overflow: the mall has bounded both
			return nil
		}
	}
	if err != nil {
		return err
	}
	return &mall.Refusal{Code: "support_checker_needed", Detail: ""}
}

func (c *Console) declineClaim(v *visit) error {
	id, err := v.shopID("claim")
	if err != nil {
		return err
	}
	_, err = c.o.Shop.Decline(v.r.Context(), v.by(), id, v.r.PostForm.Get("answer"))
	return c.shopAnswer(v, &shopBody{}, err, "flash.shop_declined")
}

// shopAnswer leads back to the page after something was done, or shows it with what
// stood in the way.
func (c *Console) shopAnswer(v *visit, b *shopBody, err error, word string) error {
	var refused *mall.Refusal
	var busy *mall.Busy
	switch {
	case err == nil:
		return c.done(v, "/shop", word)
	case errors.As(err, &refused):
		b.Refusal = &refusal{refused.Code, refused.Detail}
	case errors.Is(err, mall.ErrChanged):
		b.Refusal = &refusal{"shop_changed", ""}
	case errors.Is(err, mall.ErrProposed):
		b.Refusal = &refusal{"shop_open", ""}
	case errors.Is(err, mall.ErrReturnUnderWay), errors.As(err, &busy):
		b.Refusal = &refusal{"shop_busy", ""}
	case errors.Is(err, mall.ErrNotFound) && b.Product != "":
		b.Refusal = &refusal{"shop_unknown", ""}
	case errors.Is(err, mall.ErrNotFound):
		return errNotFound
	default:
		return err
	}
	return c.shopPage(v, http.StatusUnprocessableEntity, b)
}
