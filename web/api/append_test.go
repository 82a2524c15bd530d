package api

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// A conversion is the same bytes on every route.
func TestAnAppendedConversionIsWhatJSONSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[!-~]{1,20}`), rapid.String())
		c := &exchange.Conversion{Source: "SKYM", Destination: text.Draw(t, "destination"), SourceReference: text.Draw(t, "source reference"),
			DestinationReference: text.Draw(t, "destination reference"), From: rapid.Int64Range(0, ledger.AmountMax).Draw(t, "from"), To: 7, Fee: 1,
			CreatedAt: rapid.Int64Range(1, 1<<42).Draw(t, "created"), FinishedAt: rapid.Int64Range(0, 1<<42).Draw(t, "finished"),
			Status: exchange.Completed, Outcome: rapid.SampledFrom([]exchange.Status{"", exchange.Completed, exchange.Failed}).Draw(t, "outcome")}
		copy(c.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		copy(c.QuoteID[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "quote"))
		leg := &ledger.LegTerms{Partner: "sky", Agreement: c.ID, Hash: ledger.Hash{1, 31: 0xff}}
		if rapid.Bool().Draw(t, "in") {
			c.In = leg
		}
		if rapid.Bool().Draw(t, "out") {
			c.Out = leg
		}
		if rapid.Bool().Draw(t, "failure") {
			c.Failure = &exchange.Failure{Code: text.Draw(t, "code"), Detail: text.Draw(t, "detail")}
		}
		want, err := json.Marshal(renderCreated(c))
		if err != nil {
			t.Fatal(err)
		}
		if got := appendCreated(nil, c); string(got) != string(want) {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
}
