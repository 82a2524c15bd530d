package ledger

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Initialise is the first command on a ledger. Only it can be given before any
// other, and only once; its caller's company becomes the utility.
type Initialise struct {
	Hub    string // code of the electricity points, scale 0
	Window Date   // the first window
}

// RegisterPartner admits a company and its programme. By the utility.
type RegisterPartner struct {
	Partner   string
	Programme string
	Scale     uint8
	MSP       string
}

// SuspendPartner stops, or with Suspended false resumes, new conversions with a
// partner. What is on hold can still be posted, voided and reversed. By the
// utility.
type SuspendPartner struct {
	Partner   string
	Suspended bool
	Reason    string
}

// ProposeAgreement offers a rate card. By the utility or the partner concerned;
// the command's ID becomes the agreement's.
type ProposeAgreement struct{ Terms Terms }

// AcceptAgreement signs a proposed rate card. By the company that did not
// propose it.
type AcceptAgreement struct {
	Agreement ID
	Hash      Hash // of the terms, as the acceptor computed it
}

// RejectAgreement withdraws or refuses a proposed rate card. By either company.
type RejectAgreement struct {
	Agreement ID
	Reason    string
}

// Issue creates electricity points for a member. By the utility.
type Issue struct {
	Account Account
	Amount  int64
	Expiry  Month
	Reason  string // rule, version, event and channel; no personal data
}

// Expire takes the member's lots of one expiry month that has passed: the
// window's month must be later. By the utility.
type Expire struct {
	Account Account
	Month   Month
}

// Hold sets electricity points of a member aside, first-expiring-first. With a
// Leg it is the first phase of a conversion out: rate, limits and exposure are
// checked and counted now, and Amount is the leg's From. Without, the points go
// to the house account To when posted. By the utility.
type Hold struct {
	Account Account
	Amount  int64
	Leg     *LegTerms // set for a conversion out
	To      string    // set otherwise: house account, see [ValidHouse]
	Reason  string
}

// Post completes a hold, Void gives the same lots back. Account is that of the
// hold. By the utility.
type Post struct {
	Hold      ID
	Account   Account
	Reference string // the partner's reference of its credit
}

// Void gives a hold's lots back; see [Post].
type Void struct {
	Hold    ID
	Account Account
	Reason  string
}

// LegTerms is one leg of a conversion as the gateway computed it; the contract
// computes it again and refuses a difference.
type LegTerms struct {
	Partner   string
	Agreement ID
	Hash      Hash
	LockedAt  int64 // when the rate was locked, milliseconds since 1970
	From      int64
	To        int64
}

// ConvertIn turns partner points, which the partner has debited, into
// electricity points of the member. By the utility.
type ConvertIn struct {
	Account   Account
	Leg       LegTerms
	Reference string // the partner's reference of its debit
}

// ConvertOut turns electricity points into partner points that the partner has
// credited already. By the utility.
type ConvertOut struct {
	Account   Account
	Leg       LegTerms
	Reference string
}

// CrossConvert turns points of one partner into points of another by way of
// electricity points: what Source gives is what Destination takes. The member's
// own electricity points are not touched; Account carries the member's limits.
type CrossConvert struct {
	Account     Account
	Source      LegTerms
	Destination LegTerms
	Reference   string
}

// Reverse takes back part or all of a conversion, at the original's agreement:
// afterwards everything stands as if only the rest had been converted. Amount is
// in the source programme of the original. By the utility.
type Reverse struct {
	Original  ID
	Account   Account
	Amount    int64
	Reference string
	Reason    string
}

// Freeze stops, or with Frozen false frees, an account: nothing leaves or enters
// a frozen one except posts, voids and reversals of what was under way. By the
// utility.
type Freeze struct {
	Account Account
	Frozen  bool
	Reason  string
}

// CloseWindow ends the window and opens the next. It is alone in its batch, so
// every transfer lies in exactly one window. By the utility.
type CloseWindow struct {
	Window Date
	Next   Date
}

// Checkpoint gathers the Merkle roots of the batches since the last one. It is
// alone in its batch.
type Checkpoint struct{}

