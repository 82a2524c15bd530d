package api_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// terms are a second version of sky's agreement for direction in.
func terms() map[string]any {
	return map[string]any{"partner": "sky", "direction": "in", "version": 2, "rate": map[string]any{"from_units": "2.5", "to_units": "0.000001"},
		"step": "5", "min": "5", "max": "1000000000000000", "day_cap": "0", "year_cap": "1000", "price": "0.05", "fee_bps": 0, "fee_payer": "partner",
		"exposure_cap": "1000000000000", "lock_seconds": 604800, "lot_months": 120, "from": "2026-01-01T08:00:00.001+08:00", "until": "2036-01-01T00:00:00Z"}
}

func TestAnAgreementIsProposedAndAccepted(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").post("/v1/agreements", terms()).is(201)
	want := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 2, Rate: ledger.Rate{FromUnits: 2_500_000, ToUnits: 1}, Step: 5, Min: 5, Max: ledger.AmountMax,
		YearCap: 1000, Price: 50_000, FeePayer: ledger.FeePartner, ExposureCap: ledger.ValueMax, LockSeconds: 604800, LotMonths: 120, From: 1_767_225_600_001, Until: 2_082_758_400_000}
	if a.text("hash") != want.Hash().String() {
		t.Fatalf("signed other terms than were sent: %s", a.body)
	}
	if a.text("status") != "proposed" || a.text("terms.rate.from_units") != "2.5" || a.text("terms.rate.to_units") != "0.000001" || a.text("terms.price") != "0.05" ||
		a.text("terms.exposure_cap") != "1000000000000" || a.text("terms.from") != "2026-01-01T00:00:00.001Z" || a.text("proposed_by.msp") != "SkyMSP" || a.at("decided_by") != nil {
		t.Errorf("agreement is %s", a.body)
	}
	path := a.header.Get("Location")
	if got := w.as("sky-app").get(path).is(200); string(got.body) != string(a.body) {
		t.Errorf("fetched %s", got.body)
	}
	w.as("shop-app").get(path).refused(404, "not_found")
	w.as("shop-app").post(path+"/accept", map[string]any{"hash": a.text("hash")}).refused(404, "not_found")
	w.as("sky-app").post(path+"/accept", map[string]any{"hash": a.text("hash")}).refused(403, "same_identity")
	w.as("ops").post(path+"/accept", map[string]any{"hash": strings.Repeat("0", 64)}).refused(422, "agreement_hash")
	accepted := w.as("ops").post(path+"/accept", map[string]any{"hash": a.text("hash")}).is(200)
	if accepted.text("status") != "accepted" || accepted.text("decided_by.msp") != "UtilityMSP" || accepted.text("decided_at") == "" {
		t.Errorf("agreement is %s", accepted.body)
	}
	w.as("sky-app").post(path+"/reject", map[string]any{"reason": "too late"}).refused(409, "agreement_decided")
	w.as("sky-app").post("/v1/agreements", terms()).refused(409, "agreement_version")
}

func TestAnAgreementIsWithdrawn(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post("/v1/agreements", terms()).is(201).header.Get("Location")
	if a := w.as("sky-app").post(path+"/reject", map[string]any{"reason": "价格是去年的"}).is(200); a.text("status") != "rejected" {
		t.Errorf("agreement is %s", a.body)
	}
	if n := w.as("sky-app").get("/v1/agreements").is(200).count("agreements"); n != 3 {
		t.Errorf("sky sees %d of its 3", n)
	}
	if n := w.as("ops").get("/v1/agreements").is(200).count("agreements"); n != 5 {
		t.Errorf("the utility sees %d of 5", n)
	}
	w.as("sky-app").post("/v1/agreements/"+newID().String()+"/reject", map[string]any{"reason": "x"}).refused(404, "not_found")
	w.as("sky-app").post("/v1/agreements/x/accept", map[string]any{"hash": strings.Repeat("0", 64)}).refused(404, "not_found")
}

