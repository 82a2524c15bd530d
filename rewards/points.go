package rewards

import (
	"github.com/pointgrid/pointgrid/ledger"
)

// Why an event earned nothing.
const (
	NothingNoRule   = "no_rule"   // none in force is about it
	NothingDayCap   = "day_cap"   // the member had reached it
	NothingRounding = "rounding"  // less than one point
	NothingToGive   = "no_points" // the rule gives nothing for it
)

// Explanation says how points came about. Points = Exact, rounded down, less Cut.
type Explanation struct {
	Rule    string `json:"rule,omitempty"` // code
	Version int64  `json:"version,omitempty"`
	Step    int    `json:"step,omitempty"` // number of the step, from 1
	PerYuan Ratio  `json:"per_yuan,omitempty"`
	Fixed   int64  `json:"fixed,omitempty"`
	Factor  Ratio  `json:"factor,omitempty"` // of the channel
	// Whole is what the rule gives, rounded down to whole points, and Lost the rest
	// that is given to nobody, in ten-thousand-millionths of a point.
	Whole int64 `json:"whole,omitempty"`
	Lost  int64 `json:"lost,omitempty"`
	// Cap is the rule's for the day, Before what the member had earned of it, Cut
	// what it took away from Whole.
	Cap    int64 `json:"cap,omitempty"`
	Before int64 `json:"before,omitempty"`
	Cut    int64 `json:"cut,omitempty"`

	Points  int64  `json:"points"`
	Nothing string `json:"nothing,omitempty"` // why there are none

	rule *Rule // nil when there is none
}

// lostPlaces are the decimal places of [Explanation.Lost].
const lostPlaces = 10

// LostText is what rounding lost as a decimal number of points, such as "0.5".
func (x *Explanation) LostText() string { return decimal(x.Lost, lostPlaces) }

// RuleID names the rule with its version; empty when there was none.
func (x *Explanation) RuleID() string {
	if x.Rule == "" {
		return ""
	}
	return ruleID(x.Rule, x.Version)
}

// Points returns what an event of a member of a tier earns: by that one of the
// rules in force when it occurred that gives the most, and of equals the one whose
// code comes first. earned is what the member has earned by rules of a code with
// other events of the same business day.
func (b *Book) Points(e *Event, tier string, earned func(code string) int64) Explanation {
	best := Explanation{Nothing: NothingNoRule}
	b.inForce(e.OccurredAt, func(r *Rule) {
		if !r.covers(e, tier) {
			return
		}
		if x := r.points(e, earned(r.Code)); best.rule == nil || x.Points > best.Points {
			best = x
		}
	})
	return best
}

// points is what one rule gives. Everything is exact: the payment in fen times
// points per yuan in ten-thousandths, and the fixed points in the same unit,
// times the factor in ten-thousandths, divided once and rounded down. The bounds
// of events and rules keep the product within 128 bits and the rest within 64.
func (r *Rule) points(e *Event, before int64) Explanation {
	x := Explanation{Rule: r.Code, Version: r.Version, Fixed: r.Fixed, Factor: ratioUnit, Cap: r.DayCap, rule: r}
	if f, ok := r.Channels[e.Channel]; ok {
		x.Factor = f
	}
	for i, s := range r.Steps {
		if e.Amount >= s.From {
			x.Step, x.PerYuan = i+1, s.PerYuan
		}
	}
	const fen = 100
	base := e.Amount*int64(x.PerYuan) + r.Fixed*fen*int64(ratioUnit)
	x.Whole, x.Lost, _ = ledger.MulDiv(base, int64(x.Factor), fen*int64(ratioUnit)*int64(ratioUnit))
	x.Points = min(x.Whole, ledger.AmountMax)
	if r.DayCap > 0 {
		x.Before = before
		x.Points = min(x.Points, max(r.DayCap-before, 0))
	}
	x.Cut = x.Whole - x.Points
	x.Nothing = x.why()
	return x
}

func (x *Explanation) why() string {
	switch {
	case x.Points > 0:
		return ""
	case x.Cut > 0:
		return NothingDayCap
	case x.Lost > 0:
		return NothingRounding
	}
	return NothingToGive
}

// StoredExplanation is an explanation as a store gives it back: with what is said
// and without what it was worked out with.
func StoredExplanation(x *Explanation) Explanation {
	own := *x
	own.rule = nil
	return own
}
