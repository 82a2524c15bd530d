package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/page"
)

// disputeBody is the whole story of a dispute on one page.
type disputeBody struct {
	*support.Dispute
	Account       string
	OwnerIs       string
	Overdue       bool
	Trail         []entryRow
	Conversion    *conversionStory
	Order         *orderStory
	Movements     []movement
	Others        []disputeRow
	MakerIs       string
	CheckerIs     string
	ReasonWord    string
	Works         bool // may write and propose
	Decides       bool // may approve
	Rejects       bool
	Remedies      []support.RemedyKind
	To            []support.To
	AmountAll     string
	Refusal       *refusal
	Typed         typed
	TypedGoodwill string
	Outcome       string
}

// entryRow is a line of the trail.
type entryRow struct {
	*support.Entry
	Who string
}

// conversionStory is a conversion with what became of it.
type conversionStory struct {
	*exchange.Conversion
	From, To  string
	Reversals []*exchange.Reversal
	Rule      string
	Until     int64
	Record    ledger.ID // its transfer on the ledger; zero for none
	Scale     uint8
}

// orderStory is an order with what became of it.
type orderStory struct {
	*mall.Order
	Total    int64
	Fen      int64
	Called   string
	OnLedger bool
}

func (c *Console) showDispute(v *visit) error {
	return c.disputePage(v, http.StatusOK, nil, typed{})
}

func (c *Console) disputePage(v *visit, status int, r *refusal, t typed) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	d, trail, err := c.o.Helpdesk.Support.Story(v.r.Context(), id)
	if err != nil {
		return notThere(err)
	}
	b := &disputeBody{Dispute: d, Refusal: r, Typed: t, Remedies: support.RemediesOf(d.Kind), To: support.Recipients(),
		TypedGoodwill: v.r.PostForm.Get("goodwill"), Outcome: v.r.PostForm.Get("outcome")}
	for _, fill := range []func(*visit, *disputeBody) error{c.disputeSubject, c.disputeMember, c.disputePeople} {
		if err := fill(v, b); err != nil {
			return err
		}
	}
	for _, e := range trail {
		who, err := c.staffName(v, e.By)
		if err != nil {
			return err
		}
		b.Trail = append(b.Trail, entryRow{e, who})
	}
	return c.showStatus(v, status, "dispute", b)
}

// disputePeople says who is who, and what the user may do.
func (c *Console) disputePeople(v *visit, b *disputeBody) (err error) {
	if b.OwnerIs, err = c.staffName(v, b.Owner); err != nil {
		return err
	}
	b.Works = v.User.Has(helpers...)
	if r := b.Resolution; r != nil {
		if b.MakerIs, err = c.staffName(v, r.Maker); err != nil {
			return err
		}
		if b.CheckerIs, err = c.staffName(v, r.Checker); err != nil {
			return err
		}
		proposed := b.State == support.Proposed
		b.Decides = proposed && v.User.Has(checkers...) && r.Maker != v.User.ID.String()
		b.Rejects = proposed && (v.User.Has(checkers...) || r.Maker == v.User.ID.String())
	}
	return nil
}

// disputeSubject reads what is disputed.
func (c *Console) disputeSubject(v *visit, b *disputeBody) error {
	if b.Kind == support.Order {
		o, err := c.o.Helpdesk.Orders.Order(v.r.Context(), b.Subject)
		if err != nil {
			return notThere(err)
		}
		b.Order, b.AmountAll = c.orderStory(v, o), strconv.FormatInt(o.Quantity-o.Returned, 10)
		return nil
	}
	one, err := c.conversionStory(v, b.Subject)
	if err != nil {
		return notThere(err)
	}
	b.Conversion, b.AmountAll = one, strings.ReplaceAll(page.Amount(one.Conversion.From-one.Reversed, one.Scale), ",", "")
	return nil
}

func (c *Console) orderStory(v *visit, o *mall.Order) *orderStory {
	s := &orderStory{Order: o, Called: o.Name.EN, OnLedger: o.Status == mall.Fulfilled || o.Status == mall.Refunded}
	if v.lang == "zh" {
		s.Called = o.Name.ZH
	}
	s.Total, s.Fen = o.Total()
	return s
}

func (c *Console) conversionStory(v *visit, id ledger.ID) (*conversionStory, error) {
	one, err := c.o.Helpdesk.Conversions.Conversion(v.r.Context(), utilityParty, id)
	if err != nil {
		return nil, err
	}
	scales, err := c.scales(v)
	if err != nil {
		return nil, err
	}
	s := newConversionStory(one, scales)
	s.Reversals, err = c.o.Helpdesk.Conversions.Reversals(v.r.Context(), utilityParty, id)
	return s, err
}

func newConversionStory(one *exchange.Conversion, scales map[string]uint8) *conversionStory {
	s := &conversionStory{Conversion: one, From: amountOf(one.From, one.Source, scales), To: amountOf(one.To, one.Destination, scales), Scale: scales[one.Source]}
	s.Rule, s.Until = one.Review()
	if one.Window != 0 {
		s.Record = one.RecordID()
	}
	return s
}

// disputeMember reads the member's account, recent movements and other disputes.
func (c *Console) disputeMember(v *visit, b *disputeBody) error {
	known, err := c.o.Helpdesk.Members.Accounts(v.r.Context(), []string{b.Member})
	if err != nil {
		return err
	}
	account, ok := known[b.Member]
	if !ok {
		return nil // erased since
	}
	b.Account = account.String()
	if b.Movements, err = c.movements(v, account, 8); err != nil {
		return err
	}
	others, err := c.o.Helpdesk.Support.Disputes(v.r.Context(), support.Filter{Member: b.Member, Limit: 6})
	if err != nil {
		return err
	}
	rows, err := c.disputeRows(v, others)
	for _, row := range rows {
		if row.ID == b.ID {
			b.Overdue = row.Overdue
			continue
		}
		b.Others = append(b.Others, row)
	}
	return err
}
