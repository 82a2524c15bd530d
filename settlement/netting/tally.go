package netting

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrTransfer is wrapped by the errors of [Tally.Add] for a transfer that the
// contract must not have written: of a window, partner or agreement that is not
// there, or with a value that is not the agreed price. It must never happen.
var ErrTransfer = errors.New("netting: a transfer contradicts its agreement")

// ErrOverflow is returned when a sum does not fit an int64.
var ErrOverflow = errors.New("netting: a sum does not fit")

// Sums are what one partner did in a window.
type Sums struct {
	ledger.Position
}

// Value is what the partner owes for the window, in millionths of a yuan,
// negative when it is owed.
func (s *Sums) Value() (int64, bool) {
	return sum(s.In.Value, -s.ReversedIn.Value, -s.Out.Value, s.ReversedOut.Value, s.Adjusted.Value)
}

// Crossing are the conversions from one partner's programme into another's, less
// what was reversed, in millionths of a yuan.
type Crossing struct {
	Source, Destination string // partners
	// In is what the source partner owes for them, Out what the destination
	// partner is owed. The utility has the difference.
	In, Out int64
}

// Tally adds up the transfers of one window. Make one with [NewTally]. It is not
// for use by several goroutines; give each its own and [Tally.Merge] them.
type Tally struct {
	window  ledger.Date
	sums    map[string]*Sums
	deals   map[ledger.ID]*deal
	crosses map[[2]string]*Crossing
}

// deal is an agreement as transfers are checked against it.
type deal struct {
	terms *ledger.Terms
	hash  ledger.Hash
	sums  *Sums
}

// NewTally returns an empty tally for a window of these partners and agreements.
func NewTally(window ledger.Date, partners []ledger.Partner, agreements []ledger.Agreement) *Tally {
	t := &Tally{window: window, sums: map[string]*Sums{}, deals: map[ledger.ID]*deal{}, crosses: map[[2]string]*Crossing{}}
	for _, p := range partners {
		t.sums[p.Code] = &Sums{Position: ledger.Position{Partner: p.Code, Window: window}}
	}
	for i := range agreements {
		a := &agreements[i]
		if s := t.sums[a.Terms.Partner]; s != nil && a.Status == ledger.AgreementAccepted {
			t.deals[a.ID] = &deal{terms: &a.Terms, hash: a.Hash, sums: s}
		}
	}
	return t
}

// Add counts a transfer. Kinds that settle nothing are passed over; a hold's leg
// counts when it is posted, an adjustment when it is accepted. After an error, which wraps [ErrTransfer] or
// [ErrOverflow], the tally is of no use any more.
func (t *Tally) Add(tr *ledger.Transfer) error {
	adjusts := tr.Kind == ledger.KindAcceptAdjustment
	if tr.Kind == ledger.KindHold || tr.Kind == ledger.KindVoid || tr.Source == nil && tr.Destination == nil && !adjusts {
		return nil
	}
	if tr.Window != t.window {
		return fmt.Errorf("%w: transfer %s is of window %s, not %s", ErrTransfer, tr.ID, tr.Window, t.window)
	}
	if adjusts {
		return t.adjust(tr)
	}
	reversal := tr.Kind == ledger.KindReverse
	if tr.Source != nil {
		if err := t.addLeg(tr.Source, ledger.In, reversal); err != nil {
			return fmt.Errorf("transfer %s: %w", tr.ID, err)
		}
	}
	if tr.Destination != nil {
		if err := t.addLeg(tr.Destination, ledger.Out, reversal); err != nil {
			return fmt.Errorf("transfer %s: %w", tr.ID, err)
		}
	}
	if tr.Source != nil && tr.Destination != nil {
		return t.addCrossing(tr, reversal)
	}
	return nil
}

func (t *Tally) addLeg(l *ledger.Leg, d ledger.Direction, reversal bool) error {
	deal, err := t.deal(l, d)
	if err != nil {
		return err
	}
	flow := deal.sums.Flow(d, reversal)
	return addFlow(flow, &ledger.Flow{Count: 1, From: l.From, To: l.To, EPT: l.EPT, Fee: l.Fee, Value: l.Value})
}

func addFlow(f, more *ledger.Flow) error {
	for _, s := range [...]struct {
		sum *int64
		v   int64
	}{{&f.Count, more.Count}, {&f.From, more.From}, {&f.To, more.To}, {&f.EPT, more.EPT}, {&f.Fee, more.Fee}, {&f.Value, more.Value}} {
		var ok bool
		if *s.sum, ok = ledger.Add(*s.sum, s.v); !ok {
			return ErrOverflow
		}
	}
	return nil
}

func (t *Tally) addCrossing(tr *ledger.Transfer, reversal bool) error {
	in, out := tr.Source.Value, tr.Destination.Value
	if reversal {
		in, out = -in, -out
	}
	return t.cross(tr.Source.Partner, tr.Destination.Partner, in, out)
}

func (t *Tally) cross(source, destination string, in, out int64) error {
	c := t.crosses[[2]string{source, destination}]
	if c == nil {
		c = &Crossing{Source: source, Destination: destination}
		t.crosses[[2]string{source, destination}] = c
	}
	return errors.Join(add(&c.In, in), add(&c.Out, out))
}

// adjust counts a correction that both companies agreed to.
func (t *Tally) adjust(tr *ledger.Transfer) error {
	s := t.sums[tr.To]
	if s == nil {
		return fmt.Errorf("%w: adjustment %s is of partner %q, which is not registered", ErrTransfer, tr.ID, tr.To)
	}
	s.Adjusted.Count++
	return add(&s.Adjusted.Value, tr.Amount)
}

// Merge adds what another tally of the same window counted.
func (t *Tally) Merge(o *Tally) error {
	if t.window != o.window {
		return fmt.Errorf("netting: tallies are of windows %s and %s", t.window, o.window)
	}
	for code, from := range o.sums {
		to := t.sums[code]
		if to == nil {
			to = &Sums{Position: ledger.Position{Partner: code, Window: t.window}}
			t.sums[code] = to
		}
		if err := to.merge(from); err != nil {
			return err
		}
	}
	for _, c := range o.crosses {
		if err := t.cross(c.Source, c.Destination, c.In, c.Out); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sums) merge(o *Sums) error {
	return errors.Join(addFlow(&s.In, &o.In), addFlow(&s.Out, &o.Out),
		addFlow(&s.ReversedIn, &o.ReversedIn), addFlow(&s.ReversedOut, &o.ReversedOut),
		add(&s.Adjusted.Count, o.Adjusted.Count), add(&s.Adjusted.Value, o.Adjusted.Value))
}

// Sums returns what each partner did, by partner; one that did nothing is there
// with zeros.
func (t *Tally) Sums() []Sums {
	all := make([]Sums, 0, len(t.sums))
	for _, code := range slices.Sorted(maps.Keys(t.sums)) {
		all = append(all, *t.sums[code])
	}
	return all
}

// Position returns what the transfers of a partner add up to.
func (t *Tally) Position(partner string) ledger.Position {
	if s := t.sums[partner]; s != nil {
		return s.Position
	}
	return ledger.Position{Partner: partner, Window: t.window}
}

// Crossings returns the conversions between partners, by source and destination.
func (t *Tally) Crossings() []Crossing {
	all := make([]Crossing, 0, len(t.crosses))
	for _, c := range t.crosses {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Crossing) int {
		return slices.Compare([]string{a.Source, a.Destination}, []string{b.Source, b.Destination})
	})
	return all
}
