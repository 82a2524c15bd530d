package support

import (
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Rules say which conversions are held for review. A rule that is zero is off.
type Rules struct {
	// Velocity holds a member's conversion when there were as many in the time before.
	Velocity struct {
		Count  int // 1 to 200
		Within time.Duration
	}
	// Links holds the conversion of a member who linked as many memberships in the time
	// before.
	Links struct {
		Count  int
		Within time.Duration
	}
	// Shared holds the conversion of a member with a membership that so many different
	// members have been linked with, now or before.
	Shared int
	// Ring holds a conversion to a partner from which points came within that time,
	// whatever was between.
	Ring time.Duration
	// Young holds a conversion of at least so many electricity points by somebody whose
	// first link is younger than that.
	Young struct {
		Points int64
		Age    time.Duration
	}
}

// The rules' names, as a held conversion has them.
const (
	RuleVelocity = "review_velocity"
	RuleLinks    = "review_many_links"
	RuleShared   = "review_shared_membership"
	RuleRing     = "review_ring"
	RuleYoung    = "review_large_in_new_account"
)

// RuleNames lists all rules.
func RuleNames() []string { return []string{RuleVelocity, RuleLinks, RuleShared, RuleRing, RuleYoung} }

// seenEach bounds what is remembered of one account.
const seenEach = 256

// Any reports whether a rule is on.
func (r *Rules) Any() bool { return *r != Rules{} }

// Validate says what is out of range and what would be right.
func (r *Rules) Validate() error {
	for _, x := range []struct {
		name   string
		count  int64
		within time.Duration
	}{{"velocity", int64(r.Velocity.Count), r.Velocity.Within}, {"links", int64(r.Links.Count), r.Links.Within}, {"young", r.Young.Points, r.Young.Age}} {
		if x.count < 0 || x.within < 0 || (x.count == 0) != (x.within == 0) {
			return fmt.Errorf("support: rule %s needs a number and a time, both positive, or neither", x.name)
		}
	}
	switch {
	case r.Velocity.Count >= seenEach-1:
		return fmt.Errorf("support: rule velocity counts up to %d conversions", seenEach-2)
	case r.Shared < 0 || r.Shared == 1:
		return fmt.Errorf("support: rule shared needs 2 members or more, or 0")
	case r.Ring < 0 || r.Young.Points > ledger.AmountMax:
		return fmt.Errorf("support: rule ring needs a time, and young at most %d points", ledger.AmountMax)
	}
	return nil
}

// window is for how long conversions are remembered.
func (r *Rules) window() time.Duration { return max(r.Velocity.Within, r.Ring) }

// facts reports whether a rule asks for links.
func (r *Rules) facts() bool { return r.Links.Count > 0 || r.Shared > 0 || r.Young.Points > 0 }
