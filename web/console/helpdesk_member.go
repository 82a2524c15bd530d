package console

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/page"
)

type searchBody struct {
	Number  string
	Refusal *refusal
}

func (c *Console) askForMember(v *visit) error { return c.show(v, "members", &searchBody{}) }

// findMember leads to a member. The number comes in a form, because addresses end up in
// logs and histories; the page is addressed by the account.
func (c *Console) findMember(v *visit) error {
	number := filled(v, "member")
	known, err := c.o.Helpdesk.Members.Accounts(v.r.Context(), []string{number})
	if err != nil {
		return err
	}
	account, ok := known[number]
	if !ok {
		return c.showStatus(v, http.StatusNotFound, "members", &searchBody{number, &refusal{"support_no_member", ""}})
	}
	http.Redirect(v.w, v.r, Area+"/support/members/"+account.String(), http.StatusSeeOther)
	return nil
}

// movement is a transfer of a member's, as staff read it.
type movement struct {
	ID     ledger.ID
	Kind   string
	At     int64
	Change int64 // electricity points that came, or went
	With   string
	Reason string
}

type memberBody struct {
	Member      string
	Account     string
	State       ledger.AccountState
	Month       ledger.Month
	Usable      int64
	Held        int64
	Movements   []movement
	Links       []linkRow
	Conversions []*conversionStory
	Orders      []*orderStory
	Disputes    []disputeRow
	Acts        []actRow
	Works       bool
	Key         string
	Refusal     *refusal
	Typed       typed
	Reference   string
}

type linkRow struct {
	*exchange.Link
	Company string
}

// actRow is an act in a list.
type actRow struct {
	*support.Act
	MakerIs, CheckerIs string
	Decides            bool // the user may approve it
	Declines           bool
}

func (c *Console) member(v *visit) (ledger.Account, string, error) {
	var account ledger.Account
	if err := account.UnmarshalText([]byte(v.r.PathValue("account"))); err != nil {
		return account, "", errNotFound
	}
	number, err := c.o.Helpdesk.Members.Number(v.r.Context(), account)
	if err != nil {
		return account, "", c.unknownMember(err)
	}
	return account, number, nil
}

func (c *Console) showMember(v *visit) error {
	return c.memberPage(v, http.StatusOK, nil, typed{})
}

func (c *Console) memberPage(v *visit, status int, r *refusal, t typed) error {
	account, number, err := c.member(v)
	if err != nil {
		return err
	}
	b := &memberBody{Member: number, Account: account.String(), Works: v.User.Has(helpers...), Refusal: r, Typed: t, Reference: v.r.PostForm.Get("reference"),
		Key: v.User.ID.String()[:16] + strconv.FormatInt(c.o.Machine().UnixNano(), 36)}
	if err := c.memberPoints(v, account, b); err != nil {
		return err
	}
	if err := c.memberDoings(v, account, b); err != nil {
		return err
	}
	links, err := c.o.Helpdesk.Links(v.r.Context(), number)
	if err != nil {
		return err
	}
	for _, l := range links {
		b.Links = append(b.Links, linkRow{l, c.company(v, l.Partner)})
	}
	disputes, err := c.o.Helpdesk.Support.Disputes(v.r.Context(), support.Filter{Member: number, Limit: 10})
	if err != nil {
		return err
	}
	if b.Disputes, err = c.disputeRows(v, disputes); err != nil {
		return err
	}
	acts, err := c.o.Helpdesk.Support.Acts(v.r.Context(), support.ActFilter{Member: number, Limit: 10})
	if err != nil {
		return err
	}
	if b.Acts, err = c.actRows(v, acts); err != nil {
		return err
	}
	return c.showStatus(v, status, "member", b)
}

