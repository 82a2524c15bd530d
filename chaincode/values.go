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
	more      uint32 // lanes besides lane 0
}

func (a *alliance) encode(e *wire.Encoder) {
	e.String(a.programme)
	e.String(a.msp)
	e.Int(int64(a.window))
	if a.more != 0 { // with one lane an alliance is what it was before there were more
		e.Uint(uint64(a.more))
	}
}

func (a *alliance) decode(d *wire.Decoder) {
	a.programme, a.msp, a.window = d.String(), d.String(), ledger.Date(d.Int32())
	if d.Len() == 0 {
		return
	}
	if a.more = d.Uint32(); a.more == 0 || a.more >= ledger.LanesMax {
		d.Fail("too few or too many lanes")
	}
}

// lanes is the number of lanes, at least 1.
func (a *alliance) lanes() uint32 { return a.more + 1 }

// partner is a company of the alliance. It does not change.
type partner struct {
	plain
	programme string
	scale     uint8
	msp       string
}

func (p *partner) encode(e *wire.Encoder) {
	e.String(p.programme)
	e.Byte(p.scale)
	e.String(p.msp)
}

func (p *partner) decode(d *wire.Decoder) {
	p.programme, p.scale, p.msp = d.String(), d.Byte(), d.String()
}

// standing is what the utility decides about a partner by itself, even while the
// partner is away.
type standing struct {
	plain
	suspended bool
}

func (s *standing) encode(e *wire.Encoder) { e.Bool(s.suspended) }
func (s *standing) decode(d *wire.Decoder) { s.suspended = d.Bool() }

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

// fault keeps rates that cannot be computed with from reaching the arithmetic,
// and terms that are not those that were agreed.
func (a *agreement) fault() string {
	if err := a.Terms.Validate(); err != nil {
		return err.Error()
	}
	if a.Hash != a.Terms.Hash() {
		return "terms that do not have their hash"
	}
	return ""
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

// reversal is how much of a conversion was reversed so far, or all of an issue
// that was taken back.
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