func (*Initialise) Kind() Kind       { return KindInitialise }
func (*RegisterPartner) Kind() Kind  { return KindRegisterPartner }
func (*SuspendPartner) Kind() Kind   { return KindSuspendPartner }
func (*ProposeAgreement) Kind() Kind { return KindProposeAgreement }
func (*AcceptAgreement) Kind() Kind  { return KindAcceptAgreement }
func (*RejectAgreement) Kind() Kind  { return KindRejectAgreement }
func (*Issue) Kind() Kind            { return KindIssue }
func (*Expire) Kind() Kind           { return KindExpire }
func (*Hold) Kind() Kind             { return KindHold }
func (*Post) Kind() Kind             { return KindPost }
func (*Void) Kind() Kind             { return KindVoid }
func (*ConvertIn) Kind() Kind        { return KindConvertIn }
func (*ConvertOut) Kind() Kind       { return KindConvertOut }
func (*CrossConvert) Kind() Kind     { return KindCrossConvert }
func (*Reverse) Kind() Kind          { return KindReverse }
func (*Freeze) Kind() Kind           { return KindFreeze }
func (*CloseWindow) Kind() Kind      { return KindCloseWindow }
func (*Checkpoint) Kind() Kind       { return KindCheckpoint }

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

func (c *Initialise) append(e *wire.Encoder) {
	e.String(c.Hub)
	e.Int(int64(c.Window))
}

func (c *Initialise) read(d *wire.Decoder) { c.Hub, c.Window = d.String(), Date(d.Int32()) }

func (c *RegisterPartner) append(e *wire.Encoder) {
	e.String(c.Partner)
	e.String(c.Programme)
	e.Byte(c.Scale)
	e.String(c.MSP)
}

func (c *RegisterPartner) read(d *wire.Decoder) {
	c.Partner, c.Programme, c.Scale, c.MSP = d.String(), d.String(), d.Byte(), d.String()
}

func (c *SuspendPartner) append(e *wire.Encoder) {
	e.String(c.Partner)
	e.Bool(c.Suspended)
	e.String(c.Reason)
}

func (c *SuspendPartner) read(d *wire.Decoder) {
	c.Partner, c.Suspended, c.Reason = d.String(), d.Bool(), d.String()
}

func (c *ProposeAgreement) append(e *wire.Encoder) { c.Terms.Append(e) }
func (c *ProposeAgreement) read(d *wire.Decoder)   { c.Terms.Read(d) }

func (c *AcceptAgreement) append(e *wire.Encoder) {
	e.Raw(c.Agreement[:])
	e.Raw(c.Hash[:])
}

func (c *AcceptAgreement) read(d *wire.Decoder) {
	copy(c.Agreement[:], d.Raw(16))
	copy(c.Hash[:], d.Raw(32))
}

func (c *RejectAgreement) append(e *wire.Encoder) {
	e.Raw(c.Agreement[:])
	e.String(c.Reason)
}

func (c *RejectAgreement) read(d *wire.Decoder) {
	copy(c.Agreement[:], d.Raw(16))
	c.Reason = d.String()
}

func (c *Issue) append(e *wire.Encoder) {
	e.Raw(c.Account[:])
	e.Int(c.Amount)
	e.Uint(uint64(c.Expiry))
	e.String(c.Reason)
}

func (c *Issue) read(d *wire.Decoder) {
	copy(c.Account[:], d.Raw(16))
	c.Amount, c.Expiry, c.Reason = d.Int(), Month(d.Uint16()), d.String()
}

func (c *Expire) append(e *wire.Encoder) {
	e.Raw(c.Account[:])
	e.Uint(uint64(c.Month))
}

func (c *Expire) read(d *wire.Decoder) {
	copy(c.Account[:], d.Raw(16))
	c.Month = Month(d.Uint16())
}

func (c *Hold) append(e *wire.Encoder) {
	e.Raw(c.Account[:])
	e.Int(c.Amount)
	e.Bool(c.Leg != nil)
	if c.Leg != nil {
		c.Leg.append(e)
	}
	e.String(c.To)
	e.String(c.Reason)
}

