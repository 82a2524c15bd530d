package api

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

// decoder is a form, whatever it decodes into.
type decoder struct {
	decode  func([]byte) []problem.Field
	explain func([]byte) []problem.Field
}

func decoders(t testing.TB) map[string]decoder {
	t.Helper()
	f, err := newForms()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]decoder{
		"ConversionByQuote":        {func(b []byte) []problem.Field { _, w := f.conversion.Decode(b); return w }, f.conversion.Explain},
		"QuoteRequest":             {func(b []byte) []problem.Field { _, w := f.quote.Decode(b); return w }, f.quote.Explain},
		"ReversalRequest":          {func(b []byte) []problem.Field { _, w := f.reversal.Decode(b); return w }, f.reversal.Explain},
		"Terms":                    {func(b []byte) []problem.Field { _, w := f.terms.Decode(b); return w }, f.terms.Explain},
		"Acceptance":               {func(b []byte) []problem.Field { _, w := f.acceptance.Decode(b); return w }, f.acceptance.Explain},
		"Rejection":                {func(b []byte) []problem.Field { _, w := f.rejection.Decode(b); return w }, f.rejection.Explain},
		"LinkRequest":              {func(b []byte) []problem.Field { _, w := f.link.Decode(b); return w }, f.link.Explain},
		"ClockRequest":             {func(b []byte) []problem.Field { _, w := f.clock.Decode(b); return w }, f.clock.Explain},
		"ConversionFileRequest":    {func(b []byte) []problem.Field { _, w := f.file.Decode(b); return w }, f.file.Explain},
		"ConversionFileCompletion": {func(b []byte) []problem.Field { _, w := f.completion.Decode(b); return w }, f.completion.Explain},
		"ConversionBatchItem": {func(b []byte) []problem.Field {
			all, w := f.batch.Decode(slices.Concat([]byte(`{"conversions":[`), b, []byte(`]}`)))
			for _, e := range all {
				w = append(w, e.Wrong...)
			}
			return w
		}, f.batchItem.Explain},
	}
	all["ClientRequest"] = decoder{func(b []byte) []problem.Field { _, w := f.client.Decode(b); return w }, f.client.Explain}
	all["ClientChange"] = decoder{func(b []byte) []problem.Field { _, w := f.clientChange.Decode(b); return w }, f.clientChange.Explain}
	all["ClientKeyRequest"] = decoder{func(b []byte) []problem.Field { _, w := f.key.Decode(b); return w }, f.key.Explain}
	all["KeyRetirement"] = decoder{func(b []byte) []problem.Field { _, w := f.retirement.Decode(b); return w }, f.retirement.Explain}
	all["RewardEventRequest"] = decoder{func(b []byte) []problem.Field { _, w := f.rewardEvent.Decode(b); return w }, f.rewardEvent.Explain}
	all["RewardCancellation"] = decoder{func(b []byte) []problem.Field { _, w := f.rewardCancellation.Decode(b); return w }, f.rewardCancellation.Explain}
	all["ConversionByRate"] = all["ConversionByQuote"]
	return all
}

// The tags of the generated types say the same as the document's schemas: the
// fast path accepts a body if and only if the schema does.
func TestTheFastPathAcceptsWhatTheDocumentAccepts(t *testing.T) {
	schemas := document(t).Components.Schemas
	for name, d := range decoders(t) {
		t.Run(name, func(t *testing.T) {
			accepted := 0
			// With -short a round is few bodies, and there may be no good one among them.
			for round := 0; accepted == 0 && round < 20; round++ {
				rapid.Check(t, func(t *rapid.T) {
					body := []byte(drawObject(t, schemas[name].Value, rapid.IntRange(0, 3).Draw(t, "faults")))
					wrong, explained := d.decode(body), d.explain(body)
					if (wrong == nil) != (len(explained) == 0) {
						t.Fatalf("%s: the tags say %v, the schema says %v", body, wrong, explained)
					}
					if wrong == nil {
						accepted++
					}
				})
			}
			if accepted == 0 {
				t.Error("no body was accepted; the test tests nothing")
			}
		})
	}
}

