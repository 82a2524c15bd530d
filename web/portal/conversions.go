package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// conversionRow is a conversion as lists show it.
type conversionRow struct {
	*exchange.Conversion
	From, To sum
}

func (p *Portal) row(v *visit, c *exchange.Conversion) conversionRow {
	return conversionRow{c, p.sum(c.Source, c.From, v.company, c.In), p.sum(c.Destination, c.To, v.company, c.Out)}
}

// pageRows is how many rows a page of a list has.
const pageRows = 25

type conversionsBody struct {
	Rows     []conversionRow
	Statuses []exchange.Status
	Status   exchange.Status
	Day      string // YYYY-MM-DD, or empty
	DayWrong bool
	Filtered bool
	First    string // address of the first page, when this is not it
	Next     string
}

var statuses = []exchange.Status{exchange.Processing, exchange.Completed, exchange.Failed, exchange.Reversed}

func (p *Portal) listConversions(v *visit) error {
	query := v.r.URL.Query()
	b := conversionsBody{Statuses: statuses, Day: query.Get("day")}
	f := exchange.Filter{Limit: pageRows + 1}
	if s := exchange.Status(query.Get("status")); slices.Contains(statuses, s) {
		f.Status, b.Status = s, s
	}
	if b.Day != "" {
		day, err := time.ParseInLocation(time.DateOnly, b.Day, p.o.Location)
		if b.DayWrong = err != nil || day.Year() < 1970; !b.DayWrong {
			f.CreatedFrom, f.CreatedUntil = max(1, day.UnixMilli()), day.AddDate(0, 0, 1).UnixMilli()
		}
	}
	if before, err := ledger.ParseID(query.Get("before")); err == nil {
		f.Before = before
	}
	b.Filtered = b.Status != "" || b.Day != ""
	if b.DayWrong {
		return p.showStatus(v, http.StatusUnprocessableEntity, "conversions", &b)
	}
	found, err := p.o.Exchange.Conversions(v.r.Context(), v.party, f)
	if err != nil {
		return err
	}
	base := url.Values{"status": {string(b.Status)}, "day": {b.Day}}
	if !f.Before.IsZero() {
		b.First = Area + "/conversions?" + base.Encode()
	}
	if len(found) > pageRows {
		found = found[:pageRows]
		base.Set("before", found[pageRows-1].ID.String())
		b.Next = Area + "/conversions?" + base.Encode()
	}
	for _, c := range found {
		b.Rows = append(b.Rows, p.row(v, c))
	}
	return p.show(v, "conversions", &b)
}

// conversion finds the one in the path. What is no ID is not there either.
func (p *Portal) conversion(v *visit) (*exchange.Conversion, error) {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return nil, exchange.ErrNotFound
	}
	return p.o.Exchange.Conversion(v.r.Context(), v.party, id)
}

type conversionBody struct {
	conversionRow
	Story   []event
	Receipt *ledger.Receipt
	Legs    []legView
	Gone    sum // what was reversed
}

// legView is one side of a conversion under its agreement.
type legView struct {
	Direction ledger.Direction
	*ledger.LegTerms
	Mine bool
}

func (p *Portal) showConversion(v *visit) error {
	c, err := p.conversion(v)
	if err != nil {
		return err
	}
	reversals, err := p.o.Exchange.Reversals(v.r.Context(), v.party, c.ID)
	if err != nil {
		return err
	}
	b := conversionBody{conversionRow: p.row(v, c), Gone: p.sum(c.Source, c.Reversed, v.company, c.In)}
	if b.Receipt, err = p.receipt(v, c.ID); err != nil {
		return err
	}
	if c.In != nil {
		b.Legs = append(b.Legs, legView{ledger.In, c.In, c.In.Partner == v.company.Code})
	}
	if c.Out != nil {
		b.Legs = append(b.Legs, legView{ledger.Out, c.Out, c.Out.Partner == v.company.Code})
	}
	b.Story = p.story(v, &b, reversals)
	return p.show(v, "conversion", &b)
}

// receipt is the one of a conversion, or nil while, or because, there is none.
func (p *Portal) receipt(v *visit, id ledger.ID) (*ledger.Receipt, error) {
	receipt, err := p.o.Exchange.Receipt(v.r.Context(), v.party, id)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &receipt, nil
}

// downloadReceipt sends the proof as a file, the same that the API gives.
func (p *Portal) downloadReceipt(v *visit) error {
	c, err := p.conversion(v)
	if err != nil {
		return err
	}
	receipt, err := p.o.Exchange.Receipt(v.r.Context(), v.party, c.ID)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(&receipt, "", "  ")
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="receipt-`+c.ID.String()+`.json"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}
