package api

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

// newChecks returns a validator that knows the tags of the generated types.
// Each says the same as the pattern in the document; a property test holds them
// to it.
func newChecks() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	for tag, valid := range map[string]func(string) bool{
		"id":           func(s string) bool { _, err := ledger.ParseID(s); return err == nil },
		"programme":    ledger.ValidProgramme,
		"partner":      ledger.ValidPartner,
		"key":          func(s string) bool { return connector.Visible(s, idempotency.KeyMax) },
		"amount":       validAmount,
		"cap":          func(s string) bool { return s == "0" || validAmount(s) },
		"hash":         validHash,
		"reference":    func(s string) bool { return connector.Visible(s, 64) },
		"textversion":  func(s string) bool { return connector.Visible(s, 32) },
		"reason":       func(s string) bool { return validText(s, 200) },
		"name":         func(s string) bool { return validText(s, 100) },
		"rateside":     func(s string) bool { return validDecimal(s, 7) },
		"price":        func(s string) bool { return validDecimal(s, 4) },
		"exposurecap":  func(s string) bool { return validDecimal(s, 13) },
		"instant":      validInstant,
		"span":         validSpan,
		"eventid":      rewards.ValidEventID,
		"membernumber": rewards.ValidMember,
		"word":         rewards.ValidWord,
		"scopelist":    validScopeList,
		"networks":     validNetworks,
		"keytext":      func(s string) bool { n := utf8.RuneCountInString(s); return n >= 1 && n <= 16384 },
	} {
		check := func(f validator.FieldLevel) bool { return valid(f.Field().String()) }
		if err := v.RegisterValidation(tag, check); err != nil {
			return nil, fmt.Errorf("api: check %q: %w", tag, err)
		}
	}
	return v, nil
}

func validAmount(s string) bool { _, err := ledger.ParseAmount(s); return err == nil }

func validHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// validText counts characters, as a schema does; a bound in bytes is checked
// with its own message.
func validText(s string, longest int) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= longest && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// validScopeList reports whether s is 1 to 32 words of a to z and _ with a space
// between; which scopes there are is checked with its own message.
func validScopeList(s string) bool {
	words := strings.Split(s, " ")
	for _, w := range words {
		if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return false
		}
	}
	return len(words) <= 32
}

func validNetworks(s string) bool {
	return len(s) <= 1000 && strings.Trim(s, "0123456789abcdef.:/ ") == ""
}

// validDecimal reports whether s is a decimal without sign, exponent and
// superfluous zeros in front, of at most so many digits before the point and six
// after it.
func validDecimal(s string, digits int) bool {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > digits || len(whole) > 1 && whole[0] == '0' || !allDigits(whole) {
		return false
	}
	return !point || fraction != "" && len(fraction) <= 6 && allDigits(fraction)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// validInstant checks the form of RFC 3339 that the document asks for; that
// there is such a day is checked when it is read.
func validInstant(s string) bool {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || !allDigits(s[:4]) {
		return false
	}
	if !between(s[5:7], 1, 12) || !between(s[8:10], 1, 31) || !between(s[11:13], 0, 23) || !between(s[14:16], 0, 59) || !between(s[17:19], 0, 59) {
		return false
	}
	rest := s[19:]
	if rest[0] == '.' {
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if end == 1 || end > 10 {
			return false
		}
		rest = rest[end:]
	}
	return rest == "Z" || len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' && between(rest[1:3], 0, 23) && between(rest[4:], 0, 59)
}

func between(two string, low, high int) bool {
	n, err := strconv.Atoi(two)
	return err == nil && allDigits(two) && n >= low && n <= high
}

// validSpan checks a length of time in hours, minutes and seconds, in this
// order, each with at most six digits and none of them needed, but one.
func validSpan(s string) bool {
	if s == "" {
		return false
	}
	for _, unit := range []string{"h", "m", "s"} {
		number, rest, found := strings.Cut(s, unit)
		if !found {
			continue
		}
		if number == "" || len(number) > 6 || !allDigits(number) {
			return false
		}
		s = rest
	}
	return s == ""
}
