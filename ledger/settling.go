package ledger

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// AdvanceSettlement takes a partner's settlement of a closed window one step
// further; see [SettlementStep]. Windows are netted in their order. By the
// utility; Signed by each company, the utility's person being another than the
// one who proposed; Disputed by the partner.
type AdvanceSettlement struct {
	Partner string
	Window  Date
	Step    SettlementStep
	Figures *SettlementFigures // with Netted only
	Breaks  *SettlementBreaks  // with Reconciled only
	Digest  Hash               // with Proposed and Signed: [Settlement.Digest] as the caller computed it
	// Text is, with Paid, the reference of the payment, with Settled the bank's,
	// if anything was paid, and with Disputed the reason. No personal data.
	Text string
}

// ProposeAdjustment asks for a correction of what a partner owes. By either
// company; the command's ID becomes the adjustment's.
type ProposeAdjustment struct {
	Partner   string
	Value     int64 // millionths of a yuan, not zero; positive when the partner owes more
	Window    Date  // the one with the break, not after the open one
	Reference string
	Reason    string
}

// AcceptAdjustment books a proposed correction in the open window. By the
// company that did not propose it.
type AcceptAdjustment struct {
	Adjustment ID
	Partner    string // as proposed, so that the command says what it does
	Value      int64  // as proposed
}

// RejectAdjustment withdraws or refuses a proposed correction. By either
// company.
type RejectAdjustment struct {
	Adjustment ID
	Partner    string // as proposed
	Reason     string
}

func (*AdvanceSettlement) Kind() Kind { return KindAdvanceSettlement }
func (*ProposeAdjustment) Kind() Kind { return KindProposeAdjustment }
func (*AcceptAdjustment) Kind() Kind  { return KindAcceptAdjustment }
func (*RejectAdjustment) Kind() Kind  { return KindRejectAdjustment }

func (c *AdvanceSettlement) Validate() error {
	if _, ok := settlementSteps[c.Step]; !ok {
		return fmt.Errorf("step %d is not one of a settlement", c.Step)
	}
	if !ValidPartner(c.Partner) {
		return fmt.Errorf("partner %q is not a partner code", c.Partner)
	}
	if (c.Figures != nil) != (c.Step == SettlementNetted) {
		return errors.New("figures belong to the step netted, and to no other")
	}
	if (c.Breaks != nil) != (c.Step == SettlementReconciled) {
		return errors.New("breaks belong to the step reconciled, and to no other")
	}
	if signing := c.Step == SettlementProposed || c.Step == SettlementSigned; signing == c.Digest.IsZero() {
		return errors.New("a digest belongs to the steps proposed and signed, and to no other")
	}
	return errors.Join(c.validateText(), c.Figures.validate(), c.Breaks.validate(), checkWindow("window", c.Window))
}

func (c *AdvanceSettlement) validateText() error {
	switch c.Step {
	case SettlementDisputed:
		if c.Text == "" {
			return errors.New("a dispute needs a reason")
		}
		return checkText("reason", c.Text, ReasonMax)
	case SettlementPaid:
		if c.Text == "" {
			return errors.New("a payment needs its reference")
		}
		return checkText("reference", c.Text, ReferenceMax)
	case SettlementSettled:
		return checkText("reference", c.Text, ReferenceMax)
	}
	if c.Text != "" {
		return fmt.Errorf("the step %s has neither reference nor reason", c.Step)
	}
	return nil
}

func (f *SettlementFigures) validate() error {
	switch {
	case f == nil:
		return nil
	case f.Lines < 0:
		return fmt.Errorf("lines are %d, at least 0", f.Lines)
	case !f.Balanced():
		return fmt.Errorf("net %d and brought %d millionths are not what is paid, %d fen, received, %d fen, and carried, %d millionths",
			f.Net, f.Brought, f.Pay, f.Receive, f.Carried)
	}
	return nil
}

func (b *SettlementBreaks) validate() error {
	if b != nil && (b.Open < 0 || b.Open > b.Found) {
		return fmt.Errorf("%d breaks were found and %d are open", b.Found, b.Open)
	}
	return nil
}

func (c *ProposeAdjustment) Validate() error {
	if c.Reference == "" || c.Reason == "" {
		return errors.New("an adjustment needs the reference of the break and a reason")
	}
	return errors.Join(checkAdjustment(c.Partner, c.Value), checkWindow("window", c.Window),
		checkText("reference", c.Reference, ReferenceMax), checkText("reason", c.Reason, ReasonMax))
}

func (c *AcceptAdjustment) Validate() error {
	return errors.Join(checkID("adjustment", c.Adjustment), checkAdjustment(c.Partner, c.Value))
}

func (c *RejectAdjustment) Validate() error {
	if !ValidPartner(c.Partner) {
		return fmt.Errorf("partner %q is not a partner code", c.Partner)
	}
	return errors.Join(checkID("adjustment", c.Adjustment), checkText("reason", c.Reason, ReasonMax))
}

func checkAdjustment(partner string, value int64) error {
	if !ValidPartner(partner) {
		return fmt.Errorf("partner %q is not a partner code", partner)
	}
	if value == 0 || value > ValueMax || value < -ValueMax {
		return fmt.Errorf("value is %d, must be up to %d either way and not 0", value, ValueMax)
	}
	return nil
}

func (c *AdvanceSettlement) append(e *wire.Encoder) {
	e.String(c.Partner)
	e.Int(int64(c.Window))
	e.Byte(byte(c.Step))
	e.Bool(c.Figures != nil)
	if c.Figures != nil {
		c.Figures.Append(e)
	}
	e.Bool(c.Breaks != nil)
	if c.Breaks != nil {
		c.Breaks.Append(e)
	}
	e.Raw(c.Digest[:])
	e.String(c.Text)
}

func (c *AdvanceSettlement) read(d *wire.Decoder) {
	c.Partner, c.Window, c.Step = d.String(), Date(d.Int32()), SettlementStep(d.Byte())
	if d.Bool() {
		c.Figures = &SettlementFigures{}
		c.Figures.Read(d)
	}
	if d.Bool() {
		c.Breaks = &SettlementBreaks{}
		c.Breaks.Read(d)
	}
	copy(c.Digest[:], d.Raw(len(c.Digest)))
	c.Text = d.String()
}

func (c *ProposeAdjustment) append(e *wire.Encoder) {
	e.String(c.Partner)
	e.Int(c.Value)
	e.Int(int64(c.Window))
	e.String(c.Reference)
	e.String(c.Reason)
}

func (c *ProposeAdjustment) read(d *wire.Decoder) {
	c.Partner, c.Value, c.Window = d.String(), d.Int(), Date(d.Int32())
	c.Reference, c.Reason = d.String(), d.String()
}

func (c *AcceptAdjustment) append(e *wire.Encoder) {
	e.Raw(c.Adjustment[:])
	e.String(c.Partner)
	e.Int(c.Value)
}

func (c *AcceptAdjustment) read(d *wire.Decoder) {
	copy(c.Adjustment[:], d.Raw(len(c.Adjustment)))
	c.Partner, c.Value = d.String(), d.Int()
}

func (c *RejectAdjustment) append(e *wire.Encoder) {
	e.Raw(c.Adjustment[:])
	e.String(c.Partner)
	e.String(c.Reason)
}

func (c *RejectAdjustment) read(d *wire.Decoder) {
	copy(c.Adjustment[:], d.Raw(len(c.Adjustment)))
	c.Partner, c.Reason = d.String(), d.String()
}
