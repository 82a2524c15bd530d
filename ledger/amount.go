package ledger

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// AmountMax is the largest amount of one command, in smallest units: 10^15. It
// leaves three orders of magnitude below the largest int64 for sums.
const AmountMax int64 = 1_000_000_000_000_000

// ParseAmount reads a positive amount in smallest units: ASCII digits without
// sign, point, exponent or leading zero, at most [AmountMax].
func ParseAmount(s string) (int64, error) {
	if s == "" {
		return 0, fmt.Errorf("amount is empty; want decimal digits, for example %q", "1000")
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, fmt.Errorf("amount has a character other than the digits 0 to 9; want for example %q", "1000")
		}
	}
	if s[0] == '0' {
		return 0, fmt.Errorf("amount is zero or has a leading zero; want 1 to %d", AmountMax)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > AmountMax {
		return 0, fmt.Errorf("amount is too large; want 1 to %d", AmountMax)
	}
	return n, nil
}

// Add returns a+b, and false when the sum does not fit an int64.
func Add(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0)
}

// Sub returns a-b, and false when the difference does not fit an int64.
func Sub(a, b int64) (int64, bool) {
	d := a - b
	return d, (d < a) == (b > 0)
}

// Mul returns a×b of two numbers that are not negative, and false when the
// product does not fit an int64.
func Mul(a, b int64) (int64, bool) {
	if a < 0 || b < 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int64(lo), hi == 0 && lo <= math.MaxInt64
}

// MulDiv returns the quotient, rounded down, and the remainder of a×b/c for
// a, b ≥ 0 and c > 0, exactly; false when the quotient does not fit an int64 or
// an argument is out of range.
func MulDiv(a, b, c int64) (quo, rem int64, ok bool) {
	if a < 0 || b < 0 || c <= 0 {
		return 0, 0, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, 0, false
	}
	q, r := bits.Div64(hi, lo, uint64(c))
	return int64(q), int64(r), q <= math.MaxInt64
}
