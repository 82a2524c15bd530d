package statementfile

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
)

// number is a cell that should hold an amount.
type number struct {
	units   int64 // smallest units; negative with a sign
	grouped bool  // it had thousands separators
	wide    bool  // it had full-width characters
	rounded bool
}

// digitsMax bounds the characters of a number.
const digitsMax = 40

// parseNumber reads an amount in whole points of a programme with so many
// decimals. Fraction is the decimal separator. Want, if not empty, says what would
// be right. Raw says that it is a spreadsheet's number, which may carry the noise
// of binary floating point.
func parseNumber(cell string, scale uint8, fraction byte, raw bool) (n number, want Rule) {
	s := strings.TrimSpace(cell)
	if len(s) > 4*digitsMax {
		return n, rule("amount_length")
	}
	s, n.wide = narrow(s)
	s, negative := sign(s)
	group := byte(',')
	if fraction == ',' && !raw {
		group = '.'
	} else {
		fraction = '.'
	}
	whole, rest, hasRest := strings.Cut(s, string(fraction))
	if whole, n.grouped, want = ungroup(whole, group, !hasRest && scale >= 3); want.broken() {
		return n, want
	}
	if !digits(whole) || hasRest && !digits(rest) {
		return n, wantNumber(s, scale)
	}
	n.units, n.rounded, want = units(whole, rest, scale, raw)
	if negative {
		n.units = -n.units
	}
	return n, want
}

// narrow also turns what looks like a minus sign into one.
func narrow(s string) (string, bool) {
	wide := false
	s = strings.Map(func(r rune) rune {
		n := narrowRune(r)
		wide = wide || n != r
		if n == '−' || n == '–' {
			return '-'
		}
		return n
	}, s)
	return s, wide
}

// sign takes off a leading or trailing sign, or the accountant's parentheses.
func sign(s string) (string, bool) {
	if in, ok := strings.CutPrefix(s, "("); ok {
		if in, ok = strings.CutSuffix(in, ")"); ok {
			return in, true
		}
	}
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return rest, true
	}
	if rest, ok := strings.CutSuffix(s, "-"); ok {
		return rest, true
	}
	return strings.TrimPrefix(s, "+"), false
}

// ungroup takes out thousands separators: groups of three digits, all separated
// by the same sign. Whether one such sign is a group's or a fraction's cannot be
// seen when the programme has three decimals or more.
func ungroup(s string, group byte, ambiguous bool) (whole string, grouped bool, want Rule) {
	for _, sep := range []string{string(group), " ", "\u00a0", "\u202f", "'"} {
		parts := strings.Split(s, sep)
		if len(parts) == 1 {
			continue
		}
		for i, p := range parts {
			if !digits(p) || i > 0 && len(p) != 3 || i == 0 && len(p) > 3 {
				return s, false, rule("separators")
			}
		}
		if ambiguous && len(parts) == 2 && sep == string(group) {
			return s, false, rule("separator_or")
		}
		return strings.Join(parts, ""), true, Rule{}
	}
	return s, false, Rule{}
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= digitsMax
}

func wantNumber(s string, scale uint8) Rule {
	if strings.ContainsAny(s, "eE") {
		return rule("shortened")
	}
	return Rule{Name: "digits", A: decimal.New(123456, -int32(scale)).StringFixed(int32(scale))}
}

// units turns digits into smallest units, exactly.
func units(whole, rest string, scale uint8, raw bool) (int64, bool, Rule) {
	text := whole
	if rest != "" {
		text += "." + rest
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return 0, false, wantNumber("", scale)
	}
	d = d.Shift(int32(scale))
	exact := d.Round(0)
	noise := !d.Equal(exact)
	if noise && !(raw && d.Sub(exact).Abs().LessThan(decimal.New(1, -6))) {
		return 0, false, Rule{Name: "decimals", A: string('0' + rune(scale))}
	}
	if exact.GreaterThan(decimal.New(ledger.AmountMax, 0)) {
		return 0, false, rule("amount_max")
	}
	return exact.IntPart(), noise, Rule{}
}
