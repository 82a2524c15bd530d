package api

import (
	"strconv"
	"strings"
	"time"
)

// at is an instant in milliseconds since 1970 as it travels; 0 is no instant.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func points(n int64) string { return strconv.FormatInt(n, 10) }

// millionths writes a number of millionths as a decimal without superfluous
// zeros, exactly.
func millionths(n int64) string {
	sign, whole, fraction := "", n/1_000_000, n%1_000_000
	if n < 0 {
		// Both may be zero but not the smallest integer, so they can be negated.
		sign, whole, fraction = "-", -whole, -fraction
	}
	text := sign + strconv.FormatInt(whole, 10)
	if fraction == 0 {
		return text
	}
	digits := strconv.FormatInt(1_000_000+fraction, 10)[1:]
	return text + "." + strings.TrimRight(digits, "0")
}
