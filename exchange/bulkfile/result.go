package bulkfile

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
)

// Outcomes of a line.
const (
	outcomeConverted = "converted"
	outcomeRepeated  = "repeated"
	outcomeFailed    = "failed"
	outcomeHeld      = "held"
)

// result is what became of a line.
type result struct {
	Line              int64  `json:"line"`
	Reference         string `json:"reference,omitempty"`
	Outcome           string `json:"outcome"`
	ConversionID      string `json:"conversion_id,omitempty"`
	DestinationAmount string `json:"destination_amount,omitempty"`
	Code              string `json:"code,omitempty"`
	Detail            string `json:"detail,omitempty"`
}

const resultHeader = "line,reference,outcome,conversion_id,destination_amount,code,detail\r\n"

// append writes a result as a line of a format.
func (r *result) append(b []byte, format Format) []byte {
	if format == NDJSON {
		line, err := json.Marshal(r)
		if err != nil {
			panic("bulkfile: " + err.Error()) // strings and a number are always JSON
		}
		return append(append(b, line...), '\n')
	}
	b = strconv.AppendInt(b, r.Line, 10)
	for _, value := range [...]string{r.Reference, r.Outcome, r.ConversionID, r.DestinationAmount, r.Code, r.Detail} {
		b = appendCSV(append(b, ','), value)
	}
	return append(b, "\r\n"...)
}

func appendCSV(b []byte, value string) []byte {
	if !strings.ContainsAny(value, "\",\r\n") {
		return append(b, value...)
	}
	b = append(b, '"')
	return append(append(b, strings.ReplaceAll(value, `"`, `""`)...), '"')
}

// fail makes a result of a refusal.
func (r *result) fail(code, detail string) {
	r.Outcome, r.Code, r.Detail = outcomeFailed, code, detail
}

// held makes a result of a conversion that staff look at before anything moves: the
// file does not wait for people.
func (r *result) held(c *exchange.Conversion, rule string) {
	r.Outcome, r.ConversionID, r.Code = outcomeHeld, c.ID.String(), rule
	r.Detail = "held for review; how it ends is told as for any conversion"
}

// ended makes a result of a conversion that has ended.
func (r *result) ended(c *exchange.Conversion, repeated bool) {
	r.ConversionID = c.ID.String()
	if c.Outcome == exchange.Failed || c.Outcome == exchange.Reversed {
		r.fail(CodeConversionFailed, "")
		if c.Failure != nil {
			r.Code, r.Detail = c.Failure.Code, c.Failure.Detail
		}
		return
	}
	r.Outcome, r.DestinationAmount = outcomeConverted, strconv.FormatInt(c.To, 10)
	if repeated {
		r.Outcome = outcomeRepeated
	}
}
