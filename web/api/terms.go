package api

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

// ParseTerms reads the body of POST /v1/agreements, for whoever signs terms
// without the API, so that both read the same document as the same terms. It
// returns a [*problem.Problem] that lists everything that is wrong.
func ParseTerms(body []byte) (ledger.Terms, error) {
	s, err := loadSchemas()
	if err != nil {
		return ledger.Terms{}, err
	}
	checks, err := newChecks()
	if err != nil {
		return ledger.Terms{}, err
	}
	form, err := newTermsForm(checks, s)
	if err != nil {
		return ledger.Terms{}, err
	}
	read, wrong := form.Decode(body)
	if wrong != nil {
		return ledger.Terms{}, problem.Invalid(wrong...)
	}
	terms, wrong := parseTerms(&read)
	if wrong != nil {
		return ledger.Terms{}, problem.Invalid(wrong...)
	}
	return terms, nil
}

// termsReader turns terms as they travel into those that are signed, and notes
// everything that is out of range.
type termsReader struct{ wrong []problem.Field }

func (t *termsReader) note(pointer, code, format string, args ...any) {
	t.wrong = append(t.wrong, problem.At(pointer, code, fmt.Sprintf(format, args...)))
}

// parseTerms reads terms that the form has accepted.
func parseTerms(b *Terms) (ledger.Terms, []problem.Field) {
	var t termsReader
	out := ledger.Terms{
		Partner: b.Partner, Version: uint32(b.Version),
		Rate:        ledger.Rate{FromUnits: t.decimal("/rate/from_units", b.Rate.FromUnits, 1, ledger.RateMax), ToUnits: t.decimal("/rate/to_units", b.Rate.ToUnits, 1, ledger.RateMax)},
		Step:        t.amount("/step", b.Step),
		Min:         t.amount("/min", b.Min),
		Max:         t.amount("/max", b.Max),
		DayCap:      t.amount("/day_cap", b.DayCap),
		YearCap:     t.amount("/year_cap", b.YearCap),
		Price:       t.decimal("/price", b.Price, 0, priceMax),
		FeeBPS:      uint32(*b.FeeBps),
		ExposureCap: t.decimal("/exposure_cap", b.ExposureCap, 1, ledger.ValueMax),
		LockSeconds: uint32(b.LockSeconds), LotMonths: uint16(*b.LotMonths),
		From: t.instant("/from", b.From),
	}
	t.text("/direction", &out.Direction, string(b.Direction))
	t.text("/fee_payer", &out.FeePayer, string(b.FeePayer))
	if b.Until != nil {
		out.Until = t.instant("/until", *b.Until)
	}
	t.together(&out)
	if t.wrong != nil {
		return out, t.wrong
	}
	if err := out.Validate(); err != nil {
		t.note("", "out_of_range", "%v", err)
	}
	return out, t.wrong
}

// priceMax is 1,000 yuan in millionths; see ledger.Terms.
const priceMax = 1_000_000_000

// decimal reads a decimal of at most six places as millionths.
func (t *termsReader) decimal(pointer, text string, low, high int64) int64 {
	d, err := decimal.NewFromString(text)
	if err != nil || !validDecimal(text, 13) {
		t.note(pointer, "pattern", "must be a decimal with at most six places")
		return low
	}
	d = d.Shift(ledger.RateScale)
	if d.LessThan(decimal.New(low, 0)) || d.GreaterThan(decimal.New(high, 0)) {
		t.note(pointer, "out_of_range", "must be %s to %s", millionths(low), millionths(high))
		return low
	}
	return d.IntPart()
}

// amount reads an amount or "0"; where that is not allowed the form has refused
// it.
func (t *termsReader) amount(pointer, text string) int64 {
	if text == "0" {
		return 0
	}
	n, err := ledger.ParseAmount(text)
	if err != nil {
		t.note(pointer, "pattern", "%v", err)
	}
	return n
}

func (t *termsReader) instant(pointer, text string) int64 {
	ms, detail := parseInstant(text)
	if detail != "" {
		t.note(pointer, "instant", "%s", detail)
	}
	return ms
}

func (t *termsReader) text(pointer string, into interface{ UnmarshalText([]byte) error }, text string) {
	if err := into.UnmarshalText([]byte(text)); err != nil {
		t.note(pointer, "not_allowed", "%v", err)
	}
}

// together checks what no schema can say.
func (t *termsReader) together(o *ledger.Terms) {
	if o.Max < o.Min {
		t.note("/max", "out_of_range", "must not be below min")
	}
	if o.Until != 0 && o.Until <= o.From {
		t.note("/until", "out_of_range", "must be after from")
	}
	if o.Direction == ledger.In && o.LotMonths == 0 {
		t.note("/lot_months", "out_of_range", "must be 1 to 120 for direction in")
	}
	if o.Direction == ledger.Out && o.LotMonths != 0 {
		t.note("/lot_months", "out_of_range", "must be 0 for direction out")
	}
}

// parseInstant reads RFC 3339 as milliseconds since 1970, from 1970 on, or says
// what is wrong with it.
func parseInstant(text string) (ms int64, detail string) {
	instant, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil || !validInstant(text):
		return 0, "must be an instant in RFC 3339, for example 2026-03-01T00:00:00Z"
	case instant.UnixMilli() < 0 || instant.UnixMilli() >= 1<<48:
		return 0, "must not be before 1970"
	case instant.Nanosecond()%int(time.Millisecond) != 0:
		return 0, "must have at most milliseconds"
	}
	return instant.UnixMilli(), ""
}

// RenderTerms is the way back; [ParseTerms] reads it as the same terms.
func RenderTerms(o *ledger.Terms) Terms {
	fee, months := int(o.FeeBPS), int(o.LotMonths)
	t := Terms{Partner: o.Partner, Direction: Direction(o.Direction.String()), Version: int(o.Version),
		Rate: Rate{FromUnits: millionths(o.Rate.FromUnits), ToUnits: millionths(o.Rate.ToUnits)},
		Step: points(o.Step), Min: points(o.Min), Max: points(o.Max), DayCap: points(o.DayCap), YearCap: points(o.YearCap),
		Price: millionths(o.Price), FeeBps: &fee, FeePayer: TermsFeePayer(o.FeePayer.String()), ExposureCap: millionths(o.ExposureCap),
		LockSeconds: int(o.LockSeconds), LotMonths: &months, From: time.UnixMilli(o.From).UTC().Format(time.RFC3339Nano)}
	if o.Until != 0 {
		until := time.UnixMilli(o.Until).UTC().Format(time.RFC3339Nano)
		t.Until = &until
	}
	return t
}
