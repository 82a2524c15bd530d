package ledger

import (
	"math/bits"
)

// Ratio returns the rate between smallest units as an integer fraction in
// lowest terms: destination = source × num / den. Scales are the decimal places
// of the two programmes, 0 to [ScaleMax].
func (r Rate) Ratio(fromScale, toScale uint8) (num, den int64) {
	num, den = r.ToUnits*pow10(toScale), r.FromUnits*pow10(fromScale)
	g := gcd(num, den)
	return num / g, den / g
}

func pow10(n uint8) int64 {
	p := int64(1)
	for range min(n, ScaleMax) {
		p *= 10
	}
	return p
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Amounts are the exact figures of one leg of a conversion, in smallest units.
type Amounts struct {
	From int64 // what leaves the source programme
	To   int64 // what arrives in the destination programme
	EPT  int64 // electricity points that are settled, the member's fee included for In and excluded for Out
	Fee  int64 // fee in electricity points, whoever pays it
	// Residue is the numerator of the fraction of one destination unit that
	// rounding left over; the denominator is that of [Rate.Ratio].
	Residue int64
	// Value is what is owed for the leg, in millionths of a yuan: by the partner
	// for In, by the utility for Out.
	Value int64
}

// Convert computes the amounts of a conversion under these terms; scale is that
// of the partner's programme (electricity points have scale 0). It returns
// [CodeAmountTooSmall] when nothing would arrive, [CodeAmountOutOfRange] when a
// figure does not fit, [CodeOK] otherwise. Step, minimum, maximum and caps are
// checked by the contract.
func (t *Terms) Convert(from int64, scale uint8) (Amounts, Code) {
	if from <= 0 {
		return Amounts{}, CodeAmountOutOfRange
	}
	a, code := t.Amounts(from, scale)
	if code == CodeOK && a.To <= 0 {
		return Amounts{}, CodeAmountTooSmall
	}
	return a, code
}

// Amounts is the formula behind [Terms.Convert] without its lower bound: it also
// answers for a source amount of zero or one too small to give anything, which
// is what may remain of a conversion after a partial reversal. Every division
// rounds down: the member never receives more than the rate gives, and what is
// left is the residue. Each figure but Residue grows, or stays, when the source
// amount grows.
func (t *Terms) Amounts(from int64, scale uint8) (Amounts, Code) {
	if from < 0 || from > AmountMax {
		return Amounts{}, CodeAmountOutOfRange
	}
	if t.Direction == In {
		return t.convertIn(from, scale)
	}
	return t.convertOut(from, scale)
}

func (t *Terms) convertIn(from int64, scale uint8) (Amounts, Code) {
	num, den := t.Rate.Ratio(scale, 0)
	gross, rem, ok := MulDiv(from, num, den)
	if !ok || gross > AmountMax {
		return Amounts{}, CodeAmountOutOfRange
	}
	a := Amounts{From: from, To: gross, EPT: gross, Fee: t.fee(gross), Residue: rem}
	if t.FeePayer == FeeMember {
		a.To -= a.Fee
	}
	return t.priced(a)
}

func (t *Terms) convertOut(from int64, scale uint8) (Amounts, Code) {
	num, den := t.Rate.Ratio(0, scale)
	a := Amounts{From: from, EPT: from, Fee: t.fee(from)}
	if t.FeePayer == FeeMember {
		a.EPT -= a.Fee
	}
	var ok bool
	if a.To, a.Residue, ok = MulDiv(a.EPT, num, den); !ok || a.To > AmountMax {
		return Amounts{}, CodeAmountOutOfRange
	}
	return t.priced(a)
}

func (t *Terms) fee(ept int64) int64 {
	fee, _, _ := MulDiv(ept, int64(t.FeeBPS), 10_000)
	return fee
}

// priced adds the settlement value. A fee that the member paid is already in
// the points; one that a company pays changes what is owed.
func (t *Terms) priced(a Amounts) (Amounts, Code) {
	points := a.EPT
	switch {
	case t.FeePayer == FeePartner && t.Direction == In, t.FeePayer == FeeUtility && t.Direction == Out:
		points += a.Fee
	case t.FeePayer == FeePartner, t.FeePayer == FeeUtility:
		points -= a.Fee
	}
	hi, value := bits.Mul64(uint64(points), uint64(t.Price))
	if hi != 0 || value > uint64(ValueMax) {
		return Amounts{}, CodeAmountOutOfRange
	}
	a.Value = int64(value)
	return a, CodeOK
}

// ValueMax is the largest settlement value of one leg, in millionths of a yuan:
// a thousand billion yuan.
const ValueMax int64 = 1_000_000_000_000_000_000