func (c *Console) memberPoints(v *visit, account ledger.Account, b *memberBody) error {
	alliance, err := c.o.Helpdesk.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	b.Month = alliance.Window.Month()
	state, err := c.o.Helpdesk.Ledger.Account(v.r.Context(), account)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err // who never had points has an empty account
	}
	b.State = state
	for _, l := range state.Lots {
		if l.Expiry >= b.Month {
			b.Usable += l.Amount
		}
	}
	for _, h := range state.Holds {
		b.Held += h.Amount
	}
	b.Movements, err = c.movements(v, account, 12)
	return err
}

// memberDoings reads the conversions that the utility's own clients made for the member,
// and the orders. Others are among the movements.
func (c *Console) memberDoings(v *visit, account ledger.Account, b *memberBody) error {
	scales, err := c.scales(v)
	if err != nil {
		return err
	}
	conversions, err := c.o.Helpdesk.Conversions.Conversions(v.r.Context(), utilityParty, exchange.Filter{Account: account, Limit: 8})
	if err != nil {
		return err
	}
	for _, one := range conversions {
		b.Conversions = append(b.Conversions, newConversionStory(one, scales))
	}
	orders, err := c.o.Helpdesk.Orders.Orders(v.r.Context(), mall.OrderFilter{Member: b.Member, Limit: 8})
	for _, o := range orders {
		b.Orders = append(b.Orders, c.orderStory(v, o))
	}
	return err
}

// movements reads a member's latest transfers.
func (c *Console) movements(v *visit, account ledger.Account, limit int) (all []movement, _ error) {
	rows, err := c.o.Helpdesk.History.History(v.r.Context(), account, nil, limit)
	for i := range rows {
		t := &rows[i].Transfer
		m := movement{ID: t.ID, Kind: t.Kind.String(), At: t.At, Change: given(t), Reason: t.Reason}
		for _, l := range []*ledger.Leg{t.Source, t.Destination} {
			if l != nil {
				m.With = strings.TrimPrefix(m.With+" → "+c.company(v, l.Partner), " → ")
			}
		}
		all = append(all, m)
	}
	return all, err
}

// given is what a transfer gave the account, or took from it.
func given(t *ledger.Transfer) (n int64) {
	for _, l := range t.Lots {
		n += l.Amount
	}
	switch t.Kind {
	case ledger.KindHold, ledger.KindExpire, ledger.KindConvertOut, ledger.KindTakeBack:
		return -n
	case ledger.KindPost, ledger.KindCrossConvert:
		return 0
	case ledger.KindReverse:
		if t.Source != nil && t.Destination == nil {
			return -n
		}
	}
	return n
}

