package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// minus is the sign of a negative number, as wide as a digit.
const minus = "−"

// Amount writes an amount in smallest units of a programme with as many decimal
// places, in groups of three digits: 1,234.50.
func Amount(n int64, scale uint8) string {
	sign, digits := split(n)
	for len(digits) <= int(scale) {
		digits = "0" + digits
	}
	whole, fraction := digits[:len(digits)-int(scale)], digits[len(digits)-int(scale):]
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + group(whole) + fraction
}

// Millionths writes a number of millionths with at least as many decimal places
// and no more zeros than that.
func Millionths(n int64, places int) string {
	text := Amount(n, 6)
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) > places && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// Money writes millionths of a yuan with at least the cents.
func Money(l Language, millionths int64) string {
	return withSymbol(l, Millionths(millionths, 2))
}

// Exact writes millionths of a yuan with all six decimals, so that a column of
// them stands point below point.
func Exact(l Language, millionths int64) string { return withSymbol(l, Amount(millionths, 6)) }

// Fen writes fen, hundredths of a yuan, as a bank does: always with two decimals.
func Fen(l Language, fen int64) string { return withSymbol(l, Amount(fen, 2)) }

func withSymbol(l Language, text string) string {
	symbol := "CNY "
	if l == Chinese {
		symbol = "¥"
	}
	if rest, negative := strings.CutPrefix(text, minus); negative {
		return minus + symbol + rest
	}
	return symbol + text
}

// split returns the sign and the digits; it knows the smallest integer too.
func split(n int64) (sign, digits string) {
	digits = strconv.FormatInt(n, 10)
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		return minus, rest
	}
	return "", digits
}

func group(digits string) string {
	var b strings.Builder
	for i, d := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(d)
	}
	return b.String()
}

// Percent writes a part of a thousand: 805 is 80.5 %.
func Percent(permille int64) string { return Amount(permille, 1) + " %" }

// Permille returns how many thousandths of whole part is, rounded down, at most
// 1,000 for what is more; whole is positive.
func Permille(part, whole int64) int64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	if part >= whole {
		return 1000
	}
	if whole > 1<<53 {
		return part / (whole / 1000) // exact enough for a picture
	}
	return part * 1000 / whole
}

// DateText writes a date as its readers do.
func DateText(l Language, t time.Time) string {
	if l == Chinese {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 Jan 2006")
}

// MonthText writes a month as its readers do.
func MonthText(l Language, m ledger.Month) string {
	t := time.Date(1970, time.January+time.Month(m), 1, 0, 0, 0, 0, time.UTC)
	if l == Chinese {
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

// InstantText writes a date and the time of day to the second.
func InstantText(l Language, t time.Time) string {
	return DateText(l, t) + " " + t.Format("15:04:05")
}

// ShortText writes an instant for a table: without the year.
func ShortText(l Language, t time.Time) string {
	if l == Chinese {
		return t.Format("1月2日 15:04:05")
	}
	return t.Format("2 Jan 15:04:05")
}

// MomentText writes an instant as people remember it: to the minute, without the
// year.
func MomentText(l Language, t time.Time) string {
	if l == Chinese {
		return t.Format("1月2日 15:04")
	}
	return t.Format("2 Jan 15:04")
}

// Span writes a length of time in whole days, hours, minutes and seconds.
func (d *Dictionary) Span(l Language, span time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		key string
		of  time.Duration
	}{{"span.days", 24 * time.Hour}, {"span.hours", time.Hour}, {"span.minutes", time.Minute}, {"span.seconds", time.Second}} {
		if n := span / unit.of; n > 0 {
			parts = append(parts, d.Say(l, unit.key, "n", int64(n)))
			span -= n * unit.of
		}
	}
	if parts == nil {
		return d.Say(l, "span.seconds", "n", int64(0))
	}
	return strings.Join(parts, " ")
}
