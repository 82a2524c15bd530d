package mall

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/page"
)

// quoteBody is what the page that asks whether to convert shows.
type quoteBody struct {
	Quote    *exchange.Quote
	From, To currency
	Terms    terms
	Left     int64  // seconds for which the rate is locked
	Wrong    string // mall.reason.X: why it was not done just now; may be empty
	Again    string // where to ask for a new one
}

// quote finds the one that the address names, if it is one of these pages.
func (m *Mall) quote(v *visit) (*exchange.Quote, error) {
	id, err := ledger.ParseID(v.r.PathValue("quote"))
	if err != nil {
		return nil, errNotFound
	}
	q, err := m.o.Book.Quote(v.r.Context(), id)
	if errors.Is(err, exchange.ErrNotFound) || err == nil && q.Party != party {
		return nil, errNotFound
	}
	return q, err
}

func (m *Mall) showQuote(v *visit) error {
	q, err := m.quote(v)
	if err != nil {
		return err
	}
	return m.quotePage(v, http.StatusOK, q, "")
}

func (m *Mall) quotePage(v *visit, status int, q *exchange.Quote, wrong string) error {
	all, err := m.currencies(v)
	if err != nil {
		return err
	}
	t, err := m.terms(v, q, all)
	if err != nil {
		return err
	}
	b := quoteBody{Quote: q, From: currencyOf(all, q.Source), To: currencyOf(all, q.Destination), Terms: t, Wrong: wrong}
	b.Left = max((q.ExpiresAt-m.o.Now().UnixMilli())/1000, 0)
	b.Again = Area + "/convert?" + url.Values{"from": {q.Source}, "to": {q.Destination}, "amount": {plainAmount(q.From, b.From.Scale)}}.Encode()
	return m.showStatus(v, status, "quote", b)
}

// convertWait is how long the browser waits for a conversion to end before it is
// shown how far it is.
const convertWait = 3 * time.Second

// confirm converts. The quote is the key, so that a second click, or a second tab,
// finds the same conversion.
func (m *Mall) confirm(v *visit) error {
	q, err := m.quote(v)
	if err != nil {
		return err
	}
	link, err := m.linkFor(v, q)
	if errors.Is(err, exchange.ErrNotFound) {
		return m.quotePage(v, http.StatusUnprocessableEntity, q, exchange.CodeLinkMissing)
	}
	if err != nil {
		return err
	}
	made, _, err := m.o.Exchange.Convert(v.r.Context(), party, exchange.ConvertRequest{QuoteID: q.ID, LinkID: link.ID,
		Idempotency: exchange.Idempotency{Key: "page-" + q.ID.String(), Hash: sha256.Sum256([]byte("page\x00" + v.Member + "\x00" + q.ID.String()))}}, convertWait)
	if err != nil {
		return m.notConverted(v, q, err)
	}
	http.Redirect(v.w, v.r, Area+"/conversions/"+made.ID.String(), http.StatusSeeOther)
	return nil
}

// linkFor is the member's link with the company on one side of a quote; the exchange
// finds that of the other.
func (m *Mall) linkFor(v *visit, q *exchange.Quote) (*exchange.Link, error) {
	leg := q.In
	if leg == nil {
		leg = q.Out
	}
	return m.o.Book.LinkOf(v.r.Context(), leg.Partner, v.Member)
}

// notConverted says why nothing was done.
func (m *Mall) notConverted(v *visit, q *exchange.Quote, err error) error {
	var refusal *exchange.Refusal
	var busy *exchange.Busy
	switch {
	case errors.As(err, &refusal):
		return m.quotePage(v, http.StatusUnprocessableEntity, q, refusal.Code)
	case errors.As(err, &busy):
		return m.quotePage(v, http.StatusServiceUnavailable, q, "busy")
	case errors.Is(err, exchange.ErrStillRunning):
		// The first of two tabs waits for it; there it will be seen, and in the list.
		http.Redirect(v.w, v.r, Area+"/conversions", http.StatusSeeOther)
		return nil
	case errors.Is(err, exchange.ErrKeyReused):
		return errNotFound // another member's
	}
	return err
}

