package mall

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/web/page"
)

func (m *Mall) convertLeaves() []leaf {
	if m.o.Exchange == nil {
		return nil
	}
	get, post := http.MethodGet, http.MethodPost
	return []leaf{
		{get, "/convert", m.showConvert},
		{post, "/convert", m.askQuote},
		{get, "/quotes/{quote}", m.showQuote},
		{post, "/quotes/{quote}", m.confirm},
		{get, "/conversions", m.listConversions},
		{get, "/conversions/{conversion}", m.showConversion},
		{get, "/conversions/{conversion}/receipt", m.downloadConversion},
	}
}

// convertBody is what the page that asks shows.
type convertBody struct {
	Currencies []currency // that the member can use
	Unlinked   int        // companies that the member could link
	From, To   currency
	Amount     string // as it was typed
	Have       string // what the member has of the source, when we know
	Limits     *limits
	Estimate   *estimate
	Wrong      string   // mall.reason.X; may be empty
	Values     []any    // of the words for Wrong, in pairs
	Elsewhere  []string // companies that begin conversions in their own pages
	SwapHref   string   // the other way round; empty when there is none
}

// estimate is what a conversion would give now.
type estimate struct {
	From, To int64
	Quote    terms
}

// limits are what the agreements allow in one conversion, and what is left today.
type limits struct {
	Step     string // empty is any amount
	Min, Max string
	Left     string // of the day; empty when there is no cap
	Cap      string // the member's for a day
	Percent  int64  // of the agreement's cap that the member's level has
	left     int64
}

func (m *Mall) showConvert(v *visit) error {
	b, err := m.convert(v, v.r.URL.Query())
	if err != nil {
		return err
	}
	return m.show(v, "convert", b)
}

// convert fills the form from what was asked for.
func (m *Mall) convert(v *visit, asked url.Values) (b convertBody, err error) {
	all, err := m.usable(v, &b)
	if err != nil || len(b.Currencies) < 2 {
		return b, err
	}
	b.From, b.To = choose(b.Currencies, asked.Get("from"), asked.Get("to"))
	if b.To.Gives() && b.From.Takes() {
		b.SwapHref = Area + "/convert?" + url.Values{"from": {b.To.Code}, "to": {b.From.Code}}.Encode()
	}
	b.Amount = clip(asked.Get("amount"), 24)
	have := ledger.AmountMax // the partner knows
	if b.From.Partner == "" {
		p, err := m.purse(v)
		if err != nil {
			return b, err
		}
		have, b.Have = p.Usable, b.From.Text(p.Usable)
	}
	if b.Limits, err = m.limits(v, b.From, b.To); err != nil || b.Amount == "" {
		return b, err
	}
	return b, m.estimate(v, &b, all, have)
}

// estimate says what the amount gives, or why it can't be converted.
func (m *Mall) estimate(v *visit, b *convertBody, all []currency, have int64) error {
	n, ok := parseAmount(b.Amount, b.From.Scale)
	if !ok {
		b.Wrong, b.Values = "amount", []any{"places", int64(b.From.Scale)}
		return nil
	}
	q, err := m.o.Exchange.Estimate(v.r.Context(), party, exchange.QuoteRequest{Source: b.From.Code, Destination: b.To.Code, From: n})
	switch {
	case err != nil:
		return b.refused(err)
	case n > have:
		b.Wrong = string(ledger.CodeInsufficientPoints)
		return nil
	case b.Limits != nil && b.Limits.Cap != "" && n > b.Limits.left:
		b.Wrong = exchange.CodeAllowance
		return nil
	}
	t, err := m.terms(v, q, all)
	b.Estimate = &estimate{From: q.From, To: q.To, Quote: t}
	return err
}

// refused keeps a refusal for the page, and returns what is none.
func (b *convertBody) refused(err error) error {
	var refusal *exchange.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	b.Wrong = refusal.Code
	return nil
}

// usable are the programmes of the member's links, and electricity points.
func (m *Mall) usable(v *visit, b *convertBody) (all []currency, _ error) {
	all, err := m.currencies(v)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Partner != "" {
			_, err := m.o.Book.LinkOf(v.r.Context(), c.Partner, v.Member)
			if errors.Is(err, exchange.ErrNotFound) {
				b.Unlinked++
				continue
			}
			if err != nil {
				return nil, err
			}
			if !c.Gives() {
				b.Elsewhere = append(b.Elsewhere, c.By)
			}
		}
		if c.Gives() || c.Takes() {
			b.Currencies = append(b.Currencies, c)
		}
	}
	return all, nil
}

// choose are the two that were asked for, as far as that is possible: electricity
// points to the first company otherwise.
func choose(all []currency, from, to string) (source, destination currency) {
	source, destination = all[0], all[1]
	for _, c := range all {
		if c.Code == from && c.Gives() {
			source = c
		}
	}
	for _, c := range all {
		if c.Code != source.Code && c.Takes() {
			destination = c
			break
		}
	}
	for _, c := range all {
		if c.Code == to && c.Code != source.Code && c.Takes() {
			destination = c
		}
	}
	return source, destination
}

