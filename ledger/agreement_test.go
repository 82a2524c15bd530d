package ledger_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"pgregory.net/rapid"
)

// drawTerms draws terms that are valid.
func drawTerms(t *rapid.T) ledger.Terms {
	side := rapid.OneOf(rapid.Int64Range(1, 100), rapid.Int64Range(1, ledger.RateMax), rapid.Just(ledger.RateMax))
	terms := ledger.Terms{
		Partner: "sky", Direction: rapid.SampledFrom([]ledger.Direction{ledger.In, ledger.Out}).Draw(t, "direction"), Version: 1,
		Rate: ledger.Rate{FromUnits: side.Draw(t, "from"), ToUnits: side.Draw(t, "to")},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: rapid.Int64Range(0, 1_000_000_000).Draw(t, "price"),
		FeeBPS: uint32(rapid.IntRange(0, 5000).Draw(t, "bps")), FeePayer: ledger.FeePayer(rapid.IntRange(1, 3).Draw(t, "payer")),
		ExposureCap: 1, LockSeconds: 1,
	}
	if terms.Direction == ledger.In {
		terms.LotMonths = 1
	}
	if err := terms.Validate(); err != nil {
		t.Fatal(err)
	}
	return terms
}

// amountDraw draws amounts of all sizes.
func amountDraw(t *rapid.T, label string) int64 {
	return rapid.OneOf(rapid.Int64Range(1, 10_000), rapid.Int64Range(1, ledger.AmountMax)).Draw(t, label)
}

// TestNothingIsLostInAConversion checks, in exact arithmetic, that what the
// source gives at the rate is what arrives, the member's fee and the residue.
func TestNothingIsLostInAConversion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms, scale := drawTerms(t), uint8(rapid.IntRange(0, ledger.ScaleMax).Draw(t, "scale"))
		a, code := terms.Amounts(amountDraw(t, "amount"), scale)
		if code != ledger.CodeOK {
			return
		}
		memberFee := int64(0)
		if terms.FeePayer == ledger.FeeMember {
			memberFee = a.Fee
		}
		source, arrived, fromScale, toScale := a.From, a.To+memberFee, scale, uint8(0)
		if terms.Direction == ledger.Out {
			source, arrived, fromScale, toScale = a.From-memberFee, a.To, 0, scale
		}
		_, den := terms.Rate.Ratio(fromScale, toScale)
		exact := new(big.Rat).SetFrac64(terms.Rate.ToUnits, terms.Rate.FromUnits)
		exact.Mul(exact, new(big.Rat).SetInt64(source))
		exact.Mul(exact, pow10(int(toScale)-int(fromScale)))
		got := new(big.Rat).Add(new(big.Rat).SetInt64(arrived), new(big.Rat).SetFrac64(a.Residue, den))
		if exact.Cmp(got) != 0 || a.Residue < 0 || a.Residue >= den {
			t.Fatalf("%+v at %+v gives %s of %s", a, terms, got, exact)
		}
		if ept := a.From; terms.Direction == ledger.Out && a.EPT != ept-memberFee || terms.Direction == ledger.In && a.EPT != arrived {
			t.Fatalf("%+v at %+v settles %d points", a, terms, a.EPT)
		}
	})
}

func pow10(n int) *big.Rat {
	r := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		r.Inv(r)
	}
	return r
}

func TestFeeAndValueAreThoseOfTheAgreement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t)
		a, code := terms.Amounts(amountDraw(t, "amount"), 2)
		if code != ledger.CodeOK {
			return
		}
		base := a.EPT
		if terms.Direction == ledger.Out {
			base = a.From
		}
		if fee := base/10_000*int64(terms.FeeBPS) + base%10_000*int64(terms.FeeBPS)/10_000; a.Fee != fee {
			t.Fatalf("the fee of %+v at %d is %d, want %d", a, terms.FeeBPS, a.Fee, fee)
		}
		points := map[ledger.FeePayer]map[ledger.Direction]int64{
			ledger.FeeMember:  {ledger.In: a.EPT, ledger.Out: a.EPT},
			ledger.FeePartner: {ledger.In: a.EPT + a.Fee, ledger.Out: a.EPT - a.Fee},
			ledger.FeeUtility: {ledger.In: a.EPT - a.Fee, ledger.Out: a.EPT + a.Fee},
		}[terms.FeePayer][terms.Direction]
		if value, ok := ledger.Mul(points, terms.Price); !ok || a.Value != value {
			t.Fatalf("the value of %+v at %+v is %d, want %d", a, terms, a.Value, value)
		}
	})
}

func TestMoreGivesNoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t)
		x, y := amountDraw(t, "x")-1, amountDraw(t, "y")
		less, code := terms.Amounts(min(x, y), 3)
		more, codeMore := terms.Amounts(max(x, y), 3)
		switch {
		case code != ledger.CodeOK && codeMore == ledger.CodeOK:
			t.Fatalf("%d does not fit but %d does", min(x, y), max(x, y))
		case codeMore == ledger.CodeOK && (less.To > more.To || less.EPT > more.EPT || less.Fee > more.Fee || less.Value > more.Value || less.To < 0):
			t.Fatalf("%+v is more than %+v at %+v", less, more, terms)
		}
	})
}

func TestConvertRefusesWhatGivesNothingOrDoesNotFit(t *testing.T) {
	base := ledger.Terms{Direction: ledger.In, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1}, FeePayer: ledger.FeeMember, Price: 1}
	for _, c := range []struct {
		name   string
		change func(*ledger.Terms)
		from   int64
		scale  uint8
		want   ledger.Code
	}{
		{"one for one", func(*ledger.Terms) {}, 1, 0, ledger.CodeOK},
		{"nothing", func(*ledger.Terms) {}, 0, 0, ledger.CodeAmountOutOfRange},
		{"less than nothing", func(*ledger.Terms) {}, -1, 0, ledger.CodeAmountOutOfRange},
		{"the largest amount", func(*ledger.Terms) {}, ledger.AmountMax, 0, ledger.CodeOK},
		{"more than the largest amount", func(*ledger.Terms) {}, ledger.AmountMax + 1, 0, ledger.CodeAmountOutOfRange},
		{"a fraction of a point", func(*ledger.Terms) {}, 99, 2, ledger.CodeAmountTooSmall},
		{"a point in hundredths", func(*ledger.Terms) {}, 100, 2, ledger.CodeOK},
		{"points that do not fit", func(t *ledger.Terms) { t.Rate.ToUnits = ledger.RateMax }, 1001, 0, ledger.CodeAmountOutOfRange},
		{"a value that does not fit", func(t *ledger.Terms) { t.Price = 1001 }, ledger.AmountMax, 0, ledger.CodeAmountOutOfRange},
		{"the largest value", func(t *ledger.Terms) { t.Price = 1000 }, ledger.AmountMax, 0, ledger.CodeOK},
		{"partner points that do not fit", func(t *ledger.Terms) { t.Direction = ledger.Out }, ledger.AmountMax, 1, ledger.CodeAmountOutOfRange},
	} {
		terms := base
		c.change(&terms)
		if a, code := terms.Convert(c.from, c.scale); code != c.want || code != ledger.CodeOK && a != (ledger.Amounts{}) {
			t.Errorf("%s: %+v, %s, want %s", c.name, a, code, c.want)
		}
	}
	if a, code := base.Amounts(0, 0); code != ledger.CodeOK || a != (ledger.Amounts{}) {
		t.Errorf("what remains of nothing is %+v, %s", a, code)
	}
}