// conversionBody is what the page of a conversion shows.
type conversionBody struct {
	Conversion *exchange.Conversion
	From, To   currency
	Held       bool // for review
	Fee        string
	Reversed   string // what was taken back; empty for nothing
	Proved     bool   // the ledger has it
	Dispute    string // where to dispute it; empty is nowhere
}

// owns reports whether a conversion is there and the member's.
func (m *Mall) owns(v *visit, id ledger.ID) bool {
	c, err := m.o.Exchange.Conversion(v.r.Context(), party, id)
	return err == nil && c.Account == v.account
}

func (m *Mall) conversion(v *visit) (*exchange.Conversion, error) {
	id, err := ledger.ParseID(v.r.PathValue("conversion"))
	if err != nil {
		return nil, errNotFound
	}
	c, err := m.o.Exchange.Conversion(v.r.Context(), party, id)
	if errors.Is(err, exchange.ErrNotFound) || err == nil && c.Account != v.account {
		return nil, errNotFound
	}
	return c, err
}

// A page of what is under way asks again by itself, quickly at first.
const (
	refreshSoon, refreshLater = 2, 15 // seconds
	refreshSoonFor            = time.Minute
)

func (m *Mall) showConversion(v *visit) error {
	c, err := m.conversion(v)
	if err != nil {
		return err
	}
	all, err := m.currencies(v)
	if err != nil {
		return err
	}
	b := conversionBody{Conversion: c, From: currencyOf(all, c.Source), To: currencyOf(all, c.Destination), Held: c.Step == "review"}
	if c.Fee > 0 {
		b.Fee = currencyOf(all, m.o.Hub).Text(c.Fee)
	}
	if c.Reversed > 0 {
		b.Reversed = b.From.Text(c.Reversed)
	}
	b.Proved = c.Window != 0 && c.Status != exchange.Processing
	b.Dispute = m.disputeWay(support.Conversion, c.ID)
	f := m.frame(v)
	f.Body = b
	if c.Status == exchange.Processing {
		f.Refresh = &page.Refresh{Seconds: refreshLater, URL: Area + "/conversions/" + c.ID.String()}
		if m.o.Now().UnixMilli()-c.CreatedAt < refreshSoonFor.Milliseconds() && !b.Held {
			f.Refresh.Seconds = refreshSoon
		}
	}
	m.o.Pages.Render(v.w, v.r, http.StatusOK, "mall/conversion", f)
	return nil
}

func (m *Mall) downloadConversion(v *visit) error {
	c, err := m.conversion(v)
	if err != nil {
		return err
	}
	receipt, err := m.o.Exchange.Receipt(v.r.Context(), party, c.ID)
	if err != nil {
		return err
	}
	return v.receipt(receipt)
}

// conversionsBody is what the list of conversions shows.
type conversionsBody struct {
	All         []conversionLine
	First, Next string
}

// conversionLine is one of them.
type conversionLine struct {
	*exchange.Conversion
	FromText, ToText string
	Held             bool
}

const conversionsShown = 20

func (m *Mall) listConversions(v *visit) error {
	f := exchange.Filter{Account: v.account, Limit: conversionsShown + 1}
	before := v.r.URL.Query().Get("before")
	if id, err := ledger.ParseID(before); err == nil {
		f.Before = id
	}
	found, err := m.o.Exchange.Conversions(v.r.Context(), party, f)
	if err != nil {
		return err
	}
	all, err := m.currencies(v)
	if err != nil {
		return err
	}
	b := conversionsBody{}
	if !f.Before.IsZero() {
		b.First = Area + "/conversions"
	}
	if len(found) > conversionsShown {
		found = found[:conversionsShown]
		b.Next = Area + "/conversions?before=" + found[len(found)-1].ID.String()
	}
	for _, c := range found {
		b.All = append(b.All, conversionLine{c, currencyOf(all, c.Source).Text(c.From), currencyOf(all, c.Destination).Text(c.To), c.Step == "review"})
	}
	return m.show(v, "conversions", b)
}
