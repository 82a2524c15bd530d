package rewards

import (
	"fmt"
	"strings"
)

// Ratio is an exact ratio in ten-thousandths: points per yuan, or a factor.
type Ratio int64

// ratioUnit is the ratio of one.
const ratioUnit Ratio = 10_000

// Bounds of ratios: points per yuan up to a thousand, factors up to a hundred.
const (
	perYuanMax = 1000 * ratioUnit
	factorMax  = 100 * ratioUnit
)

// ParseRatio reads a number of at most four digits before and after the point,
// for example "1.5". There is neither sign nor exponent.
func ParseRatio(s string) (Ratio, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if !digits(whole) || point && !digits(fraction) || len(whole) > 1 && whole[0] == '0' {
		return 0, fmt.Errorf("rewards: %.20q is not a ratio; want up to four digits before and after the point, such as 1.5", s)
	}
	var n Ratio
	for _, c := range whole + (fraction + "0000")[:4] {
		n = 10*n + Ratio(c-'0')
	}
	return n, nil
}

func digits(s string) bool {
	if len(s) < 1 || len(s) > 4 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// String returns the shortest form that [ParseRatio] reads.
func (r Ratio) String() string { return decimal(int64(r), 4) }

// MarshalText implements [encoding.TextMarshaler].
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Ratio) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRatio(string(b))
	return err
}

// decimal writes n over ten to the power of places without trailing zeros.
func decimal(n int64, places int) string {
	s := fmt.Sprintf("%0*d", places+1, n)
	whole, fraction := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