func (c *Console) actRows(v *visit, acts []*support.Act) (rows []actRow, err error) {
	for _, a := range acts {
		row := actRow{Act: a}
		own := a.Maker == v.User.ID.String()
		row.Decides = a.State == support.ActProposed && !own && a.Needs(v.staff())
		row.Declines = a.State == support.ActProposed && (own || a.Needs(v.staff()))
		if row.MakerIs, err = c.staffName(v, a.Maker); err != nil {
			return nil, err
		}
		if row.CheckerIs, err = c.staffName(v, a.Checker); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// actOnMember gives goodwill, freezes or unfreezes.
func (c *Console) actOnMember(v *visit) error {
	_, number, err := c.member(v)
	if err != nil {
		return err
	}
	form := v.r.PostForm
	r := support.ActRequest{Client: "console", Kind: support.ActKind(form.Get("kind")), Member: number, Reason: filled(v, "text"), Reference: filled(v, "reference"),
		Idempotency: support.Idempotency{Key: form.Get("key"), Hash: sha256.Sum256([]byte(strings.Join([]string{form.Get("kind"), number, form.Get("points"), filled(v, "text"), filled(v, "reference")}, "\x00")))}}
	var act *support.Act
	if r.Points, err = whole(filled(v, "points")); err == nil {
		act, _, err = c.o.Helpdesk.Support.Do(v.r.Context(), v.staff(), r)
	}
	if refused := helped(err); refused != nil {
		return c.memberPage(v, http.StatusUnprocessableEntity, refused, typed{Form: string(r.Kind), Text: form.Get("text"), Value: form.Get("points")})
	}
	if err != nil {
		return notThere(err)
	}
	return c.done(v, "/support/members/"+v.r.PathValue("account"), "flash.act_"+string(act.State))
}

type approvalsBody struct {
	Acts     []actRow
	Accounts map[string]string // by member
	Disputes []disputeRow
	Refusal  *refusal
}

func (c *Console) listApprovals(v *visit) error { return c.approvalsPage(v, http.StatusOK, nil) }

func (c *Console) approvalsPage(v *visit, status int, r *refusal) error {
	acts, err := c.o.Helpdesk.Support.Acts(v.r.Context(), support.ActFilter{State: support.ActProposed, Limit: errandsMax})
	if err != nil {
		return err
	}
	b := &approvalsBody{Refusal: r, Accounts: map[string]string{}}
	for _, a := range acts {
		b.Accounts[a.Member] = a.Account.String()
	}
	if b.Acts, err = c.actRows(v, acts); err != nil {
		return err
	}
	disputes, err := c.o.Helpdesk.Support.Disputes(v.r.Context(), support.Filter{State: support.Proposed, Limit: errandsMax})
	if err != nil {
		return err
	}
	if b.Disputes, err = c.disputeRows(v, disputes); err != nil {
		return err
	}
	return c.showStatus(v, status, "approvals", b)
}

// decideAct approves or declines what a colleague proposed.
func (c *Console) decideAct(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	word := "flash.act_declined"
	if v.r.PostForm.Get("do") == "approve" {
		var a *support.Act
		if a, err = c.o.Helpdesk.Support.ApproveAct(v.r.Context(), v.staff(), id); err == nil {
			word = "flash.act_" + string(a.State)
		}
	} else {
		_, err = c.o.Helpdesk.Support.DeclineAct(v.r.Context(), v.staff(), id, filled(v, "text"))
	}
	if r := helped(err); r != nil {
		return c.approvalsPage(v, http.StatusUnprocessableEntity, r)
	}
	if err != nil {
		return notThere(err)
	}
	return c.done(v, "/support/approvals", word)
}

type reviewsBody struct {
	Held    []heldRow
	Rules   []string
	Works   bool
	Refusal *refusal
}

type heldRow struct {
	*conversionStory
	AccountIs string
}

func (c *Console) listReviews(v *visit) error { return c.reviewsPage(v, http.StatusOK, nil) }

func (c *Console) reviewsPage(v *visit, status int, r *refusal) error {
	found, err := c.o.Helpdesk.Conversions.Held(v.r.Context(), ledger.ID{}, errandsMax)
	if err != nil {
		return err
	}
	scales, err := c.scales(v)
	if err != nil {
		return err
	}
	b := &reviewsBody{Works: v.User.Has(helpers...), Refusal: r, Rules: support.RuleNames()}
	for _, one := range found {
		b.Held = append(b.Held, heldRow{newConversionStory(one, scales), one.Account.String()})
	}
	return c.showStatus(v, status, "reviews", b)
}

func (c *Console) decideReview(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	release, word := v.r.PostForm.Get("do") == "release", "flash.review_refused"
	if release {
		word = "flash.review_released"
	}
	_, err = c.o.Helpdesk.Support.Review(v.r.Context(), v.staff(), id, release, filled(v, "text"))
	if r := helped(err); r != nil {
		return c.reviewsPage(v, http.StatusUnprocessableEntity, r)
	}
	if err != nil {
		return notThere(err)
	}
	return c.done(v, "/support/reviews", word)
}

// amountOf writes an amount with its programme.
func amountOf(n int64, programme string, scales map[string]uint8) string {
	return page.Amount(n, scales[programme]) + " " + programme
}