func TestTermsAreRefusedOutOfRange(t *testing.T) {
	valid := ledger.Terms{
		Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1}, Step: 1, Min: 2, Max: 3,
		FeePayer: ledger.FeeMember, ExposureCap: 1, LockSeconds: 1, LotMonths: 1,
	}
	if err := valid.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ledger.Terms){
		"partner":           func(t *ledger.Terms) { t.Partner = "Sky" },
		"direction":         func(t *ledger.Terms) { t.Direction = 3 },
		"version":           func(t *ledger.Terms) { t.Version = 0 },
		"from units":        func(t *ledger.Terms) { t.Rate.FromUnits = 0 },
		"to units":          func(t *ledger.Terms) { t.Rate.ToUnits = ledger.RateMax + 1 },
		"step":              func(t *ledger.Terms) { t.Step = 0 },
		"min":               func(t *ledger.Terms) { t.Min = 0 },
		"max below min":     func(t *ledger.Terms) { t.Max = 1 },
		"max":               func(t *ledger.Terms) { t.Max = ledger.AmountMax + 1 },
		"day cap":           func(t *ledger.Terms) { t.DayCap = -1 },
		"year cap":          func(t *ledger.Terms) { t.YearCap = -1 },
		"price":             func(t *ledger.Terms) { t.Price = -1 },
		"fee":               func(t *ledger.Terms) { t.FeeBPS = 5001 },
		"payer":             func(t *ledger.Terms) { t.FeePayer = 0 },
		"exposure":          func(t *ledger.Terms) { t.ExposureCap = 0 },
		"lock":              func(t *ledger.Terms) { t.LockSeconds = 0 },
		"lot months":        func(t *ledger.Terms) { t.LotMonths = 121 },
		"lot months of out": func(t *ledger.Terms) { t.Direction = ledger.Out },
		"from":              func(t *ledger.Terms) { t.From = -1 },
		"until before from": func(t *ledger.Terms) { t.From, t.Until = 5, 5 },
	} {
		terms := valid
		change(&terms)
		if terms.Validate() == nil {
			t.Errorf("%s: accepted %+v", name, terms)
		}
		if terms.Hash() == valid.Hash() {
			t.Errorf("%s: the hash does not cover it", name)
		}
	}
}

func TestTermsSurviveTheirEncodingAndJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTerms(t)
		e := wire.NewEncoder(nil)
		want.Append(e)
		d := wire.NewDecoder(e.Bytes())
		var got, fromJSON ledger.Terms
		if got.Read(d); d.Close() != nil || got != want {
			t.Fatalf("read %+v, %v, want %+v", got, d.Close(), want)
		}
		b, err := json.Marshal(want)
		if err != nil || json.Unmarshal(b, &fromJSON) != nil || fromJSON != want {
			t.Fatalf("%s is read as %+v, %v", b, fromJSON, err)
		}
	})
}

// TestARatioIsInLowestTerms uses 1.50 miles of two decimals for 2 points.
func TestARatioIsInLowestTerms(t *testing.T) {
	rate := ledger.Rate{FromUnits: 1_500_000, ToUnits: 2_000_000}
	if num, den := rate.Ratio(2, 0); num != 1 || den != 75 {
		t.Errorf("the ratio is %d/%d, want 1/75", num, den)
	}
	if num, den := rate.Ratio(0, 6); num != 4_000_000 || den != 3 {
		t.Errorf("the ratio is %d/%d, want 4000000/3", num, den)
	}
	extreme := ledger.Rate{FromUnits: ledger.RateMax, ToUnits: ledger.RateMax - 1}
	if num, den := extreme.Ratio(ledger.ScaleMax, 0); num <= 0 || den <= 0 {
		t.Errorf("the ratio is %d/%d", num, den)
	}
}

func TestInForceTakesTheHighestVersionThatApplies(t *testing.T) {
	agreement := func(version uint32, status ledger.AgreementStatus, decided, from, until int64) ledger.Agreement {
		return ledger.Agreement{Status: status, DecidedAt: decided,
			Terms: ledger.Terms{Partner: "sky", Direction: ledger.In, Version: version, From: from, Until: until}}
	}
	all := []ledger.Agreement{
		agreement(3, ledger.AgreementProposed, 0, 0, 0),
		agreement(2, ledger.AgreementAccepted, 20, 50, 60),
		agreement(1, ledger.AgreementAccepted, 10, 0, 100),
		agreement(9, ledger.AgreementRejected, 5, 0, 0),
	}
	for at, want := range map[int64]uint32{9: 0, 10: 1, 49: 1, 50: 2, 59: 2, 60: 1, 99: 1, 100: 0} {
		got, ok := ledger.InForce(all, "sky", ledger.In, at)
		if got.Terms.Version != want || ok != (want > 0) {
			t.Errorf("at %d version %d is in force, want %d", at, got.Terms.Version, want)
		}
	}
	if _, ok := ledger.InForce(all, "sky", ledger.Out, 50); ok {
		t.Error("an agreement is in force for the other direction")
	}
	if _, ok := ledger.InForce(all, "star", ledger.In, 50); ok {
		t.Error("an agreement is in force with another partner")
	}
}
