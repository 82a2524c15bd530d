package ledger

import (
	"github.com/pointgrid/pointgrid/ledger/wire"
)

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

func (c *TakeBack) append(e *wire.Encoder) {
	e.Raw(c.Original[:])
	e.Raw(c.Account[:])
	e.String(c.Reason)
}

func (c *TakeBack) read(d *wire.Decoder) {
	copy(c.Original[:], d.Raw(16))
	copy(c.Account[:], d.Raw(16))
	c.Reason = d.String()
}

func (c *TakeBackPart) append(e *wire.Encoder) {
	e.Raw(c.Original[:])
	e.Raw(c.Account[:])
	e.Int(c.Amount)
	e.String(c.Reason)
}

func (c *TakeBackPart) read(d *wire.Decoder) {
	copy(c.Original[:], d.Raw(16))
	copy(c.Account[:], d.Raw(16))
	c.Amount, c.Reason = d.Int(), d.String()
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

func (*TakeLane) append(*wire.Encoder) {}
func (*TakeLane) read(*wire.Decoder)   {}

func (c *SetLanes) append(e *wire.Encoder) { e.Uint(uint64(c.Lanes)) }
func (c *SetLanes) read(d *wire.Decoder)   { c.Lanes = d.Uint32() }