// limits are those of the first agreement on the way: of what the member gives.
func (m *Mall) limits(v *visit, from, to currency) (*limits, error) {
	all, err := m.agreements(v)
	if err != nil {
		return nil, err
	}
	company, direction := from.Partner, ledger.In
	if company == "" {
		company, direction = to.Partner, ledger.Out
	}
	a, ok := ledger.InForce(all, company, direction, m.o.Now().UnixMilli())
	if !ok {
		return nil, nil
	}
	t := &a.Terms
	l := &limits{Min: page.Amount(t.Min, from.Scale), Max: from.Text(t.Max)}
	if t.Step > 1 {
		l.Step = from.Text(t.Step)
	}
	if t.DayCap == 0 {
		return l, nil
	}
	return l, m.allowance(v, l, t, from)
}

// allowance says what the member may still convert today. What is under way and not
// on the ledger yet is not in it; the exchange counts that too.
func (m *Mall) allowance(v *visit, l *limits, t *ledger.Terms, from currency) error {
	share := int64(exchange.WholeShare)
	if m.o.Share != nil {
		granted, err := m.o.Share(v.r.Context(), v.Member)
		if err != nil {
			return err
		}
		share = min(max(granted, 0), exchange.WholeShare)
	}
	most, _, _ := ledger.MulDiv(t.DayCap, share, exchange.WholeShare) // rounded down, as the exchange does
	alliance, err := m.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	state, err := m.o.Ledger.Account(v.r.Context(), v.account)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	left := most
	for _, u := range state.Usage {
		if u.Partner == t.Partner && u.Direction == t.Direction && u.Day == alliance.Window {
			left = max(most-u.DayUsed, 0)
		}
	}
	l.left, l.Cap, l.Left, l.Percent = left, from.Text(most), page.Amount(left, from.Scale), share/100
	return nil
}

// askQuote locks a rate for what the member was shown, and leads to the page that
// asks whether to convert.
func (m *Mall) askQuote(v *visit) error {
	b, err := m.convert(v, v.r.PostForm)
	if err != nil {
		return err
	}
	if b.Estimate == nil {
		if b.Wrong == "" {
			b.Wrong, b.Values = "amount", []any{"places", int64(b.From.Scale)}
		}
		return m.showStatus(v, http.StatusUnprocessableEntity, "convert", b)
	}
	q, err := m.o.Exchange.Quote(v.r.Context(), party, exchange.QuoteRequest{Source: b.From.Code, Destination: b.To.Code, From: b.Estimate.From})
	if err != nil {
		if err := b.refused(err); err != nil {
			return err
		}
		return m.showStatus(v, http.StatusUnprocessableEntity, "convert", b)
	}
	http.Redirect(v.w, v.r, Area+"/quotes/"+q.ID.String(), http.StatusSeeOther)
	return nil
}

// terms are a quote in plain words.
type terms struct {
	Sentence string // what becomes what
	Rates    []string
	Fee      string // that the member pays; empty for none
	Residue  string // what rounding leaves; empty for nothing
	Bonus    string // what the member's level adds; empty for nothing
}

func (m *Mall) terms(v *visit, q *exchange.Quote, all []currency) (t terms, err error) {
	from, to, own := currencyOf(all, q.Source), currencyOf(all, q.Destination), currencyOf(all, m.o.Hub)
	t.Sentence = m.say(v, "mall.convert.sentence", "from", from.Text(q.From), "to", to.Text(q.To))
	for _, leg := range []*ledger.LegTerms{q.In, q.Out} {
		if leg == nil {
			continue
		}
		if words := m.rate(v, leg, all, own); words != "" {
			t.Rates = append(t.Rates, words)
		}
	}
	if q.Fee > 0 {
		t.Fee = own.Text(q.Fee)
	}
	for _, r := range q.Residues {
		if r.Numerator > 0 {
			t.Residue = m.say(v, "mall.convert.residue", "name", currencyOf(all, r.Programme).Title)
		}
	}
	t.Bonus, err = m.bonus(v, q)
	return t, err
}

// bonus is what the member's level adds to partners' points that become electricity
// points; see rewards/bonus.
func (m *Mall) bonus(v *visit, q *exchange.Quote) (string, error) {
	if m.o.Rewards == nil || q.Destination != m.o.Hub {
		return "", nil
	}
	way, err := m.o.Rewards.Way(v.r.Context(), v.Member)
	if errors.Is(err, rewards.ErrNotFound) {
		return "", nil // no member of the programme has no level
	}
	if err != nil {
		return "", err
	}
	n := bonus.At(q.To, way.Now.Privileges.ConversionBonus)
	if n == 0 {
		return "", nil
	}
	return m.say(v, "mall.convert.bonus", "points", page.Amount(n, 0)), nil
}

// rate is that of a leg's agreement, as the two companies signed it.
func (m *Mall) rate(v *visit, leg *ledger.LegTerms, all []currency, own currency) string {
	signed, err := m.agreements(v)
	if err != nil {
		return "" // the amounts are there
	}
	for i := range signed {
		if signed[i].ID != leg.Agreement {
			continue
		}
		t := &signed[i].Terms
		other, _ := partnerOf(all, t.Partner)
		from, to := own, other
		if t.Direction == ledger.In {
			from, to = other, own
		}
		return m.say(v, "mall.convert.rate", "from", from.words(page.Millionths(t.Rate.FromUnits, 0)), "to", to.words(page.Millionths(t.Rate.ToUnits, 0)))
	}
	return ""
}
