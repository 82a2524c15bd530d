package rewards

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Bounds of a rule.
const (
	stepsMax     = 16
	targetsMax   = 32
	nameMax      = 80
	fixedMax     = 1_000_000_000
	lotMonthsMax = 120
	// rulesMax bounds the rules that are kept, so that they fit in memory.
	rulesMax = 2000
)

// RuleState says how far a rule has come.
type RuleState string

// The states of a rule.
const (
	Proposed RuleState = "proposed"
	Approved RuleState = "approved"
	Rejected RuleState = "rejected"
)

// Step is what each yuan of a single payment earns from an amount on. The step
// with the largest From that the amount reaches counts for all of it.
type Step struct {
	From    int64 `json:"from,string"` // fen
	PerYuan Ratio `json:"per_yuan"`
}

// Terms are what a rule says.
type Terms struct {
	// Code names a series of rules, of which the highest approved version that is in
	// force counts.
	Code string `json:"code"`
	Name string `json:"name"` // for people
	Kind Kind   `json:"kind"` // of the events that it is about
	// From and Until bound when events must have occurred, in milliseconds since
	// 1970: from From to before Until, or without end when that is 0. A campaign is
	// a rule with an end.
	From  int64 `json:"effective_from"`
	Until int64 `json:"effective_until,omitempty"`
	// Fixed is what an event earns whatever its amount; Steps add to it.
	Fixed int64  `json:"fixed,string"`
	Steps []Step `json:"steps,omitempty"` // ascending
	// Channels are factors; a channel that is not named has 1.
	Channels map[Channel]Ratio `json:"channels,omitempty"`
	// DayCap bounds what a member earns by rules of this code with events of one
	// business day; 0 is no bound.
	DayCap    int64    `json:"day_cap,string"`
	Segments  []string `json:"segments,omitempty"` // empty for all
	Tiers     []string `json:"tiers,omitempty"`    // empty for all
	LotMonths int      `json:"lot_months"`         // how many months after the window's the points expire
}

// Rule is one version of a series.
type Rule struct {
	Terms
	Version    int64
	State      RuleState
	Maker      string // who proposed it
	ProposedAt int64  // milliseconds since 1970
	Checker    string // who decided
	DecidedAt  int64
	Reason     string // of a rejection
}

// ID names a rule with its version, for example "prepayment.3".
func (r *Rule) ID() string { return ruleID(r.Code, r.Version) }

func ruleID(code string, version int64) string { return code + "." + strconv.FormatInt(version, 10) }

// ParseRuleID reads what [Rule.ID] returns, or returns [ErrNotFound].
func ParseRuleID(id string) (code string, version int64, err error) {
	code, number, _ := strings.Cut(id, ".")
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil || ruleID(code, version) != id || !codeForm.MatchString(code) || version < 1 {
		return "", 0, ErrNotFound
	}
	return code, version, nil
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)

// Validate reports what is wrong with the terms for a ladder of tiers and the
// channels there are, as a [*Refusal].
func (t *Terms) Validate(ladder Ladder, channels []Channel) error {
	wrong := func(field, format string, args ...any) error { return refuse(CodeRuleInvalid, field, format, args...) }
	switch {
	case !codeForm.MatchString(t.Code):
		return wrong("code", "the code must be 2 to 32 of a-z, 0-9 and -, beginning with a letter")
	case t.Name == "" || len(t.Name) > nameMax:
		return wrong("name", "the name must have 1 to %d bytes", nameMax)
	case !slices.Contains(Kinds(), t.Kind):
		return wrong("kind", "the kind is none of %v", Kinds())
	case t.From < 0 || t.Until < 0 || t.Until != 0 && t.Until <= t.From:
		return wrong("effective_until", "the end must be after the beginning")
	case t.Fixed < 0 || t.Fixed > fixedMax:
		return wrong("fixed", "the fixed points must be 0 to %d", fixedMax)
	case t.Fixed == 0 && len(t.Steps) == 0:
		return wrong("steps", "a rule gives fixed points or has steps")
	case t.DayCap < 0 || t.DayCap > ledger.AmountMax:
		return wrong("day_cap", "the cap must be 0 to %d", ledger.AmountMax)
	case t.LotMonths < 1 || t.LotMonths > lotMonthsMax:
		return wrong("lot_months", "points must be valid for 1 to %d months", lotMonthsMax)
	}
	return cmp.Or(t.checkSteps(), t.checkChannels(channels), t.checkTargets(ladder))
}

func (t *Terms) checkSteps() error {
	if len(t.Steps) > stepsMax {
		return refuse(CodeRuleInvalid, "steps", "%d steps, at most %d", len(t.Steps), stepsMax)
	}
	for i, s := range t.Steps {
		field := fmt.Sprintf("steps/%d", i)
		switch {
		case s.From < 0 || s.From > amountMax:
			return refuse(CodeRuleInvalid, field+"/from", "the amount must be 0 to %d fen", int64(amountMax))
		case i > 0 && s.From <= t.Steps[i-1].From:
			return refuse(CodeRuleInvalid, field+"/from", "steps must ascend")
		case s.PerYuan < 0 || s.PerYuan > perYuanMax:
			return refuse(CodeRuleInvalid, field+"/per_yuan", "points per yuan must be 0 to %s", perYuanMax)
		case i > 0 && s.PerYuan < t.Steps[i-1].PerYuan:
			return refuse(CodeRuleInvalid, field+"/per_yuan", "a larger payment must not earn less per yuan")
		}
	}
	return nil
}

func (t *Terms) checkChannels(channels []Channel) error {
	for _, c := range channels {
		if f, ok := t.Channels[c]; ok && (f < 0 || f > factorMax) {
			return refuse(CodeRuleInvalid, "channels/"+string(c), "the factor must be 0 to %s", factorMax)
		}
	}
	for c := range t.Channels {
		if !slices.Contains(channels, c) {
			return refuse(CodeRuleInvalid, "channels", "a channel is none of %v", channels)
		}
	}
	return nil
}

func (t *Terms) checkTargets(ladder Ladder) error {
	if len(t.Segments) > targetsMax || len(t.Tiers) > targetsMax {
		return refuse(CodeRuleInvalid, "segments", "at most %d segments and tiers", targetsMax)
	}
	for i, s := range t.Segments {
		if !wordForm.MatchString(s) {
			return refuse(CodeRuleInvalid, fmt.Sprintf("segments/%d", i), "a segment must be 1 to 32 of a-z, 0-9, _ and -")
		}
	}
	for i, tier := range t.Tiers {
		if ladder.index(tier) < 0 {
			return refuse(CodeRuleInvalid, fmt.Sprintf("tiers/%d", i), "there is no such tier")
		}
	}
	return nil
}

// covers reports whether a rule is about an event of a member of a tier.
func (t *Terms) covers(e *Event, tier string) bool {
	return t.Kind == e.Kind && t.From <= e.OccurredAt && (t.Until == 0 || e.OccurredAt < t.Until) &&
		(len(t.Segments) == 0 || slices.Contains(t.Segments, e.Segment)) &&
		(len(t.Tiers) == 0 || slices.Contains(t.Tiers, tier))
}
