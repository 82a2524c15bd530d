package api

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// appendCreated writes what encoding/json writes for [renderCreated], which in a
// batch of a thousand would cost more than all else that is done here.
func appendCreated(b []byte, c *exchange.Conversion) []byte {
	id := c.ID.String()
	b = append(b, `{"agreements":[`...)
	b = appendReference(b, DirectionIn, c.In)
	if c.In != nil && c.Out != nil {
		b = append(b, ',')
	}
	b = appendReference(b, DirectionOut, c.Out)
	b = appendPoints(append(b, `],"amount":`...), c.From)
	b = appendTime(append(b, `,"created_at":`...), c.CreatedAt)
	b = appendText(append(b, `,"destination":`...), c.Destination)
	b = appendPoints(append(b, `,"destination_amount":`...), c.To)
	if c.DestinationReference != "" {
		b = appendText(append(b, `,"destination_reference":`...), c.DestinationReference)
	}
	if c.Failure != nil {
		b = appendText(append(b, `,"failure":{"code":`...), c.Failure.Code)
		b = append(appendText(append(b, `,"detail":`...), c.Failure.Detail), '}')
	}
	b = appendPoints(append(b, `,"fee":`...), c.Fee)
	if c.FinishedAt != 0 {
		b = appendTime(append(b, `,"finished_at":`...), c.FinishedAt)
	}
	b = append(append(append(b, `,"id":"`...), id...), `","links":{"receipt":"`+conversionsPath...)
	b = append(append(b, id...), `/receipt","reversals":"`+conversionsPath...)
	b = append(append(b, id...), `/reversals","self":"`+conversionsPath...)
	b = append(append(b, id...), `"}`...)
	if !c.QuoteID.IsZero() {
		b = append(append(append(b, `,"quote_id":"`...), c.QuoteID.String()...), '"')
	}
	b = appendText(append(b, `,"source":`...), c.Source)
	if c.SourceReference != "" {
		b = appendText(append(b, `,"source_reference":`...), c.SourceReference)
	}
	b = appendText(append(b, `,"status":`...), string(outcome(c)))
	return append(b, '}')
}

func appendReference(b []byte, d Direction, l *ledger.LegTerms) []byte {
	if l == nil {
		return b
	}
	b = appendText(append(b, `{"direction":`...), string(d))
	b = append(append(b, `,"hash":"`...), l.Hash.String()...)
	b = append(append(b, `","id":"`...), l.Agreement.String()...)
	return append(appendText(append(b, `","partner":`...), l.Partner), '}')
}

func appendPoints(b []byte, n int64) []byte {
	return append(strconv.AppendInt(append(b, '"'), n, 10), '"')
}

func appendTime(b []byte, ms int64) []byte {
	return append(at(ms).AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// appendText writes a string; one that needs escapes as encoding/json does it.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("api: " + err.Error()) // a string is always JSON
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