func FuzzTheFastPathAcceptsWhatTheDocumentAccepts(f *testing.F) {
	all := decoders(f)
	f.Add([]byte(`{"source":"SKYM","destination":"EPT","amount":"30","link_id":"0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50","reference":"a"}`))
	f.Add([]byte(`{"advance":"1h2m3s"}`))
	f.Add([]byte(`{"member":"1","membership":"2","consent":{"text_version":"1","given_at":"2026-03-01T00:00:00Z","channel":"app"}}`))
	f.Add([]byte(`{"partner":"sky","direction":"in","version":1,"rate":{"from_units":"3","to_units":"0.5"},"step":"1","min":"1","max":"1","day_cap":"0","year_cap":"0",` +
		`"price":"0.05","fee_bps":0,"fee_payer":"member","exposure_cap":"1","lock_seconds":1,"lot_months":1,"from":"2026-03-01T00:00:00.123+08:00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, d := range all {
			if wrong, explained := d.decode(body), d.explain(body); (wrong == nil) != (len(explained) == 0) {
				t.Fatalf("%s: %q: the tags say %v, the schema says %v", name, body, wrong, explained)
			}
		}
	})
}

// drawObject writes a body of a schema with up to so many faults in it.
func drawObject(t *rapid.T, s *openapi3.Schema, faults int) string {
	var names []string
	for name := range s.Properties {
		if slices.Contains(s.Required, name) || rapid.Bool().Draw(t, "with "+name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > 0 && faults > 0 && rapid.IntRange(0, 3).Draw(t, "forget") == 0 {
		names = slices.Delete(names, 0, 1)
	}
	spoilt := -1
	if len(names) > 0 && faults > 0 {
		spoilt = rapid.IntRange(0, len(names)-1).Draw(t, "spoilt")
	}
	var pairs []string
	for i, name := range names {
		value := drawValue(t, s.Properties[name].Value, i == spoilt)
		pairs = append(pairs, quote(name)+":"+value)
	}
	if faults > 1 {
		pairs = append(pairs, rapid.SampledFrom([]string{`"x":1`, `"Amount":"30"`, `"ſource":"EPT"`, `"quote_id":null`, `"amount":"30"`, `"":""`, `"reason":"a"`}).Draw(t, "extra"))
	}
	return "{" + strings.Join(rapid.Permutation(pairs).Draw(t, "order"), ",") + "}"
}

func drawValue(t *rapid.T, s *openapi3.Schema, spoil bool) string {
	if spoil && rapid.Bool().Draw(t, "odd") {
		return rapid.SampledFrom([]string{`null`, `""`, `0`, `1`, `-1`, `1.0`, `1e2`, `99999999999999999999`, `true`, `[]`, `{}`, `"x"`, `"0"`, `"00"`, `"1e3"`, `"-1"`,
			`"1000000000000000"`, `"1000000000000001"`, `"0.0000001"`, `"1."`, `".1"`, `"2026-02-30T24:00:00Z"`, `"2026-02-28T23:59:60Z"`, `"2026-02-28t23:59:59z"`,
			`"2026-02-28T23:59:59.1234567890Z"`, `"2026-02-28T23:59:59+24:00"`, `"\ud800"`, `"\u0000"`, `"é"`, `"` + strings.Repeat("a", 64) + `"`, `"` + strings.Repeat("a", 65) + `"`,
			`"` + strings.Repeat("点", 200) + `"`, `"` + strings.Repeat("点", 201) + `"`}).Draw(t, "odd value")
	}
	switch {
	case len(s.OneOf) > 0:
		return drawValue(t, rapid.SampledFrom(s.OneOf).Draw(t, "alternative").Value, spoil)
	case s.Type.Is("object"):
		return drawObject(t, s, map[bool]int{true: 1}[spoil])
	case s.Type.Is("integer"):
		low, high := int64(*s.Min), int64(*s.Max)
		if spoil {
			low, high = low-2, high+2
		}
		return fmt.Sprint(rapid.Int64Range(low, high).Draw(t, "integer"))
	case s.Type.Is("boolean"):
		return fmt.Sprint(rapid.Bool().Draw(t, "boolean"))
	case len(s.Enum) > 0:
		return quote(rapid.SampledFrom(s.Enum).Draw(t, "enum").(string))
	}
	text := rapid.StringMatching(s.Pattern).Draw(t, "text")
	if spoil {
		text = mutate(t, text)
	}
	return quote(text)
}

// mutate changes one character of a text.
func mutate(t *rapid.T, text string) string {
	runes := []rune(text)
	if len(runes) == 0 {
		return "0"
	}
	i := rapid.IntRange(0, len(runes)-1).Draw(t, "place")
	r := rapid.SampledFrom([]rune("0159aAzZ.-+:T hms/~\x7f\u0085５é")).Draw(t, "character")
	switch rapid.SampledFrom([]string{"replace", "insert", "delete", "double"}).Draw(t, "change") {
	case "replace":
		runes[i] = r
	case "insert":
		runes = slices.Insert(runes, i, r)
	case "delete":
		runes = slices.Delete(runes, i, i+1)
	case "double":
		runes = append(runes, runes...)
	}
	return string(runes)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestMillionthsAreWrittenExactly(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 1: "0.000001", -1: "-0.000001", 50_000: "0.05", 1_000_000: "1", -10_050_001: "-10.050001", 1_500_000: "1.5",
		math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808"} {
		if got := millionths(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		back, err := decimal.NewFromString(millionths(n))
		if err != nil || !back.Equal(decimal.New(n, -6)) {
			t.Fatalf("%d is written %s (%v)", n, millionths(n), err)
		}
	})
}

// What was signed is what is shown, and what is shown can be signed again.
func TestTermsThatAreShownReadBackAsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.Bool().Draw(t, "in")
		number := func(name string, low, high int64) int64 { return rapid.Int64Range(low, high).Draw(t, name) }
		terms := ledger.Terms{Partner: "sky", Direction: ledger.Out, Version: uint32(number("version", 1, 1<<31)),
			Rate: ledger.Rate{FromUnits: number("from", 1, ledger.RateMax), ToUnits: number("to", 1, ledger.RateMax)}, Step: number("step", 1, ledger.AmountMax),
			Min: number("min", 1, 1000), Max: number("max", 1000, ledger.AmountMax), DayCap: number("day", 0, ledger.AmountMax), YearCap: number("year", 0, ledger.AmountMax),
			Price: number("price", 0, priceMax), FeeBPS: uint32(number("fee", 0, 5000)), FeePayer: ledger.FeePayer(number("payer", 1, 3)), ExposureCap: number("cap", 1, ledger.ValueMax),
			LockSeconds: uint32(number("lock", 1, 604800)), From: number("begin", 0, 1<<47)}
		if in {
			terms.Direction, terms.LotMonths = ledger.In, uint16(number("months", 1, 120))
		}
		if rapid.Bool().Draw(t, "ends") {
			terms.Until = terms.From + number("lasts", 1, 1<<40)
		}
		shown := RenderTerms(&terms)
		back, wrong := parseTerms(&shown)
		if wrong != nil || back.Hash() != terms.Hash() {
			t.Fatalf("%+v came back as %+v, %v", terms, back, wrong)
		}
	})
}

func TestACursorOpensOnlyWhereItWasMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "last")
		here, there := page{bound: []byte("a list and its filters, hashed..")}, page{bound: []byte("another list or other filters...")}
		cursor := here.cursor(last)
		if back, ok := here.open(cursor); !ok || string(back) != string(last) {
			t.Fatalf("%q came back as %q", last, back)
		}
		if _, ok := there.open(cursor); ok {
			t.Fatal("opened elsewhere")
		}
		if changed := mutate(t, cursor); changed != cursor {
			if _, ok := here.open(changed); ok {
				t.Fatalf("%q opened, which was %q", changed, cursor)
			}
		}
	})
}
