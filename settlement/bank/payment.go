package bank

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Currency is the only one that is settled in.
const Currency = "CNY"

// Party is one end of a payment.
type Party struct {
	Name    string // 1 to 140 characters
	Account string // the bank's number of the account, 1 to 34 letters and digits
	// BIC (8 or 11 characters) or CNAPS (12 digits) name the bank; at least one.
	BIC, CNAPS string
}

// Payment is one credit transfer.
type Payment struct {
	// Reference comes back in the confirmation: 1 to 35 of the characters that
	// every bank passes on (letters, digits and /-?:().,'+ or space).
	Reference    string
	Payer, Payee Party
	Cents        int64  // 1 to [CentsMax]
	Text         string // for people, up to 140 characters
}

// CentsMax is the largest payment, a thousand billion yuan: within the schema's 18
// digits, and so that the sum of an order fits.
const CentsMax int64 = 100_000_000_000_000

// ErrInvalid is wrapped by the errors for an order that the schema would refuse.
var ErrInvalid = errors.New("bank: not a valid order")

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9/\-?:().,'+ ]{1,35}$`)
	account    = regexp.MustCompile(`^[A-Za-z0-9\-]{1,34}$`)
	bic        = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)
	cnaps      = regexp.MustCompile(`^[0-9]{12}$`)
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

func checkIdentifier(what, s string) error {
	if !identifier.MatchString(s) || strings.TrimSpace(s) != s || strings.HasPrefix(s, "/") || strings.Contains(s, "//") {
		return invalid("%s %q must be 1 to 35 letters, digits and /-?:().,'+ or spaces, neither beginning with / nor with // in it", what, s)
	}
	return nil
}

func checkText(what, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); !utf8.ValidString(s) || n < least || n > most {
		return invalid("%s has %d characters, must have %d to %d", what, n, least, most)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0xfffe || r == 0xffff }) {
		return invalid("%s has control characters", what)
	}
	return nil
}

func (p *Party) validate(who string) error {
	switch {
	case !account.MatchString(p.Account):
		return invalid("account of the %s must be 1 to 34 letters, digits and hyphens", who)
	case p.BIC == "" && p.CNAPS == "":
		return invalid("the bank of the %s needs a BIC or a CNAPS number", who)
	case p.BIC != "" && !bic.MatchString(p.BIC):
		return invalid("BIC %q must have 8 or 11 characters, such as ICBKCNBJ", p.BIC)
	case p.CNAPS != "" && !cnaps.MatchString(p.CNAPS):
		return invalid("CNAPS number %q must have 12 digits", p.CNAPS)
	}
	return checkText("name of the "+who, p.Name, 1, 140)
}

// Validate reports what the schema would refuse in an account, [ErrInvalid].
func (p *Party) Validate() error { return p.validate("company") }

// Validate reports the first rule of the schema that the payment breaks.
func (p *Payment) Validate() error {
	if p.Cents < 1 || p.Cents > CentsMax {
		return invalid("payment %s is of %d cents, must be 1 to %d", p.Reference, p.Cents, CentsMax)
	}
	if plain(p.Payer.Account) == plain(p.Payee.Account) {
		return invalid("payment %s goes from an account to itself", p.Reference)
	}
	return errors.Join(checkIdentifier("reference", p.Reference), p.Payer.validate("payer"), p.Payee.validate("payee"),
		checkText("text", p.Text, 0, 140))
}

// yuan formats cents.
func yuan(cents int64) string { return decimal.New(cents, -2).StringFixed(2) }

// amountText is an amount of the schema: up to 18 digits, without sign or exponent.
var amountText = regexp.MustCompile(`^[0-9]{1,16}(\.[0-9]{0,5})?$`)

// parseCents reads an amount of yuan exactly.
func parseCents(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if !amountText.MatchString(s) {
		return 0, fmt.Errorf("amount %q is not digits with a point", clip(s))
	}
	d, err := decimal.NewFromString(strings.TrimSuffix(s, "."))
	if err != nil {
		return 0, err
	}
	cents := d.Shift(2)
	if !cents.IsInteger() || cents.GreaterThan(decimal.New(1, 18)) {
		return 0, fmt.Errorf("amount %q has fractions of a cent or is too large", clip(s))
	}
	return cents.IntPart(), nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
