package ledgertest

import (
	"math/big"

	"github.com/pointgrid/pointgrid/ledger"
)

func rat(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

// units is a number of smallest units of a programme in whole points.
func units(n int64, scale uint8) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(n), ten)
}

// figures are the amounts of a leg, in exact arithmetic.
type figures struct {
	to, ept, fee, value *big.Int
	lost                *big.Rat // what rounding left over, in smallest units of the destination
}

// figuresOf works a leg out from the words of the agreement.
func figuresOf(t *ledger.Terms, from int64, scale uint8) figures {
	ratio := new(big.Rat).SetFrac64(t.Rate.ToUnits, t.Rate.FromUnits)
	bps := new(big.Rat).SetFrac64(int64(t.FeeBPS), 10_000)
	var f figures
	if t.Direction == in {
		exact := new(big.Rat).Mul(units(from, scale), ratio)
		f.ept = floor(exact)
		f.lost = exact.Sub(exact, new(big.Rat).SetInt(f.ept))
		f.fee = floor(new(big.Rat).Mul(new(big.Rat).SetInt(f.ept), bps))
		f.to = f.ept
		if t.FeePayer == ledger.FeeMember {
			f.to = new(big.Int).Sub(f.ept, f.fee)
		}
	} else {
		f.fee = floor(new(big.Rat).Mul(rat(from), bps))
		f.ept = big.NewInt(from)
		if t.FeePayer == ledger.FeeMember {
			f.ept = new(big.Int).Sub(f.ept, f.fee)
		}
		exact := new(big.Rat).Mul(new(big.Rat).SetInt(f.ept), ratio)
		exact.Quo(exact, units(1, scale))
		f.to = floor(exact)
		f.lost = exact.Sub(exact, new(big.Rat).SetInt(f.to))
	}
	f.value = valueOf(t, f.ept, f.fee)
	return f
}

// valueOf: what is owed is the points, and a fee that the partner pays raises
// what it owes or lowers what it is owed; one that the utility pays the reverse.
func valueOf(t *ledger.Terms, ept, fee *big.Int) *big.Int {
	points := new(big.Int).Set(ept)
	switch {
	case t.FeePayer == ledger.FeeMember:
	case (t.FeePayer == ledger.FeePartner) == (t.Direction == in):
		points.Add(points, fee)
	default:
		points.Sub(points, fee)
	}
	return points.Mul(points, big.NewInt(t.Price))
}

// fits reports whether all figures are within the bounds of the contract.
func (f figures) fits() bool {
	most := big.NewInt(ledger.AmountMax)
	return f.to.Cmp(most) <= 0 && f.ept.Cmp(most) <= 0 && f.value.Cmp(big.NewInt(ledger.ValueMax)) <= 0
}

// amounts are the figures without the residue, which has another form.
func (f figures) amounts(from int64) ledger.Amounts {
	return ledger.Amounts{From: from, To: f.to.Int64(), EPT: f.ept.Int64(), Fee: f.fee.Int64(), Value: f.value.Int64()}
}

// amounts are those of a leg under an agreement.
func (m *model) amounts(agreement ledger.ID, from int64) ledger.Amounts {
	t := m.agreements[agreement].Terms
	return figuresOf(&t, from, m.partners[t.Partner].Scale).amounts(from)
}

// standing calls visit for each leg of what stands of all conversions.
func (m *model) standing(visit func(t *ledger.Terms, f figures, from int64)) {
	for _, c := range m.conversions {
		from := c.remains
		for _, id := range []ledger.ID{c.source, c.destination} {
			if !id.IsZero() {
				t := m.agreements[id].Terms
				f := figuresOf(&t, from, m.partners[t.Partner].Scale)
				visit(&t, f, from)
				from = f.to.Int64()
			}
		}
	}
}

// owed adds up the values of what stands with a partner.
func (m *model) owed(partner string) (sum int64) {
	m.standing(func(t *ledger.Terms, f figures, _ int64) {
		switch {
		case t.Partner != partner:
		case t.Direction == in:
			sum += f.value.Int64()
		default:
			sum -= f.value.Int64()
		}
	})
	return sum
}

// reserved adds up the values of what is on hold for a partner.
func (m *model) reserved(partner string) (sum int64) {
	for _, a := range m.accounts {
		for _, h := range a.holds {
			if h.leg != nil && h.leg.Partner == partner {
				sum += m.amounts(h.leg.Agreement, h.amount).Value
			}
		}
	}
	return sum
}

// balances adds up all accounts of a programme from what stands.
func (m *model) balances(programme string) map[string]int64 {
	all := map[string]int64{}
	lost := map[string]map[ledger.Terms]*big.Rat{} // by residue account and agreement
	for code, p := range m.partners {
		if p.Programme == programme {
			all["members/"+code], all["clearing/"+code], all["residue/"+code] = 0, 0, 0
		} else if programme == m.hub {
			all["fee/"+code], all["clearing/"+code], all["residue/"+code] = 0, 0, 0
		}
	}
	m.standing(func(t *ledger.Terms, f figures, from int64) {
		m.balance(all, lost, programme, t, f, from)
	})
	for account, byAgreement := range lost {
		for _, sum := range byAgreement {
			whole := floor(sum).Int64()
			all["residue/"+account] += whole
			all["clearing/"+account] -= whole
		}
	}
	if programme == m.hub {
		for name, n := range m.house {
			all[name] = n
		}
		for id, a := range m.accounts {
			all[id.String()] = a.balance()
		}
	}
	return all
}

// balance adds one leg to the accounts of a programme.
func (m *model) balance(all map[string]int64, lost map[string]map[ledger.Terms]*big.Rat, programme string, t *ledger.Terms, f figures, from int64) {
	code, own := t.Partner, m.partners[t.Partner].Programme == programme
	into := t.Direction == in
	switch {
	case own && into:
		all["members/"+code] -= from
		all["clearing/"+code] += from
	case own:
		all["members/"+code] += f.to.Int64()
		all["clearing/"+code] -= f.to.Int64()
	case programme == m.hub:
		if t.FeePayer == ledger.FeeMember {
			all["fee/"+code] += f.fee.Int64()
		}
		if into {
			all["clearing/"+code] -= f.ept.Int64()
		} else {
			all["clearing/"+code] += f.ept.Int64()
		}
	}
	if own != into && (own || programme == m.hub) { // the destination's programme bears the loss
		if lost[code] == nil {
			lost[code] = map[ledger.Terms]*big.Rat{}
		}
		if lost[code][*t] == nil {
			lost[code][*t] = new(big.Rat)
		}
		lost[code][*t].Add(lost[code][*t], f.lost)
	}
}
