package connector

import (
	"errors"
	"strconv"
)

// ErrBadAmount is returned by [ParseAmount].
var ErrBadAmount = errors.New(`connector: amount must be a string of digits from "0" to "9223372036854775807" without leading zero`)

// ParseAmount reads an amount as it travels: ASCII digits, no sign, no leading
// zero, no fraction, 0 to 2⁶³-1. It returns [ErrBadAmount].
func ParseAmount(s string) (int64, error) {
	if s == "" || len(s) > 19 || s[0] == '0' && s != "0" {
		return 0, ErrBadAmount
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, ErrBadAmount
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, ErrBadAmount // nineteen digits can still be too large
	}
	return n, nil
}

// FormatAmount writes an amount as it travels. Amounts are never negative.
func FormatAmount(n int64) string { return strconv.FormatInt(n, 10) }
