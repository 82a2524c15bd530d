package ledger

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ValidPartner reports whether s can be a partner's code: 2 to 16 of a-z, 0-9
// and -, starting with a letter.
func ValidPartner(s string) bool { return validCode(s, 'a', 'z', 16, "0123456789-") }

// ValidProgramme reports whether s can be a programme's code: 2 to 8 of A-Z and
// 0-9, starting with a letter.
func ValidProgramme(s string) bool { return validCode(s, 'A', 'Z', 8, "0123456789") }

// ValidHouse reports whether s can name a house account of the utility to which
// held points go: "mall" or "mall-" and up to 12 of a-z, 0-9 and -.
func ValidHouse(s string) bool {
	return s == "mall" || len(s) > 5 && s[:5] == "mall-" && ValidPartner(s)
}

func validCode(s string, lo, hi byte, longest int, rest string) bool {
	if len(s) < 2 || len(s) > longest || s[0] < lo || s[0] > hi {
		return false
	}
	for i := 1; i < len(s); i++ {
		if (s[i] < lo || s[i] > hi) && !contains(rest, s[i]) {
			return false
		}
	}
	return true
}

func contains(s string, b byte) bool {
	for i := range len(s) {
		if s[i] == b {
			return true
		}
	}
	return false
}

func checkText(name, s string, longest int) error {
	if len(s) > longest {
		return fmt.Errorf("%s has %d bytes, at most %d", name, len(s), longest)
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return fmt.Errorf("%s has a control character", name)
		}
	}
	if !utf8.ValidString(s) { // it would not survive a receipt's JSON
		return fmt.Errorf("%s is not UTF-8", name)
	}
	return nil
}

func checkAmount(n int64) error {
	if n < 1 || n > AmountMax {
		return fmt.Errorf("amount is %d, must be 1 to %d", n, AmountMax)
	}
	return nil
}

func checkAccount(a Account) error {
	if a.IsZero() {
		return errors.New("account is missing")
	}
	return nil
}

func checkID(name string, id ID) error {
	if !id.Valid() {
		return fmt.Errorf("%s is not a UUID version 7", name)
	}
	return nil
}

func (c *Initialise) Validate() error {
	if !ValidProgramme(c.Hub) {
		return fmt.Errorf("hub %q is not a programme code", c.Hub)
	}
	return checkWindow("window", c.Window)
}

func (c *RegisterPartner) Validate() error {
	switch {
	case !ValidPartner(c.Partner):
		return fmt.Errorf("partner %q is not a partner code", c.Partner)
	case !ValidProgramme(c.Programme):
		return fmt.Errorf("programme %q is not a programme code", c.Programme)
	case c.Scale > ScaleMax:
		return fmt.Errorf("scale is %d, at most %d", c.Scale, ScaleMax)
	case c.MSP == "":
		return errors.New("msp is missing")
	}
	return checkText("msp", c.MSP, ReferenceMax)
}

func (c *SuspendPartner) Validate() error {
	if !ValidPartner(c.Partner) {
		return fmt.Errorf("partner %q is not a partner code", c.Partner)
	}
	return checkText("reason", c.Reason, ReasonMax)
}

func (c *ProposeAgreement) Validate() error { return c.Terms.Validate() }

func (c *AcceptAgreement) Validate() error { return checkID("agreement", c.Agreement) }

func (c *RejectAgreement) Validate() error {
	return errors.Join(checkID("agreement", c.Agreement), checkText("reason", c.Reason, ReasonMax))
}

func (c *Issue) Validate() error {
	return errors.Join(checkAccount(c.Account), checkAmount(c.Amount), checkText("reason", c.Reason, ReasonMax))
}

func (c *TakeBack) Validate() error {
	return errors.Join(checkID("original", c.Original), checkAccount(c.Account), checkText("reason", c.Reason, ReasonMax))
}

func (c *TakeBackPart) Validate() error {
	return errors.Join(checkID("original", c.Original), checkAccount(c.Account), checkAmount(c.Amount), checkText("reason", c.Reason, ReasonMax))
}

func (c *Expire) Validate() error { return checkAccount(c.Account) }

func (c *Hold) Validate() error {
	if err := errors.Join(checkAccount(c.Account), checkAmount(c.Amount), checkText("reason", c.Reason, ReasonMax)); err != nil {
		return err
	}
	if c.Leg == nil {
		if !ValidHouse(c.To) {
			return fmt.Errorf("to %q is not a house account", c.To)
		}
		return nil
	}
	if c.To != "" || c.Leg.From != c.Amount {
		return errors.New("a hold for a conversion has no other destination, and its amount is the leg's")
	}
	return c.Leg.validate()
}

func (l *LegTerms) validate() error {
	switch {
	case !ValidPartner(l.Partner):
		return fmt.Errorf("partner %q is not a partner code", l.Partner)
	case l.LockedAt < 0 || l.LockedAt >= 1<<48:
		return errors.New("locked_at is out of range")
	}
	return errors.Join(checkID("agreement", l.Agreement), checkAmount(l.From), checkAmount(l.To))
}

func (c *Post) Validate() error {
	return errors.Join(checkID("hold", c.Hold), checkAccount(c.Account), checkText("reference", c.Reference, ReferenceMax))
}

func (c *Void) Validate() error {
	return errors.Join(checkID("hold", c.Hold), checkAccount(c.Account), checkText("reason", c.Reason, ReasonMax))
}

func (c *ConvertIn) Validate() error {
	return errors.Join(checkAccount(c.Account), c.Leg.validate(), checkText("reference", c.Reference, ReferenceMax))
}

func (c *ConvertOut) Validate() error {
	return errors.Join(checkAccount(c.Account), c.Leg.validate(), checkText("reference", c.Reference, ReferenceMax))
}

func (c *CrossConvert) Validate() error {
	if c.Source.Partner == c.Destination.Partner {
		return errors.New("source and destination are the same partner")
	}
	if c.Source.To != c.Destination.From {
		return fmt.Errorf("source gives %d electricity points but destination takes %d", c.Source.To, c.Destination.From)
	}
	return errors.Join(checkAccount(c.Account), c.Source.validate(), c.Destination.validate(),
		checkText("reference", c.Reference, ReferenceMax))
}

func (c *Reverse) Validate() error {
	return errors.Join(checkID("original", c.Original), checkAccount(c.Account), checkAmount(c.Amount),
		checkText("reference", c.Reference, ReferenceMax), checkText("reason", c.Reason, ReasonMax))
}

func (c *Freeze) Validate() error {
	return errors.Join(checkAccount(c.Account), checkText("reason", c.Reason, ReasonMax))
}

func (c *CloseWindow) Validate() error {
	if c.Next <= c.Window {
		return fmt.Errorf("next window %s is not after %s", c.Next, c.Window)
	}
	return errors.Join(checkWindow("window", c.Window), checkWindow("next window", c.Next))
}

func checkWindow(name string, d Date) error {
	if d < 0 || d > DateMax {
		return fmt.Errorf("%s is day %d, must be %s to %s", name, d, Date(0), DateMax)
	}
	return nil
}

func (c *Checkpoint) Validate() error { return nil }

func (c *TakeLane) Validate() error { return nil }

func (c *SetLanes) Validate() error {
	if c.Lanes < 1 || c.Lanes > LanesMax {
		return fmt.Errorf("lanes is %d, must be 1 to %d", c.Lanes, LanesMax)
	}
	return nil
}
