package recompute

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// Audit recomputes one settlement while it is given the ledger's batches in
// order. Make one with [New].
type Audit struct {
	partner    string
	window     ledger.Date
	partners   []ledger.Partner
	proposed   map[ledger.ID]ledger.Terms
	agreements []ledger.Agreement
	tally      *netting.Tally
	tree       ledger.Frontier          // over the lines of lane 0
	more       map[uint32][]ledger.Hash // leaves of the other lanes, which come after
	lines      int64
	record     wire.Encoder
	closed     bool
	brought    int64 // what the settlement before the next carried
	report     Report
}

// Report is what came out.
type Report struct {
	Position ledger.Position
	// Computed is from the window's transfers: lines, root and net, with what is
	// brought forward by the chain of settlements. Stated is what was put on the
	// ledger, nil when the window is not netted yet.
	Computed ledger.SettlementFigures
	Stated   *ledger.SettlementFigures
	// Findings say what is wrong; none is what one hopes for.
	Findings []string
}

// OK reports whether the settlement stands on the ledger as it was computed.
func (r *Report) OK() bool { return r.Stated != nil && len(r.Findings) == 0 }

// New returns an audit of a partner's settlement of a window.
func New(window ledger.Date, partner string) *Audit {
	return &Audit{partner: partner, window: window, proposed: map[ledger.ID]ledger.Terms{}, more: map[uint32][]ledger.Hash{},
		tally: netting.NewTally(window, nil, nil)}
}

// Add takes the next batch. It returns an error for what the contract cannot have
// written; the rest is in the report.
func (a *Audit) Add(b *ledger.Batch) error {
	for i := range b.Transfers {
		if err := a.add(b.Header.Lane, &b.Transfers[i]); err != nil {
			return fmt.Errorf("recompute: transfer %s: %w", b.Transfers[i].ID, err)
		}
	}
	return nil
}

func (a *Audit) add(lane uint32, t *ledger.Transfer) error {
	if t.Window == a.window {
		if err := a.tally.Add(t); err != nil {
			return err
		}
		a.line(lane, t)
	}
	if len(t.Body) == 0 {
		return nil
	}
	d := wire.NewDecoder(t.Body)
	c := ledger.ReadCommand(d)
	if err := d.Close(); err != nil {
		return err
	}
	return a.command(c)
}

// line adds what a transfer is in the partner's statement to the tree over it: its
// record, once for each leg. A statement has its lines lane by lane.
func (a *Audit) line(lane uint32, t *ledger.Transfer) {
	times := 0
	switch t.Kind {
	case ledger.KindHold, ledger.KindVoid:
	case ledger.KindAcceptAdjustment:
		if t.To == a.partner {
			times = 1
		}
	default:
		for _, l := range [...]*ledger.Leg{t.Source, t.Destination} {
			if l != nil && l.Partner == a.partner {
				times++
			}
		}
	}
	if times == 0 {
		return
	}
	a.record.Reset()
	t.Append(&a.record)
	leaf := ledger.LeafHash(a.record.Bytes())
	for range times {
		if lane == 0 {
			a.tree.Push(leaf)
		} else {
			a.more[lane] = append(a.more[lane], leaf)
		}
		a.lines++
	}
}

// root is that of the tree over all lines.
func (a *Audit) root() ledger.Hash {
	for _, lane := range slices.Sorted(maps.Keys(a.more)) {
		for _, leaf := range a.more[lane] {
			a.tree.Push(leaf)
		}
	}
	clear(a.more)
	return a.tree.Root()
}

// command follows who may settle, at what terms, and what was netted.
func (a *Audit) command(c ledger.Command) error {
	switch b := c.Body.(type) {
	case *ledger.RegisterPartner:
		a.partners = append(a.partners, ledger.Partner{Code: b.Partner, Programme: b.Programme, Scale: b.Scale, MSP: b.MSP})
		return a.refresh()
	case *ledger.ProposeAgreement:
		a.proposed[c.ID] = b.Terms
	case *ledger.AcceptAgreement:
		terms, ok := a.proposed[b.Agreement]
		if hash := terms.Hash(); !ok || hash != b.Hash {
			return fmt.Errorf("agreement %s was accepted with the hash %s, the terms proposed have %s", b.Agreement, b.Hash, hash)
		}
		a.agreements = append(a.agreements, ledger.Agreement{ID: b.Agreement, Terms: terms, Hash: b.Hash, Status: ledger.AgreementAccepted})
		return a.refresh()
	case *ledger.CloseWindow:
		a.closed = a.closed || b.Window == a.window
	case *ledger.AdvanceSettlement:
		if b.Partner == a.partner && b.Step == ledger.SettlementNetted && b.Figures != nil {
			a.netted(b.Window, b.Figures)
		}
	}
	return nil
}

// refresh lets the tally know the partners and agreements that there are now.
func (a *Audit) refresh() error {
	t := netting.NewTally(a.window, a.partners, a.agreements)
	err := t.Merge(a.tally)
	a.tally = t
	return err
}

// netted follows the chain of a partner's settlements up to the one in question.
func (a *Audit) netted(window ledger.Date, f *ledger.SettlementFigures) {
	if window > a.window {
		return
	}
	if f.Brought != a.brought {
		a.find("settlement %s brings forward %d millionths, the one before carried %d", window, f.Brought, a.brought)
	}
	if !f.Balanced() {
		a.find("settlement %s does not balance: net %d and brought %d are not pay %d, receive %d and carried %d",
			window, f.Net, f.Brought, f.Pay, f.Receive, f.Carried)
	}
	if window == a.window {
		a.report.Stated, a.report.Computed.Brought = f, a.brought
	}
	a.brought = f.Carried
}

func (a *Audit) find(format string, args ...any) {
	a.report.Findings = append(a.report.Findings, fmt.Sprintf(format, args...))
}

// Finish compares and returns the report.
func (a *Audit) Finish() Report {
	r := &a.report
	r.Position = a.tally.Position(a.partner)
	r.Computed.Lines, r.Computed.Root, r.Computed.Net = a.lines, a.root(), r.Position.Net()
	switch {
	case !a.closed:
		a.find("window %s is not closed on the ledger", a.window)
	case r.Stated == nil:
		a.find("window %s is not netted with %s on the ledger", a.window, a.partner)
	default:
		a.compare(r.Stated)
	}
	return *r
}

func (a *Audit) compare(stated *ledger.SettlementFigures) {
	c := &a.report.Computed
	c.Pay, c.Receive, c.Carried = stated.Pay, stated.Receive, stated.Carried
	if stated.Lines != c.Lines {
		a.find("the blocks have %d lines, the settlement says %d", c.Lines, stated.Lines)
	}
	if stated.Net != c.Net {
		a.find("the blocks come to a net of %d millionths, the settlement says %d", c.Net, stated.Net)
	}
	if stated.Root != c.Root {
		a.find("the lines have the root %s, the settlement says %s", c.Root, stated.Root)
	}
	if !c.Balanced() {
		a.find("what the blocks come to is not what is paid and carried")
	}
}
