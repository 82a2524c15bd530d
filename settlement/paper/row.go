package paper

import (
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
)

// Heading says whose statement it is.
type Heading struct {
	Partner ledger.Partner
	Hub     string // code of the electricity points
	Window  ledger.Date
	Zone    *time.Location
}

// Columns are those of a statement. Amounts are decimal numbers of whole points,
// values are yuan with six decimals, both without grouping. Reversals have the
// amounts taken back, as positive numbers, in lines of kind "reversal".
var columns = [...]string{"line", "kind", "direction", "transfer_id", "original_id", "time", "agreement_id",
	"agreement_hash", "from_programme", "from_amount", "to_programme", "to_amount", "ept_amount", "fee_ept",
	"value_cny", "partner_reference", "batch", "index"}

type row [len(columns)]string

// numeric says which columns hold numbers.
var numeric = [len(columns)]bool{0: true, 9: true, 11: true, 12: true, 13: true, 14: true, 16: true, 17: true}

const (
	conversion = "conversion"
	reversal   = "reversal"
	adjustment = "adjustment"
)

func (h *Heading) row(line int64, e *ledger.Entry, leg *ledger.Leg, d ledger.Direction) row {
	t := &e.Transfer
	kind, original := conversion, ""
	if t.Kind == ledger.KindReverse {
		kind, original = reversal, t.Related.String()
	}
	from, to := h.programmes(d)
	return row{strconv.FormatInt(line, 10), kind, d.String(), t.ID.String(), original, h.time(t), leg.Agreement.String(), leg.Hash.String(),
		from.code, points(leg.From, from.scale), to.code, points(leg.To, to.scale),
		points(leg.EPT, 0), points(leg.Fee, 0), yuan(leg.Value), t.Reference,
		strconv.FormatUint(e.Locator.Batch, 10), strconv.FormatUint(uint64(e.Locator.Index), 10)}
}

// adjustment is the row of an adjustment that was accepted; its original is the
// proposal.
func (h *Heading) adjustment(line int64, e *ledger.Entry) row {
	t := &e.Transfer
	return row{strconv.FormatInt(line, 10), adjustment, "", t.ID.String(), t.Related.String(), h.time(t), 14: yuan(t.Amount),
		16: strconv.FormatUint(e.Locator.Batch, 10), 17: strconv.FormatUint(uint64(e.Locator.Index), 10)}
}

func (h *Heading) time(t *ledger.Transfer) string {
	return time.UnixMilli(t.At).In(h.Zone).Format("2006-01-02T15:04:05.000Z07:00")
}

type programme struct {
	code  string
	scale uint8
}

func (h *Heading) programmes(d ledger.Direction) (from, to programme) {
	theirs, ours := programme{h.Partner.Programme, h.Partner.Scale}, programme{h.Hub, 0}
	if d == ledger.In {
		return theirs, ours
	}
	return ours, theirs
}

// flow is one of the four sums of a position.
type flow struct {
	kind      string
	direction ledger.Direction
	sums      *ledger.Flow
	sign      int64 // with which its value counts in what the partner owes
}

func flows(p *ledger.Position) [4]flow {
	return [4]flow{{conversion, ledger.In, &p.In, 1}, {reversal, ledger.In, &p.ReversedIn, -1},
		{conversion, ledger.Out, &p.Out, -1}, {reversal, ledger.Out, &p.ReversedOut, 1}}
}

// points formats an amount in smallest units as whole points.
func points(n int64, scale uint8) string {
	return decimal.New(n, -int32(scale)).StringFixed(int32(scale))
}

// yuan formats millionths of a yuan.
func yuan(n int64) string { return decimal.New(n, -6).StringFixed(6) }

// cents formats cents as yuan.
func cents(n int64) string { return decimal.New(n, -2).StringFixed(2) }
