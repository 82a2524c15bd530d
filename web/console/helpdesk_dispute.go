package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/page"
)

func deskPerson(id string) desk.Person { return desk.Person{ID: id} }

const disputesPage = 25

// disputeRow is a dispute in a list.
type disputeRow struct {
	*support.Dispute
	OwnerIs string
	Overdue bool
}

type disputesBody struct {
	Rows        []disputeRow
	Tallies     []tally
	State       string
	Mine        bool
	First, Next string
	States      []support.State
	Errands     []errand
}

func (c *Console) listDisputes(v *visit) error {
	q := v.r.URL.Query()
	b := &disputesBody{State: q.Get("state"), Mine: q.Get("mine") == "1", States: support.States()}
	f := support.Filter{State: support.State(b.State), Unended: b.State == "", Limit: disputesPage + 1}
	if b.Mine {
		f.Owner = v.User.ID.String()
	}
	if after, err := ledger.ParseID(q.Get("after")); err == nil {
		last, _, err := c.o.Helpdesk.Support.Story(v.r.Context(), after)
		if err != nil {
			return notThere(err)
		}
		f.Before, f.After, b.First = after, &support.Place{Due: last.Due, ID: last.ID}, Area+"/support"
	}
	found, err := c.o.Helpdesk.Support.Disputes(v.r.Context(), f)
	if err != nil {
		return err
	}
	if len(found) > disputesPage {
		found = found[:disputesPage]
		q.Set("after", found[disputesPage-1].ID.String())
		b.Next = Area + "/support?" + q.Encode()
	}
	if b.Rows, err = c.disputeRows(v, found); err != nil {
		return err
	}
	if err := c.disputeTallies(v, b); err != nil {
		return err
	}
	return c.show(v, "disputes", b)
}

func (c *Console) disputeRows(v *visit, found []*support.Dispute) (rows []disputeRow, err error) {
	alliance, err := c.o.Helpdesk.Ledger.Alliance(v.r.Context())
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		row := disputeRow{Dispute: d, Overdue: d.State != support.Resolved && d.Due < alliance.Window}
		if row.OwnerIs, err = c.staffName(v, d.Owner); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (c *Console) disputeTallies(v *visit, b *disputesBody) error {
	counts, err := c.o.Helpdesk.Support.Counts(v.r.Context())
	if err != nil {
		return err
	}
	for _, s := range support.States() {
		b.Tallies = append(b.Tallies, tally{Word: string(s), Cases: counts[s], Path: Area + "/support?state=" + string(s), Current: b.State == string(s)})
	}
	waiting, err := c.o.Helpdesk.Support.Acts(v.r.Context(), support.ActFilter{State: support.ActProposed, Limit: errandsMax})
	if err != nil {
		return err
	}
	held, err := c.o.Helpdesk.Conversions.Held(v.r.Context(), ledger.ID{}, errandsMax)
	if err != nil {
		return err
	}
	if n := len(waiting) + int(counts[support.Proposed]); n > 0 {
		b.Errands = append(b.Errands, errand{Word: "approvals", Href: Area + "/support/approvals", Icon: "check", Level: "warn", Count: int64(n)})
	}
	if len(held) > 0 {
		b.Errands = append(b.Errands, errand{Word: "reviews", Href: Area + "/support/reviews", Icon: "shield", Level: "warn", Count: int64(len(held))})
	}
	return nil
}

const errandsMax = 100

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

// onDispute carries out a form about a dispute at the version at which it was seen.
func (c *Console) onDispute(form, word string, do func(v *visit, id ledger.ID, version int64) error) func(*visit) error {
	return func(v *visit) error {
		id, err := ledger.ParseID(v.r.PathValue("id"))
		if err != nil {
			return errNotFound
		}
		version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
		if err != nil {
			return errNotFound // no form of ours lacks it
		}
		if err = do(v, id, version); err == nil {
			return c.done(v, "/support/disputes/"+id.String(), word)
		}
		r := helped(err)
		if r == nil {
			return notThere(err)
		}
		status := http.StatusUnprocessableEntity
		if errors.Is(err, support.ErrChanged) {
			status = http.StatusConflict
		}
		return c.disputePage(v, status, r, typed{Form: form, Text: v.r.PostForm.Get("text"), Value: v.r.PostForm.Get("amount"), Action: v.r.PostForm.Get("remedy")})
	}
}

func (c *Console) takeDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Take(v.r.Context(), v.staff(), id, version)
	return err
}

func (c *Console) messageDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Message(v.r.Context(), v.staff(), id, version, support.To(v.r.PostForm.Get("to")), filled(v, "text"))
	return err
}

func (c *Console) proposeDispute(v *visit, id ledger.ID, version int64) error {
	p := support.Proposal{Outcome: support.Outcome(v.r.PostForm.Get("outcome")), Text: filled(v, "text")}
	if p.Outcome == support.Upheld {
		var err error
		p.Remedy = support.RemedyKind(v.r.PostForm.Get("remedy"))
		if p.Remedy == support.Reverse || p.Remedy == support.Return {
			if p.Amount, err = c.remedyAmount(v, id, p.Remedy); err != nil {
				return err
			}
		}
		if p.Goodwill, err = whole(filled(v, "goodwill")); err != nil {
			return err
		}
	}
	_, err := c.o.Helpdesk.Support.Propose(v.r.Context(), v.staff(), id, version, p)
	return err
}

// remedyAmount reads how much is taken back: pieces, or points of the source programme
// with its decimal places.
func (c *Console) remedyAmount(v *visit, id ledger.ID, kind support.RemedyKind) (int64, error) {
	if kind != support.Reverse {
		return whole(filled(v, "amount"))
	}
	d, _, err := c.o.Helpdesk.Support.Story(v.r.Context(), id)
	if err != nil {
		return 0, err
	}
	one, err := c.conversionStory(v, d.Subject)
	if err != nil {
		return 0, err
	}
	text := strings.ReplaceAll(filled(v, "amount"), ",", "")
	if n, err := decimal.NewFromString(text); err == nil && len(text) <= 24 && !strings.ContainsAny(text, "eE") {
		if n = n.Shift(int32(one.Scale)); n.IsInteger() && n.BigInt().IsInt64() {
			return n.IntPart(), nil
		}
	}
	return 0, &support.Refusal{Code: support.CodeInvalid, Detail: "the amount must be a number with at most " + strconv.Itoa(int(one.Scale)) + " decimal places"}
}

// whole reads a number of points or pieces; nothing is 0.
func whole(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &support.Refusal{Code: support.CodeInvalid, Detail: "a number of points has digits only"}
	}
	return n, nil
}

func (c *Console) approveDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Approve(v.r.Context(), v.staff(), id, version)
	return err
}

func (c *Console) rejectDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Reject(v.r.Context(), v.staff(), id, version, filled(v, "text"))
	return err
}

// downloadProof sends the ledger's proof of a transfer.
func (c *Console) downloadProof(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	receipt, err := c.o.Ledger.Receipt(v.r.Context(), id)
	if err != nil {
		return notThere(err)
	}
	b, err := json.MarshalIndent(&receipt, "", "  ")
	if err != nil {
		return err
	}
	v.file("receipt-"+id.String()+".json", "application/json")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}