func TestTermsAreRefusedWhereTheyAreWrong(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		field string
		value any
		want  []string
	}{
		"a rate in exponents":             {"rate", map[string]any{"from_units": "1e3", "to_units": "1"}, []string{"/rate/from_units pattern"}},
		"a rate of seven places":          {"rate", map[string]any{"from_units": "1", "to_units": "0.0000001"}, []string{"/rate/to_units pattern"}},
		"a rate of zero":                  {"rate", map[string]any{"from_units": "0", "to_units": "0.000000"}, []string{"/rate/from_units out_of_range", "/rate/to_units out_of_range"}},
		"a rate above its bound":          {"rate", map[string]any{"from_units": "1000000.000001", "to_units": "1"}, []string{"/rate/from_units out_of_range"}},
		"a negative rate":                 {"rate", map[string]any{"from_units": "-1", "to_units": "+1"}, []string{"/rate/from_units pattern", "/rate/to_units pattern"}},
		"a rate as numbers":               {"rate", map[string]any{"from_units": 3, "to_units": 1}, []string{"/rate/from_units type", "/rate/to_units type"}},
		"a rate with more in it":          {"rate", map[string]any{"from_units": "3", "to_units": "1", "per": "day"}, []string{"/rate/per unknown_field"}},
		"a rate with points only":         {"rate", map[string]any{"from_units": "1.", "to_units": ".5"}, []string{"/rate/from_units pattern", "/rate/to_units pattern"}},
		"a price above its bound":         {"price", "1000.000001", []string{"/price out_of_range"}},
		"an exposure cap of zero":         {"exposure_cap", "0", []string{"/exposure_cap out_of_range"}},
		"an exposure cap above its bound": {"exposure_cap", "1000000000000.000001", []string{"/exposure_cap out_of_range"}},
		"a maximum below the minimum":     {"max", "4", []string{"/max out_of_range"}},
		"a minimum of zero":               {"min", "0", []string{"/min pattern"}},
		"an end before the beginning":     {"until", "2025-01-01T00:00:00Z", []string{"/until out_of_range"}},
		"a day that there is not":         {"from", "2026-02-30T00:00:00Z", []string{"/from instant"}},
		"a time without an offset":        {"from", "2026-02-20T00:00:00", []string{"/from pattern"}},
		"a time before 1970":              {"from", "1969-01-01T00:00:00Z", []string{"/from instant"}},
		"a time finer than milliseconds":  {"from", "2026-02-20T00:00:00.0001Z", []string{"/from instant"}},
		"lots that do not expire":         {"lot_months", 0, []string{"/lot_months out_of_range"}},
		"lots for direction out":          {"direction", "out", []string{"/lot_months out_of_range"}},
		"another direction":               {"direction", "both", []string{"/direction not_allowed"}},
		"another fee payer":               {"fee_payer", "nobody", []string{"/fee_payer not_allowed"}},
		"a fee above half":                {"fee_bps", 5001, []string{"/fee_bps out_of_range"}},
		"a negative fee":                  {"fee_bps", -1, []string{"/fee_bps out_of_range"}},
		"a version of zero":               {"version", 0, []string{"/version out_of_range"}},
		"a version that does not fit":     {"version", 2147483649, []string{"/version out_of_range"}},
		"a lock of zero":                  {"lock_seconds", 0, []string{"/lock_seconds out_of_range"}},
		"a partner that cannot be one":    {"partner", "SKY", []string{"/partner pattern"}},
		"a cap above the largest amount":  {"day_cap", "1000000000000001", []string{"/day_cap pattern"}},
		"a cap with a zero before it":     {"year_cap", "01", []string{"/year_cap pattern"}},
		"a fee as text":                   {"fee_bps", "1", []string{"/fee_bps type"}},
		"a step that is not there":        {"step", nil, []string{"/step null"}},
		"an end that is nothing":          {"until", nil, []string{"/until null"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			body := maps.Clone(terms())
			body[c.field] = c.value
			w.as("sky-app").post("/v1/agreements", body).invalid(c.want...)
		})
	}
	for field := range terms() {
		if field == "until" {
			continue
		}
		t.Run("without "+field, func(t *testing.T) {
			body := maps.Clone(terms())
			delete(body, field)
			w.as("sky-app").post("/v1/agreements", body).invalid("/" + field + " required")
		})
	}
	other := terms()
	other["partner"] = "shop"
	w.as("sky-app").post("/v1/agreements", other).refused(403, "not_yours")
}

func TestReasonsAndHashesAreStrict(t *testing.T) {
	w := newWorld(t)
	path := w.as("sky-app").post("/v1/agreements", terms()).is(201).header.Get("Location")
	for reason, want := range map[string]string{"": "pattern", "a\nb": "pattern", "a\u007f": "pattern", strings.Repeat("a", 201): "pattern", strings.Repeat("价", 67): "length"} {
		w.as("sky-app").post(path+"/reject", map[string]any{"reason": reason}).invalid("/reason " + want)
	}
	for _, hash := range []string{"", strings.Repeat("A", 64), strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("g", 64)} {
		w.as("ops").post(path+"/accept", map[string]any{"hash": hash}).invalid("/hash pattern")
	}
}

func TestALedgerThatDoesNotAnswerIsNotTakenForARefusal(t *testing.T) {
	w := newWorld(t)
	w.script.propose = func() (*ledger.Agreement, error) { return nil, ledger.ErrOutcomeUnknown }
	w.as("sky-app").post("/v1/agreements", terms()).refused(504, "outcome_unknown")
	w.script.accept = func() (*ledger.Agreement, error) {
		return nil, &exchange.Refusal{Code: string(ledger.CodeNotPermitted)}
	}
	w.as("sky-app").post("/v1/agreements/"+newID().String()+"/accept", map[string]any{"hash": strings.Repeat("0", 64)}).refused(403, "not_permitted")
}
