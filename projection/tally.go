package projection

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/pointgrid/pointgrid/ledger"
)

// tally adds up what rows say of positions and house accounts.
type tally struct {
	positions map[positionKey]*ledger.Position
	windows   map[ledger.Date]bool
	issued    int64
	expired   int64
	house     map[string]int64 // what was posted to it, and debts
	residues  map[ledger.ID]*big.Int
	// legs are the sums of both directions by agreement; a reversal counts against.
	legs map[ledger.ID]*legSums
}

type positionKey struct {
	partner string
	window  ledger.Date
}

type legSums struct{ from, to, ept, fee int64 }

func newTally() tally {
	return tally{positions: map[positionKey]*ledger.Position{}, windows: map[ledger.Date]bool{},
		house: map[string]int64{}, residues: map[ledger.ID]*big.Int{}, legs: map[ledger.ID]*legSums{}}
}

// add adds a row's transfer.
func (y *tally) add(t *ledger.Transfer) error {
	y.windows[t.Window] = true
	switch t.Kind {
	case ledger.KindIssue:
		return errors.Join(plus(&y.issued, -t.Amount), y.owe(t.Debt()))
	case ledger.KindTakeBack:
		return errors.Join(plus(&y.issued, t.Amount), y.owe(t.Debt()))
	case ledger.KindExpire:
		return plus(&y.expired, t.Amount)
	case ledger.KindPost:
		if t.Destination == nil {
			return y.post(t.To, t.Amount)
		}
	case ledger.KindAcceptAdjustment:
		p := y.position(t.To, t.Window)
		return plusAll([]*int64{&p.Adjusted.Count, &p.Adjusted.Value}, 1, t.Amount)
	case ledger.KindReverse:
		if t.To != "" { // of a post to a house account
			sum := y.house[t.To]
			err := plus(&sum, -t.Amount)
			y.house[t.To] = sum
			return err
		}
	case ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert:
	default:
		return nil
	}
	reversed := t.Kind == ledger.KindReverse
	if err := y.leg(t, t.Source, ledger.In, reversed); err != nil {
		return err
	}
	return y.leg(t, t.Destination, ledger.Out, reversed)
}

// owe counts what members owe, for issues that were taken back.
func (y *tally) owe(debt int64) error {
	if debt == 0 {
		return nil
	}
	return y.post("debts", -debt)
}

// post adds to a house account.
func (y *tally) post(name string, amount int64) error {
	sum := y.house[name]
	err := plus(&sum, amount)
	y.house[name] = sum
	return err
}

func (y *tally) leg(t *ledger.Transfer, l *ledger.Leg, dir ledger.Direction, reversed bool) error {
	if l == nil {
		return nil
	}
	f := y.position(l.Partner, t.Window).Flow(dir, reversed)
	if err := plusAll([]*int64{&f.Count, &f.From, &f.To, &f.EPT, &f.Fee, &f.Value}, 1, l.From, l.To, l.EPT, l.Fee, l.Value); err != nil {
		return err
	}
	r, s := y.residues[l.Agreement], y.legs[l.Agreement]
	if s == nil {
		r, s = new(big.Int), &legSums{}
		y.residues[l.Agreement], y.legs[l.Agreement] = r, s
	}
	r.Add(r, big.NewInt(l.Residue))
	sign := int64(1)
	if reversed {
		sign = -1
	}
	return plusAll([]*int64{&s.from, &s.to, &s.ept, &s.fee}, sign*l.From, sign*l.To, sign*l.EPT, sign*l.Fee)
}

// position returns a partner's position for a window, to be added to.
func (y *tally) position(partner string, window ledger.Date) *ledger.Position {
	key := positionKey{partner, window}
	if y.positions[key] == nil {
		y.positions[key] = &ledger.Position{Partner: partner, Window: window}
	}
	return y.positions[key]
}

func plusAll(to []*int64, by ...int64) error {
	for i, sum := range to {
		if err := plus(sum, by[i]); err != nil {
			return err
		}
	}
	return nil
}

func plus(sum *int64, by int64) error {
	n, ok := ledger.Add(*sum, by)
	if !ok {
		return fmt.Errorf("projection: %w: a sum over rows does not fit 64 bits", ledger.ErrDamaged)
	}
	*sum = n
	return nil
}

// pair are the house accounts of a pair of companies, in electricity points and
// in the partner's programme.
type pair struct {
	fee, clearing, residue         int64
	members, clearingTo, residueTo int64
}

// add adds what all conversions under an agreement booked. Residue became whole
// units as it came in; together they are as many as the sum holds.
func (p *pair) add(t *ledger.Terms, scale uint8, s *legSums, residue *big.Int) error {
	from, to := scale, uint8(0)
	if t.Direction == ledger.Out {
		from, to = to, from
	}
	_, denominator := t.Rate.Ratio(from, to)
	units := new(big.Int)
	units.DivMod(residue, big.NewInt(denominator), new(big.Int))
	if !units.IsInt64() {
		return fmt.Errorf("projection: %w: a residue does not fit 64 bits", ledger.ErrDamaged)
	}
	whole, fee := units.Int64(), int64(0)
	if t.FeePayer == ledger.FeeMember {
		fee = s.fee
	}
	if t.Direction == ledger.In {
		return plusAll([]*int64{&p.fee, &p.residue, &p.clearing, &p.clearing, &p.clearing, &p.members, &p.clearingTo},
			fee, whole, -s.to, -fee, -whole, -s.from, s.from)
	}
	return plusAll([]*int64{&p.fee, &p.clearing, &p.members, &p.residueTo, &p.clearingTo, &p.clearingTo},
		fee, s.ept, s.to, whole, -s.to, -whole)
}
