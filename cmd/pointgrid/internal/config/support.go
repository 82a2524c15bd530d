package config

import (
	"time"

	"github.com/pointgrid/pointgrid/support"
)

// Support says what staff may do for members alone, and what is held for review.
type Support struct {
	GoodwillLimit int64         `yaml:"goodwill_limit" env:"GOODWILL_LIMIT" doc:"Most points of goodwill that support gives for one case without a checker; 0: each needs one."`
	GoodwillDay   int64         `yaml:"goodwill_day" env:"GOODWILL_DAY" doc:"Most points of goodwill that one person gives in a business day without a checker."`
	RemedyLimit   int64         `yaml:"remedy_limit" env:"REMEDY_LIMIT" doc:"Most that a reversal, cancellation or return of one conversion or order may be worth, in electricity points, without a checker."`
	DisputeWithin time.Duration `yaml:"dispute_within" env:"DISPUTE_WITHIN" doc:"How long after it was made a conversion or order can be disputed, 24h to 17520h."`
	DueDays       int           `yaml:"due_days" env:"DUE_DAYS" doc:"In how many business days a dispute should be answered, 1 to 60."`
	LotMonths     int           `yaml:"lot_months" env:"LOT_MONTHS" doc:"For how many months points of goodwill can be used, 1 to 120."`
	ReviewWithin  time.Duration `yaml:"review_within" env:"REVIEW_WITHIN" doc:"How long a conversion may be held for review before it is refused, 1m to 168h, and a day less than each partner's statement.tolerance.keep_days."`
	Rules         ReviewRules   `yaml:"rules" envPrefix:"RULES_"`
}

// ReviewRules say which conversions are held for review before anything moves. All are
// off when they are 0, and cost nothing then.
type ReviewRules struct {
	VelocityCount  int           `yaml:"velocity_count" env:"VELOCITY_COUNT" doc:"Held: a conversion of a member who has made so many within velocity_within, at most 254."`
	VelocityWithin time.Duration `yaml:"velocity_within" env:"VELOCITY_WITHIN" doc:"See velocity_count."`
	LinksCount     int           `yaml:"links_count" env:"LINKS_COUNT" doc:"Held: a conversion of a member who has linked so many memberships within links_within."`
	LinksWithin    time.Duration `yaml:"links_within" env:"LINKS_WITHIN" doc:"See links_count."`
	Shared         int           `yaml:"shared" env:"SHARED" doc:"Held: a conversion of a member with a membership that so many members have been linked with, now or before; 2 or more."`
	Ring           time.Duration `yaml:"ring" env:"RING" doc:"Held: a conversion to a partner from which points of the member came within that time, whatever was between."`
	YoungPoints    int64         `yaml:"young_points" env:"YOUNG_POINTS" doc:"Held: a conversion of at least so many electricity points by a member whose first link is younger than young_age."`
	YoungAge       time.Duration `yaml:"young_age" env:"YOUNG_AGE" doc:"See young_points."`
}

// Rules are the configured ones.
func (r *ReviewRules) Rules() (rules support.Rules) {
	rules.Velocity.Count, rules.Velocity.Within = r.VelocityCount, r.VelocityWithin
	rules.Links.Count, rules.Links.Within = r.LinksCount, r.LinksWithin
	rules.Shared, rules.Ring = r.Shared, r.Ring
	rules.Young.Points, rules.Young.Age = r.YoungPoints, r.YoungAge
	return rules
}

func (c *Config) validateSupport(wrong report) {
	s := &c.Support
	for key, n := range map[string]int64{"goodwill_limit": s.GoodwillLimit, "goodwill_day": s.GoodwillDay, "remedy_limit": s.RemedyLimit} {
		if n < 0 {
			wrong("support."+key, "%d is not 0 or more", n)
		}
	}
	between(wrong, "support.dispute_within", s.DisputeWithin, 24*time.Hour, 2*365*24*time.Hour)
	between(wrong, "support.review_within", s.ReviewWithin, time.Minute, reviewMax)
	c.validateReviewed(wrong)
	if s.DueDays < 1 || s.DueDays > 60 {
		wrong("support.due_days", "%d is not 1 to 60", s.DueDays)
	}
	if s.LotMonths < 1 || s.LotMonths > 120 {
		wrong("support.lot_months", "%d is not 1 to 120", s.LotMonths)
	}
	rules := s.Rules.Rules()
	if err := rules.Validate(); err != nil {
		wrong("support.rules", "%v", err)
	}
}

// reviewMax is as long as our own records of a window have what was begun in it and
// recorded later: eight windows, of which the last is for what follows a review.
const reviewMax = 7 * 24 * time.Hour

// validateReviewed refuses reviews after which a partner that pushes would have moved
// points, by its statement, in a window whose counterpart nobody looks for any more. A
// review may begin just before a cut-off and the ledger's part come just after one, so
// that a window less than is looked for is covered.
func (c *Config) validateReviewed(wrong report) {
	const window = 24 * time.Hour
	for i := range c.Companies {
		keep := c.Companies[i].Statement.Tolerance.Reconcile().KeepDays
		if most := time.Duration(keep-1) * window; keep > 0 && c.Support.ReviewWithin > most {
			wrong("support.review_within", "%s is more than %s; partners[%d].statement.tolerance.keep_days is %d, and a conversion that is released later would find no counterpart",
				c.Support.ReviewWithin, most, i, keep)
		}
	}
}