func (c *Hold) read(d *wire.Decoder) {
	copy(c.Account[:], d.Raw(16))
	c.Amount = d.Int()
	if d.Bool() {
		c.Leg = &LegTerms{}
		c.Leg.read(d)
	}
	c.To, c.Reason = d.String(), d.String()
}

func (c *Post) append(e *wire.Encoder) {
	e.Raw(c.Hold[:])
	e.Raw(c.Account[:])
	e.String(c.Reference)
}

func (c *Post) read(d *wire.Decoder) {
	copy(c.Hold[:], d.Raw(16))
	copy(c.Account[:], d.Raw(16))
	c.Reference = d.String()
}

func (c *Void) append(e *wire.Encoder) {
	e.Raw(c.Hold[:])
	e.Raw(c.Account[:])
	e.String(c.Reason)
}

func (c *Void) read(d *wire.Decoder) {
	copy(c.Hold[:], d.Raw(16))
	copy(c.Account[:], d.Raw(16))
	c.Reason = d.String()
}

func (l *LegTerms) append(e *wire.Encoder) {
	e.String(l.Partner)
	e.Raw(l.Agreement[:])
	e.Raw(l.Hash[:])
	e.Int(l.LockedAt)
	e.Int(l.From)
	e.Int(l.To)
}

func (l *LegTerms) read(d *wire.Decoder) {
	l.Partner = d.String()
	copy(l.Agreement[:], d.Raw(16))
	copy(l.Hash[:], d.Raw(32))
	l.LockedAt, l.From, l.To = d.Int(), d.Int(), d.Int()
}

func (c *ConvertIn) append(e *wire.Encoder) { appendConversion(e, c.Account, &c.Leg, c.Reference) }

func (c *ConvertIn) read(d *wire.Decoder) { c.Account, c.Reference = readConversion(d, &c.Leg) }

func (c *ConvertOut) append(e *wire.Encoder) { appendConversion(e, c.Account, &c.Leg, c.Reference) }

func (c *ConvertOut) read(d *wire.Decoder) { c.Account, c.Reference = readConversion(d, &c.Leg) }

func appendConversion(e *wire.Encoder, a Account, leg *LegTerms, reference string) {
	e.Raw(a[:])
	leg.append(e)
	e.String(reference)
}

func readConversion(d *wire.Decoder, leg *LegTerms) (a Account, reference string) {
	copy(a[:], d.Raw(16))
	leg.read(d)
	return a, d.String()
}

func (c *CrossConvert) append(e *wire.Encoder) {
	appendConversion(e, c.Account, &c.Source, c.Reference)
	c.Destination.append(e)
}

func (c *CrossConvert) read(d *wire.Decoder) {
	c.Account, c.Reference = readConversion(d, &c.Source)
	c.Destination.read(d)
}

func (c *Reverse) append(e *wire.Encoder) {
	e.Raw(c.Original[:])
	e.Raw(c.Account[:])
	e.Int(c.Amount)
	e.String(c.Reference)
	e.String(c.Reason)
}

func (c *Reverse) read(d *wire.Decoder) {
	copy(c.Original[:], d.Raw(16))
	copy(c.Account[:], d.Raw(16))
	c.Amount, c.Reference, c.Reason = d.Int(), d.String(), d.String()
}

func (c *Freeze) append(e *wire.Encoder) {
	e.Raw(c.Account[:])
	e.Bool(c.Frozen)
	e.String(c.Reason)
}

func (c *Freeze) read(d *wire.Decoder) {
	copy(c.Account[:], d.Raw(16))
	c.Frozen, c.Reason = d.Bool(), d.String()
}

func (c *CloseWindow) append(e *wire.Encoder) {
	e.Int(int64(c.Window))
	e.Int(int64(c.Next))
}

func (c *CloseWindow) read(d *wire.Decoder) { c.Window, c.Next = Date(d.Int32()), Date(d.Int32()) }

func (*Checkpoint) append(*wire.Encoder) {}
func (*Checkpoint) read(*wire.Decoder)   {}
