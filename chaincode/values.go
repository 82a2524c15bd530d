package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// alliance is what Initialise set, and the open window.
type alliance struct {
	plain
	programme string // code of the electricity points
	msp       string
	window    ledger.Date
}

func (a *alliance) encode(e *wire.Encoder) {
	e.String(a.programme)
	e.String(a.msp)
	e.Int(int64(a.window))
}

func (a *alliance) decode(d *wire.Decoder) {
	a.programme, a.msp, a.window = d.String(), d.String(), ledger.Date(d.Int32())
}

// partner is a company of the alliance.
type partner struct {
	plain
	programme string
	scale     uint8
	msp       string
	suspended bool
}

func (p *partner) encode(e *wire.Encoder) {
	e.String(p.programme)
	e.Byte(p.scale)
	e.String(p.msp)
	e.Bool(p.suspended)
}

func (p *partner) decode(d *wire.Decoder) {
	p.programme, p.scale, p.msp, p.suspended = d.String(), d.Byte(), d.String(), d.Bool()
}

// programme says which partner has a programme.
type programme struct {
	plain
	partner string
}

func (p *programme) encode(e *wire.Encoder) { e.String(p.partner) }
func (p *programme) decode(d *wire.Decoder) { p.partner = d.String() }

func (p *programme) fault() string {
	if !ledger.ValidPartner(p.partner) {
		return "programme of nobody"
	}
	return ""
}

// agreement is a rate card with its history.
type agreement struct {
	plain
	ledger.Agreement
}

func (a *agreement) encode(e *wire.Encoder) {
	e.Raw(a.ID[:])
	a.Terms.Append(e)
	e.Raw(a.Hash[:])
	e.Byte(byte(a.Status))
	a.ProposedBy.Append(e)
	e.Int(a.ProposedAt)
	a.DecidedBy.Append(e)
	e.Int(a.DecidedAt)
}

func (a *agreement) decode(d *wire.Decoder) {
	copy(a.ID[:], d.Raw(len(a.ID)))
	a.Terms.Read(d)
	copy(a.Hash[:], d.Raw(len(a.Hash)))
	a.Status = ledger.AgreementStatus(d.Byte())
	a.ProposedBy, a.ProposedAt = ledger.ReadIdentity(d), d.Int()
	a.DecidedBy, a.DecidedAt = ledger.ReadIdentity(d), d.Int()
}

// fault keeps rates that cannot be computed with from reaching the arithmetic.
func (a *agreement) fault() string {
	if err := a.Terms.Validate(); err != nil {
		return err.Error()
	}
	return ""
}

// accepted lists the accepted agreements of one card, in the order of their
// acceptance, with no more than finding the one in force needs.
type accepted struct {
	plain
	list []ledger.Agreement
}

func (a *accepted) encode(e *wire.Encoder) {
	e.Uint(uint64(len(a.list)))
	for i := range a.list {
		g := &a.list[i]
		e.Raw(g.ID[:])
		e.String(g.Terms.Partner)
		e.Byte(byte(g.Terms.Direction))
		e.Uint(uint64(g.Terms.Version))
		e.Int(g.Terms.From)
		e.Int(g.Terms.Until)
		e.Int(g.DecidedAt)
	}
}

func (a *accepted) decode(d *wire.Decoder) {
	a.list = make([]ledger.Agreement, d.Count(22))
	for i := range a.list {
		g := &a.list[i]
		copy(g.ID[:], d.Raw(len(g.ID)))
		g.Status = ledger.AgreementAccepted
		g.Terms.Partner, g.Terms.Direction = d.String(), ledger.Direction(d.Byte())
		g.Terms.Version = d.Uint32()
		g.Terms.From, g.Terms.Until, g.DecidedAt = d.Int(), d.Int(), d.Int()
	}
}

// latest is the version that was accepted last, 0 for none.
func (a *accepted) latest() uint32 {
	if len(a.list) == 0 {
		return 0
	}
	return a.list[len(a.list)-1].Terms.Version
}

// window is a business day.
type window struct {
	plain
	ledger.Window
}

func (w *window) encode(e *wire.Encoder) {
	e.Int(int64(w.Date))
	e.Int(w.OpenedAt)
	e.Int(w.ClosedAt)
	e.Int(int64(w.Next))
	e.Uint(w.FirstBatch)
	e.Uint(w.LastBatch)
}

func (w *window) decode(d *wire.Decoder) {
	w.Date = ledger.Date(d.Int32())
	w.OpenedAt, w.ClosedAt, w.Next = d.Int(), d.Int(), ledger.Date(d.Int32())
	w.FirstBatch, w.LastBatch = d.Uint(), d.Uint()
}

// reversal is how much of a conversion was reversed so far.
type reversal struct {
	plain
	from int64 // in the original's source programme
}

func (r *reversal) encode(e *wire.Encoder) { e.Int(r.from) }
func (r *reversal) decode(d *wire.Decoder) { r.from = d.Int() }

func (r *reversal) fault() string {
	if r.from < 0 {
		return "reversed less than nothing"
	}
	return ""
}

// checkpoint is a checkpoint that was taken.
type checkpoint struct {
	plain
	ledger.CheckpointRecord
}

func (c *checkpoint) encode(e *wire.Encoder) { c.Append(e) }
func (c *checkpoint) decode(d *wire.Decoder) { c.CheckpointRecord = ledger.ReadCheckpointRecord(d) }
